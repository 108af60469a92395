"""How a function becomes a tool, and what is refused at start rather than at the first call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import modify_settings

from mcp_bridge.tools import ToolOutput, registered_tools, registry, tool
from oauth.bearer import Principal


class Nothing(ToolOutput):
    """An empty answer."""


@pytest.fixture(autouse=True)
def _leaves_no_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    registered_tools()
    monkeypatch.setattr(registry, "_tools", dict(registry._tools))


def no_principal(name: str) -> Nothing:
    """Do nothing."""
    return Nothing()


def principal_without_a_type(principal, name: str) -> Nothing:  # type: ignore[no-untyped-def]
    """Do nothing."""
    return Nothing()


def no_parameters() -> Nothing:
    """Do nothing."""
    return Nothing()


def undeclared_output(principal: Principal) -> dict[str, str]:
    """Do nothing."""
    return {}


async def asynchronous(principal: Principal) -> Nothing:
    """Do nothing."""
    return Nothing()


def undescribed(principal: Principal) -> Nothing:
    return Nothing()


@pytest.mark.parametrize(
    ("function", "fault"),
    [
        (no_principal, "principal: Principal"),
        (principal_without_a_type, "principal: Principal"),
        (no_parameters, "principal: Principal"),
        (undeclared_output, "ToolOutput"),
        (asynchronous, "async"),
        (undescribed, "docstring"),
    ],
)
def test_a_function_that_is_no_tool_is_refused_by_name(function: Callable[..., ToolOutput], fault: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=fault) as refusal:
        tool(scopes=["identity.read"])(function)
    assert function.__name__ in str(refusal.value)
    assert function.__name__ not in registered_tools()


def test_a_scope_that_does_not_exist_is_refused() -> None:
    def ask(principal: Principal) -> Nothing:
        """Do nothing."""
        return Nothing()

    with pytest.raises(ImproperlyConfigured, match=r"wallet\.read"):
        tool(scopes=["wallet.read"])(ask)


def test_two_tools_of_one_name_are_refused() -> None:
    def auth_info(principal: Principal) -> Nothing:
        """Pretend to be another tool."""
        return Nothing()

    known = registered_tools()["auth_info"]
    with pytest.raises(ImproperlyConfigured, match="auth_info"):
        tool(scopes=["identity.read"])(auth_info)
    assert registered_tools()["auth_info"] is known


def test_the_function_stays_a_function() -> None:
    def ask(principal: Principal) -> Nothing:
        """Do nothing."""
        return Nothing()

    assert tool(scopes=["identity.read"])(ask) is ask


def test_titles_and_annotations_have_sensible_defaults() -> None:
    @tool(scopes=["identity.read", "link.write"], read_only=True)
    def look_around(principal: Principal) -> Nothing:
        """Look around."""
        return Nothing()

    built = registered_tools()["look_around"]
    assert built.title == "Look around"
    assert built.description == "Look around."
    assert built.annotations.idempotent_hint is True
    assert built.annotations.destructive_hint is False
    assert built.meta == {"securitySchemes": [{"type": "oauth2", "scopes": ["identity.read", "link.write"]}]}


def test_the_tools_of_installed_apps_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greeter").mkdir()
    (tmp_path / "greeter/__init__.py").write_text("")
    (tmp_path / "greeter/mcp_tools.py").write_text(
        "from mcp_bridge.tools import ToolOutput, tool\n"
        "from oauth.bearer import Principal\n"
        "class Greeting(ToolOutput):\n    text: str\n"
        "@tool(scopes=['identity.read'])\n"
        "def greet(principal: Principal) -> Greeting:\n    'Greet.'\n    return Greeting(text='hello')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with modify_settings(INSTALLED_APPS={"append": "greeter"}):
        assert list(registered_tools())[-1] == "greet"


def test_our_own_tools_come_first_and_in_order() -> None:
    assert list(registered_tools())[:6] == [
        "auth_info",
        "check_dexter_account_link",
        "get_linked_dexter_account",
        "generate_dexter_linking_code",
        "unlink_dexter_account",
        "redeem_dexter_linking_code",
    ]
