"""Tools that answer with every kind of content.

The first two are tools as the site has them, so that the suite sees what we make of a result and of a refusal; the
others return content that the site's tools never do, and are the SDK's.
"""

from __future__ import annotations

import base64
import io
import json
import wave
from typing import Annotated, ClassVar

from mcp.server.mcpserver import MCPServer
from mcp_types import AudioContent, EmbeddedResource, ImageContent, TextContent, TextResourceContents
from pydantic import Field

from mcp_bridge.errors import ToolRefused
from mcp_bridge.tools import ToolOutput, tool
from oauth.bearer import Principal

# One red pixel.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="

SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "address", "type": "object", "properties": {"city": {"type": "string"}}}},
    "properties": {"name": {"type": "string"}, "phone": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["address"]}]}],
    "if": {"required": ["phone"]},
    "then": {"required": ["name"]},
    "else": {"required": ["address"]},
    "additionalProperties": False,
}


class SimpleText(ToolOutput):
    """A text and nothing else."""

    text: str

    def summary(self) -> str:
        """The text itself."""
        return self.text


class RefusedOnPurpose(ToolRefused):
    """What `test_error_handling` answers."""

    code: ClassVar[str] = "refused_on_purpose"
    message = "This tool intentionally returns an error for testing."
    next_step = "Call another one."


@tool(scopes=["identity.read"], read_only=True)
def test_simple_text(principal: Principal) -> SimpleText:
    """Answer with a text."""
    return SimpleText(text="This is a simple text response for testing.")


@tool(scopes=["identity.read"], read_only=True)
def test_error_handling(principal: Principal) -> SimpleText:
    """Refuse, whatever is asked."""
    raise RefusedOnPurpose


async def test_header_parameter(
    region: Annotated[str, Field(description="Which region", json_schema_extra={"x-mcp-header": "Region"})],
) -> str:
    """Answer with an argument that a client repeats in a header, for proxies to route by."""
    return f"The region is {region}."


async def json_schema_2020_12_tool() -> str:
    """Have an input schema with keywords that only JSON Schema 2020-12 has."""
    return "The schema matters, not the answer."


async def test_image_content() -> ImageContent:
    """Answer with an image."""
    return ImageContent(data=PNG, mime_type="image/png")


async def test_audio_content() -> AudioContent:
    """Answer with a sound."""
    return AudioContent(data=_silence(), mime_type="audio/wav")


async def test_embedded_resource() -> EmbeddedResource:
    """Answer with a resource."""
    return _embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")


async def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Answer with a text, an image and a resource."""
    return [
        TextContent(text="Multiple content types test:"),
        ImageContent(data=PNG, mime_type="image/png"),
        _embedded("test://mixed-content-resource", "application/json", json.dumps({"test": "data", "value": 123})),
    ]


TOOLS = (
    test_header_parameter,
    json_schema_2020_12_tool,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
)


def add_to(server: MCPServer) -> None:
    """Offer the tools. The first two are registered already."""
    for function in TOOLS:
        server.add_tool(function, structured_output=False)
    # No signature makes such a schema.
    with_schema = server._tool_manager.get_tool(json_schema_2020_12_tool.__name__)
    assert with_schema is not None
    with_schema.parameters = SCHEMA_2020_12


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    return EmbeddedResource(resource=TextResourceContents(uri=uri, mime_type=mime_type, text=text))


def _silence() -> str:
    """A tenth of a second of nothing, as WAV in base64."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return base64.b64encode(file.getvalue()).decode()
