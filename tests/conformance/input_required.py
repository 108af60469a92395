"""Tools and a prompt that answer with a question, and are called again with its answer (MCP 2026-07-28, MRTR)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import (
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequests,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

CONTEXT = Context[Any, Any]


def ask(message: str, **types: str) -> ElicitRequest:
    """A question to the person; `types` are the JSON types of what to fill in."""
    schema = {
        "type": "object",
        "properties": {name: {"type": json_type} for name, json_type in types.items()},
        "required": list(types),
    }
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sample(prompt: str, max_tokens: int = 100) -> CreateMessageRequest:
    """A question to the client's model."""
    message = SamplingMessage(role="user", content=TextContent(text=prompt))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=max_tokens))


async def test_input_required_result_elicitation(context: CONTEXT) -> str | InputRequiredResult:
    """Greet the person by name."""
    answer = _filled_in(context, "user_name")
    if answer is None:
        return InputRequiredResult(input_requests={"user_name": ask("What is your name?", name="string")})
    return f"Hello, {answer['name']}!"


async def test_input_required_result_sampling(context: CONTEXT) -> str | InputRequiredResult:
    """Tell what the client's model knows."""
    answer = _answer(context, "capital_question")
    if not isinstance(answer, CreateMessageResult):
        return InputRequiredResult(input_requests={"capital_question": sample("What is the capital of France?")})
    return f"The model says: {answer.content}"


async def test_input_required_result_list_roots(context: CONTEXT) -> str | InputRequiredResult:
    """Tell which directories the client works in."""
    answer = _answer(context, "client_roots")
    if not isinstance(answer, ListRootsResult):
        return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})
    return f"The roots: {', '.join(str(root.uri) for root in answer.roots)}"


async def test_input_required_result_request_state(context: CONTEXT) -> str | InputRequiredResult:
    """Ask with a state, and want it back."""
    return _confirm(context, "Please confirm", state="waiting for ok") or "state-ok"


async def test_input_required_result_tampered_state(context: CONTEXT) -> str | InputRequiredResult:
    """Ask with a state that nobody may change."""
    return _confirm(context, "Please confirm once more", state="untouched") or "The state was untouched."


async def test_input_required_result_multiple_inputs(context: CONTEXT) -> str | InputRequiredResult:
    """Ask for three things at once."""
    name, greeting, roots = (_answer(context, key) for key in ("user_name", "greeting", "client_roots"))
    if name is None or greeting is None or roots is None or context.request_state != "three questions":
        requests: InputRequests = {
            "user_name": ask("What is your name?", name="string"),
            "greeting": sample("Generate a greeting", max_tokens=50),
            "client_roots": ListRootsRequest(),
        }
        return InputRequiredResult(input_requests=requests, request_state="three questions")
    return "All three answers are here."


async def test_input_required_result_multi_round(context: CONTEXT) -> str | InputRequiredResult:
    """Ask for a name, and then for a colour."""
    name, colour = _filled_in(context, "step1"), _filled_in(context, "step2")
    if context.request_state == "asked for the colour" and colour is not None:
        return f"The colour is {colour['color']}."
    if context.request_state == "asked for the name" and name is not None:
        question = ask("Step 2: What is your favorite color?", color="string")
        return InputRequiredResult(input_requests={"step2": question}, request_state="asked for the colour")
    question = ask("Step 1: What is your name?", name="string")
    return InputRequiredResult(input_requests={"step1": question}, request_state="asked for the name")


async def test_input_required_result_capabilities(context: CONTEXT) -> str | InputRequiredResult:
    """Ask only what the client can answer."""
    capabilities = context.client_capabilities
    requests: InputRequests = {}
    if capabilities is not None and capabilities.elicitation is not None:
        requests["user_name"] = ask("What is your name?", name="string")
    if capabilities is not None and capabilities.sampling is not None:
        requests["greeting"] = sample("Generate a greeting")
    return InputRequiredResult(input_requests=requests) if requests else "There is nothing to ask."


async def test_input_required_result_prompt(context: CONTEXT) -> str | InputRequiredResult:
    """A prompt for a context that the person gives."""
    answer = _filled_in(context, "user_context")
    if answer is None:
        question = ask("What context should the prompt use?", context="string")
        return InputRequiredResult(input_requests={"user_context": question})
    return f"Work in this context: {answer['context']}"


TOOLS = (
    test_input_required_result_elicitation,
    test_input_required_result_sampling,
    test_input_required_result_list_roots,
    test_input_required_result_request_state,
    test_input_required_result_tampered_state,
    test_input_required_result_multiple_inputs,
    test_input_required_result_multi_round,
    test_input_required_result_capabilities,
)


def add_to(server: MCPServer) -> None:
    """Offer the tools and the prompt."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
    server.prompt()(test_input_required_result_prompt)


def _answer(context: CONTEXT, key: str) -> Any:
    return (context.input_responses or {}).get(key)


def _filled_in(context: CONTEXT, key: str) -> Mapping[str, Any] | None:
    """What the person filled in, if they did."""
    answer = _answer(context, key)
    return answer.content if isinstance(answer, ElicitResult) and answer.action == "accept" else None


def _confirm(context: CONTEXT, message: str, *, state: str) -> InputRequiredResult | None:
    """The question, until it has been answered and `state` has come back with the answer."""
    if _filled_in(context, "confirm") is not None and context.request_state == state:
        return None
    return InputRequiredResult(input_requests={"confirm": ask(message, ok="boolean")}, request_state=state)
