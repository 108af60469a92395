"""How each assistant is told about this site: the steps, commands, files and install links of its own documentation.

Everything is built from the site's settings. A site may be called anything: what goes into a command is quoted for a
shell, what goes into a link is encoded, and what stands for the site there has only letters, digits and dashes.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import shlex
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from django.utils.text import slugify
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and maybe a text to copy for it; `what` says what that text is."""

    text: str
    copy: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Assistant:
    """An assistant, and how this site is added to it: in any one of the `ways`, and then by the `steps`.

    `deep_link` is the best of the ways: it opens the assistant and fills everything in.
    `runs_elsewhere`: its servers call this site, so that a site on the person's own machine is out of its reach.
    """

    slug: str
    name: str
    kind: str
    steps: tuple[Step, ...]
    ways: tuple[Step, ...] = ()
    deep_link: str = ""
    web_link: str = ""
    runs_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What an assistant has to be told: the name that people see, and the endpoint."""

    name: str
    resource: str

    @property
    def key(self) -> str:
        """The name in commands and files. Most assistants take ASCII letters, digits, `-` and `_` only."""
        return slugify(self.name) or slugify((urlsplit(self.resource).hostname or "").replace(".", "-")) or "mcp"

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine, or its network, reaches the site."""
        host = urlsplit(self.resource).hostname or ""
        try:
            return not ipaddress.ip_address(host).is_global
        except ValueError:
            return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))


def assistants(site: Site) -> tuple[Assistant, ...]:
    """Every assistant that the page knows, those that most people use first."""
    return (
        _chatgpt(site),
        _claude(site),
        _cursor(site),
        _vs_code(site),
        _claude_code(site),
        _codex(site),
        _gemini(site),
        _inspector(site),
    )


def _chatgpt(site: Site) -> Assistant:
    """Developer mode, Settings → Apps (help.openai.com)."""
    return Assistant(
        slug="chatgpt",
        name="ChatGPT",
        kind=_("on the web"),
        runs_elsewhere=True,
        steps=(
            Step(_("Open Settings, then Apps, then Advanced settings, and switch Developer mode on.")),
            Step(_("Go back to Apps and choose Create app. As its name, use:"), site.name, _("the name")),
            Step(
                _("As MCP server URL, use the address below. Leave the authentication at OAuth."),
                site.resource,
                _("the address"),
            ),
            Step(_("Choose Create. ChatGPT opens a page here, where you say what it may do.")),
        ),
    )


def _claude(site: Site) -> Assistant:
    """Custom connectors (support.claude.com)."""
    return Assistant(
        slug="claude",
        name="Claude",
        kind=_("web, desktop and phone"),
        runs_elsewhere=True,
        steps=(
            Step(_("On the web or the desktop, open Customize or Settings, then Connectors.")),
            Step(_("Choose Add custom connector. As its name, use:"), site.name, _("the name")),
            Step(_("As the URL of the server, use:"), site.resource, _("the address")),
            Step(_("Choose Add, then Connect. Claude opens a page here, where you say what it may do.")),
            Step(_("On the phone, the connector is there once you have added it on the web.")),
        ),
    )


def _cursor(site: Site) -> Assistant:
    """Install links and mcp.json (cursor.com/docs/mcp)."""
    server = {"url": site.resource}
    query = urlencode({"name": site.key, "config": base64.b64encode(_json(server).encode()).decode()})
    return Assistant(
        slug="cursor",
        name="Cursor",
        kind=_("editor"),
        deep_link=f"cursor://anysphere.cursor-deeplink/mcp/install?{query}",
        web_link=f"https://cursor.com/en/install-mcp?{query}",
        ways=(_file("~/.cursor/mcp.json", _json({"mcpServers": {site.key: server}}, indent=2)),),
        steps=(
            Step(_("Open the settings of Cursor, then MCP, and choose Connect or Needs login beside the new entry.")),
        ),
    )


def _vs_code(site: Site) -> Assistant:
    """Install URLs, `code --add-mcp` and mcp.json (code.visualstudio.com/docs, MCP servers)."""
    server = {"type": "http", "url": site.resource}
    deep_link = f"vscode:mcp/install?{quote(_json({'name': site.key, **server}), safe='')}"
    return Assistant(
        slug="vs-code",
        name="VS Code",
        kind=_("editor"),
        deep_link=deep_link,
        web_link=f"https://insiders.vscode.dev/redirect?url={quote(deep_link, safe='')}",
        ways=(
            _command("code", "--add-mcp", _json({"name": site.key, **server})),
            _file(".vscode/mcp.json", _json({"servers": {site.key: server}}, indent=2)),
        ),
        steps=(Step(_("Start the server there. VS Code asks whether it may open a page here; allow it.")),),
    )


def _claude_code(site: Site) -> Assistant:
    """`claude mcp add` (code.claude.com/docs, MCP)."""
    return Assistant(
        slug="claude-code",
        name="Claude Code",
        kind=_("terminal"),
        ways=(_command("claude", "mcp", "add", "--transport", "http", "--scope", "user", site.key, site.resource),),
        steps=(
            Step(
                _("Start Claude Code, type this, choose the new entry and then Authenticate:"),
                "/mcp",
                _("what to type"),
            ),
        ),
    )


def _codex(site: Site) -> Assistant:
    """`codex mcp add` and config.toml (developers.openai.com/codex/mcp)."""
    # A basic string of TOML is one of JSON, without the escapes that only JSON has.
    table = f"[mcp_servers.{site.key}]\nurl = {_json(site.resource)}"
    return Assistant(
        slug="codex",
        name="Codex",
        kind=_("terminal and editor"),
        ways=(
            _command("codex", "mcp", "add", site.key, "--url", site.resource),
            _file("~/.codex/config.toml", table),
        ),
        steps=(
            Step(
                _("If no page opens here by itself:"),
                shlex.join(["codex", "mcp", "login", site.key]),
                _("the command"),
            ),
        ),
    )


def _gemini(site: Site) -> Assistant:
    """`gemini mcp add` and settings.json (geminicli.com/docs/tools/mcp-server)."""
    return Assistant(
        slug="gemini-cli",
        name="Gemini CLI",
        kind=_("terminal"),
        ways=(
            _command("gemini", "mcp", "add", "--scope", "user", "--transport", "http", site.key, site.resource),
            _file("~/.gemini/settings.json", _json({"mcpServers": {site.key: {"httpUrl": site.resource}}}, indent=2)),
        ),
        steps=(Step(_("Start Gemini CLI and type:"), f"/mcp auth {site.key}", _("what to type")),),
    )


def _inspector(site: Site) -> Assistant:
    """`npx @modelcontextprotocol/inspector` (its README): for those who build tools."""
    return Assistant(
        slug="mcp-inspector",
        name="MCP Inspector",
        kind=_("for developers"),
        ways=(
            _command("npx", "@modelcontextprotocol/inspector", "--transport", "http", "--server-url", site.resource),
        ),
        steps=(Step(_("Choose Connect. It opens a page here, where you say what it may do.")),),
    )


def _command(*words: str) -> Step:
    """To type in a terminal."""
    return Step(_("In a terminal:"), shlex.join(words), _("the command"))


def _file(name: str, content: str) -> Step:
    """To put into a file."""
    return Step(_("In the file %(name)s:") % {"name": name}, content, _("what goes into the file"))


def _json(value: object, *, indent: int | None = None) -> str:
    """JSON in ASCII, so that no byte of it is another one in a shell or a link."""
    return json.dumps(value, indent=indent, separators=None if indent else (",", ":"))
