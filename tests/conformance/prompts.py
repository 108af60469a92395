"""Prompts, and what completes their arguments."""

from __future__ import annotations

from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp_types import Completion, CompletionArgument, EmbeddedResource, ImageContent, TextResourceContents
from pydantic import Field

from tests.conformance.content_tools import PNG


def test_simple_prompt() -> str:
    """A prompt without arguments."""
    return "This is a simple prompt for testing."


def test_prompt_with_arguments(
    arg1: Annotated[str, Field(description="First test argument")],
    arg2: Annotated[str, Field(description="Second test argument")],
) -> str:
    """A prompt with two required arguments."""
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


def test_prompt_with_embedded_resource(
    resourceUri: Annotated[str, Field(description="URI of the resource to embed")],  # noqa: N803 - the suite's name
) -> list[UserMessage]:
    """A prompt with a resource in it."""
    contents = TextResourceContents(
        uri=resourceUri, mime_type="text/plain", text="Embedded resource content for testing."
    )
    return [
        UserMessage(EmbeddedResource(resource=contents)),
        UserMessage("Please process the embedded resource above."),
    ]


def test_prompt_with_image() -> list[UserMessage]:
    """A prompt with an image in it."""
    return [UserMessage(ImageContent(data=PNG, mime_type="image/png")), UserMessage("Please analyze the image above.")]


async def complete(reference: Any, argument: CompletionArgument, context: Any) -> Completion:
    """Suggest values that begin as `argument` does."""
    values = [value for value in ("test", "testing", "tested") if value.startswith(argument.value)]
    return Completion(values=values, total=len(values), has_more=False)


def add_to(server: MCPServer) -> None:
    """Offer the prompts."""
    functions = (
        test_simple_prompt,
        test_prompt_with_arguments,
        test_prompt_with_embedded_resource,
        test_prompt_with_image,
    )
    for function in functions:
        server.prompt()(function)
    server.completion()(complete)  # type: ignore[no-untyped-call]
