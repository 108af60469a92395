"""How a function becomes a tool.

    class Greeting(ToolOutput):
        text: str

    @tool(scopes=["identity.read"], title="Greet", read_only=True)
    def greet(principal: Principal, name: str) -> Greeting:
        \"""Greet `name` on behalf of the person.\"""
        return Greeting(text=f"{principal.subject} greets {name}")

in `<app>/mcp_tools.py` of any installed app is all it takes. The function is synchronous, runs on a database thread,
calls one service, and may raise a `ToolRefused`. Its docstring is what the model reads; its annotations are the input
and output schemas. People read its title among what their assistants did: `gettext_noop` marks it for translation.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import autodiscover_modules
from mcp_types import ToolAnnotations
from pydantic import BaseModel, ConfigDict

from oauth.bearer import Principal

# Design §8 fixes the order of our own tools; those of other apps follow in the order of INSTALLED_APPS.
OWN_MODULES = ("mcp_bridge.tools.identity", "mcp_bridge.tools.linking", "mcp_bridge.tools.profile")

F = TypeVar("F", bound=Callable[..., "ToolOutput"])

_tools: dict[str, Tool] = {}


class ToolOutput(BaseModel):
    """The declared answer of a tool: its fields are the structured content."""

    model_config = ConfigDict(frozen=True)

    def summary(self) -> str:
        """The answer in a few words. Some assistants show their model only this, so it has to hold what matters."""
        return self.model_dump_json()


@dataclass(frozen=True)
class Tool:
    """One tool: the function, and what clients are told about it."""

    name: str
    title: str
    description: str
    scopes: tuple[str, ...]
    annotations: ToolAnnotations
    function: Callable[..., ToolOutput]
    parameters: tuple[inspect.Parameter, ...]
    output: type[ToolOutput]
    vendor_meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def meta(self) -> dict[str, Any]:
        """The SDK's `Tool` has no field for security schemes, so they travel in `_meta` (connectors §3, hole 11)."""
        return {"securitySchemes": [{"type": "oauth2", "scopes": list(self.scopes)}], **self.vendor_meta}


def tool(
    *,
    scopes: Iterable[str],
    title: str = "",
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
    open_world: bool = False,
    vendor_meta: Mapping[str, Any] | None = None,
) -> Callable[[F], F]:
    """Register a function as a tool that needs all of `scopes`.

    `read_only` means that it changes nothing (and so is idempotent), `destructive` that what it changes is lost,
    `idempotent` that a second call changes nothing more, `open_world` that it reaches beyond this site.
    `vendor_meta` is what a vendor wants to read in the tool's `_meta`.

    Raises:
        ImproperlyConfigured: from the decorator: the signature or a scope is wrong, or the name is taken.
    """

    def register(function: F) -> F:
        annotations = ToolAnnotations(
            title=title or None,
            read_only_hint=read_only,
            destructive_hint=destructive,
            idempotent_hint=idempotent or read_only,
            open_world_hint=open_world,
        )
        built = replace(
            _build(function, scopes=tuple(scopes), title=title, annotations=annotations), vendor_meta=vendor_meta or {}
        )
        known = _tools.setdefault(built.name, built)
        if known.function is not function:
            raise ImproperlyConfigured(f"There are two tools named {built.name}.")
        return function

    return register


def registered_tools() -> dict[str, Tool]:
    """Every tool by name, in the order in which it is listed: ours, then the `mcp_tools` of installed apps."""
    for module in OWN_MODULES:
        importlib.import_module(module)
    autodiscover_modules("mcp_tools")
    return dict(_tools)


def _build(
    function: Callable[..., ToolOutput], *, scopes: tuple[str, ...], title: str, annotations: ToolAnnotations
) -> Tool:
    name = function.__name__
    signature = inspect.signature(function, eval_str=True)
    parameters = list(signature.parameters.values())
    if not parameters or parameters[0].name != "principal" or parameters[0].annotation is not Principal:
        raise ImproperlyConfigured(f"The first parameter of the tool {name} must be `principal: Principal`.")
    output = signature.return_annotation
    if not (isinstance(output, type) and issubclass(output, ToolOutput)):
        raise ImproperlyConfigured(f"The tool {name} must declare that it returns a ToolOutput.")
    if inspect.iscoroutinefunction(function):
        raise ImproperlyConfigured(f"The tool {name} must not be async: it runs on a database thread.")
    if unknown := set(scopes) - set(settings.DEXTER_SCOPES):
        raise ImproperlyConfigured(f"The tool {name} needs scopes that do not exist: {', '.join(sorted(unknown))}.")
    description = inspect.getdoc(function)
    if not description:
        raise ImproperlyConfigured(f"The tool {name} needs a docstring: it is what the model reads.")
    return Tool(
        name=name,
        title=title or name.replace("_", " ").capitalize(),
        description=description,
        scopes=scopes,
        annotations=annotations,
        function=function,
        parameters=tuple(parameters[1:]),
        output=output,
    )
