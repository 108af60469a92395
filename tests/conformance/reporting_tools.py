"""Tools that have something to say to the client before they are done."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    ClientCapabilities,
    InputRequiredResult,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    TextContent,
)

from tests.conformance.input_required import ask

CONTEXT = Context[Any, Any]
PAUSE_SECONDS = 0.05


async def test_tool_with_logging(context: CONTEXT) -> str:
    """Log three messages on the way."""
    await context.info("Tool execution started")
    await asyncio.sleep(PAUSE_SECONDS)
    await context.info("Tool processing data")
    await asyncio.sleep(PAUSE_SECONDS)
    await context.info("Tool execution completed")
    return "Logged three messages."


async def test_logging_tool(context: CONTEXT) -> str:
    """Log a message, for whoever asked for messages."""
    await context.info("Tool execution started")
    return "Logged a message."


async def test_tool_with_progress(context: CONTEXT) -> str:
    """Report progress three times."""
    for progress in (0, 50, 100):
        await context.report_progress(progress, 100)
        await asyncio.sleep(PAUSE_SECONDS)
    return "Reported progress."


async def test_streaming_elicitation(context: CONTEXT) -> str | InputRequiredResult:
    """Report progress, and then ask the person for a name."""
    await context.report_progress(0, 1)
    return InputRequiredResult(input_requests={"user_name": ask("What is your name?", name="string")})


async def test_missing_capability(context: CONTEXT) -> str:
    """Do what only a client that samples can help with."""
    capabilities = context.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        needed = MissingRequiredClientCapabilityErrorData(
            required_capabilities=ClientCapabilities(sampling=SamplingCapability())
        )
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="The client must support sampling",
            data=needed.model_dump(mode="json", by_alias=True, exclude_none=True),
        )
    return "The client supports sampling."


async def test_sampling(prompt: str, context: CONTEXT) -> str:
    """Ask the client's model."""
    result = await context.session.create_message(
        [SamplingMessage(role="user", content=TextContent(text=prompt))],
        max_tokens=100,
        related_request_id=context.request_id,
    )
    return f"LLM response: {result.content}"


async def test_elicitation(message: str, context: CONTEXT) -> str:
    """Ask the person for a name and an address."""
    properties = {"username": {"type": "string"}, "email": {"type": "string"}}
    return await _elicit(context, message, properties)


async def test_elicitation_sep1034_defaults(context: CONTEXT) -> str:
    """Ask the person, with a suggestion for every answer."""
    properties = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return await _elicit(context, "Please check these values", properties)


async def test_elicitation_sep1330_enums(context: CONTEXT) -> str:
    """Ask the person to choose, in each way that there is."""
    plain = ["option1", "option2", "option3"]
    titled = [{"const": f"value{number}", "title": f"Option {number}"} for number in (1, 2, 3)]
    properties = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return await _elicit(context, "Please choose", properties)


async def _elicit(context: CONTEXT, message: str, properties: dict[str, Any]) -> str:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    result = await context.session.elicit_form(message, schema, related_request_id=context.request_id)
    return f"Elicitation completed: action={result.action}, content={result.content}"


TOOLS = (
    test_tool_with_logging,
    test_logging_tool,
    test_tool_with_progress,
    test_streaming_elicitation,
    test_missing_capability,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
)
NAMES = frozenset(function.__name__ for function in TOOLS)


def add_to(server: MCPServer) -> None:
    """Offer the tools."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
