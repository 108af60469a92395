"""`/connect`: what each assistant is told about this site, whatever the site is called."""

from __future__ import annotations

import base64
import json
import re
import shlex
import tomllib
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client as Browser

from mcp_bridge.assistants import Assistant, Site, assistants

pytestmark = pytest.mark.django_db

RESOURCE = "https://dexter.example.com/mcp"
NAMES = ["Dexter", 'O\'Brien & "Sons"', "$(rm -rf ~); `id`", "東京", "-rf", "../../x", "a\\b <b>é</b>", "🙂"]


def by_slug(name: str) -> dict[str, Assistant]:
    return {each.slug: each for each in assistants(Site(name=name, resource=RESOURCE))}


@pytest.mark.parametrize("name", NAMES)
def test_a_command_has_the_words_that_it_should_have_whatever_the_site_is_called(name: str) -> None:
    key = Site(name=name, resource=RESOURCE).key
    found = by_slug(name)

    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", key)
    assert shlex.split(found["codex"].ways[0].copy) == ["codex", "mcp", "add", key, "--url", RESOURCE]
    assert shlex.split(found["claude-code"].ways[0].copy)[-2:] == [key, RESOURCE]
    assert shlex.split(found["gemini-cli"].ways[0].copy)[-2:] == [key, RESOURCE]
    added = json.loads(shlex.split(found["vs-code"].ways[0].copy)[2])
    assert added == {"name": key, "type": "http", "url": RESOURCE}
    assert tomllib.loads(found["codex"].ways[1].copy) == {"mcp_servers": {key: {"url": RESOURCE}}}


@pytest.mark.parametrize("name", NAMES)
def test_install_links_carry_the_address_and_nothing_that_breaks_them(name: str) -> None:
    key, found = Site(name=name, resource=RESOURCE).key, by_slug(name)

    for link in (found["cursor"].deep_link, found["cursor"].web_link):
        query = parse_qs(urlsplit(link).query, strict_parsing=True)
        assert query["name"] == [key]
        assert json.loads(base64.b64decode(query["config"][0])) == {"url": RESOURCE}
    scheme, _, encoded = found["vs-code"].deep_link.partition("?")
    assert scheme == "vscode:mcp/install"
    assert json.loads(unquote(encoded)) == {"name": key, "type": "http", "url": RESOURCE}
    assert parse_qs(urlsplit(found["vs-code"].web_link).query)["url"] == [found["vs-code"].deep_link]


@pytest.mark.parametrize(
    ("resource", "is_local"),
    [
        (RESOURCE, False),
        ("http://localhost:8000/mcp", True),
        ("http://127.0.0.1:8000/mcp", True),
        ("http://[::1]:8000/mcp", True),
        ("https://192.168.0.4/mcp", True),
        ("https://8.8.8.8/mcp", False),
        ("https://dexter.internal/mcp", True),
    ],
)
def test_a_site_knows_whether_the_web_reaches_it(resource: str, is_local: bool) -> None:
    assert Site(name="Dexter", resource=resource).is_local is is_local


@pytest.mark.parametrize("path", ["/connect", "/mcp"])
def test_the_page_shows_every_assistant_for_this_site(client: Browser, settings: Any, path: str) -> None:
    settings.DEXTER_RESOURCE, settings.DEXTER_SITE_NAME = RESOURCE, "<b>Ada's</b>"

    page = client.get(path).content.decode()

    for name in ("ChatGPT", "Claude Code", "Cursor", "VS Code", "Codex", "Gemini CLI", "MCP Inspector"):
        assert name in page
    assert "private address" not in page
    assert 'href="cursor://anysphere.cursor-deeplink/mcp/install?' in page
    assert "<b>Ada" not in page


def test_a_local_site_says_who_cannot_reach_it(client: Browser) -> None:
    page = client.get("/connect").content.decode()

    assert "ChatGPT runs on the web and cannot reach a site on a private address." in page
    assert "Cursor runs on the web" not in page
