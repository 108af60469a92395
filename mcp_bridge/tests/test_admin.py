"""What staff see of tool calls: all of them, to read, and those of a connector session from its page."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Browser

from accounts.tests.builders import make_user
from mcp_bridge.models import ToolCall
from mcp_bridge.tests.builders import make_tool_call
from oauth.tests.builders import make_client, make_session

pytestmark = pytest.mark.django_db

LIST = "/admin/mcp_bridge/toolcall/"


@pytest.fixture
def staff() -> Browser:
    """A browser in which a superuser is signed in."""
    browser = Browser()
    browser.force_login(make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


def page_of(browser: Browser, path: str) -> str:
    """A page."""
    response = browser.get(path)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_a_session_leads_to_its_calls_and_a_call_to_its_session(staff: Browser) -> None:
    session = make_session()
    call = make_tool_call(session, request_id="request-of-this")
    make_tool_call(request_id="request-of-another")

    at_session = page_of(staff, f"/admin/oauth/connectorsession/{session.pk}/change/")
    [link] = re.findall(rf'href="({LIST}\?[^"]+)"', at_session)
    listed = page_of(staff, link)

    assert "request-of-this" in listed and "request-of-another" not in listed
    assert f"/admin/oauth/connectorsession/{session.pk}/change/" in page_of(staff, f"{LIST}{call.pk}/change/")


def test_calls_are_found_by_session_client_person_and_request(staff: Browser) -> None:
    ada = make_user()
    session = make_session(user=ada, client=make_client(client_id="https://app.example.com/client.json"))
    make_tool_call(session, request_id="request-of-this")
    make_tool_call(request_id="request-of-another")

    for asked in (session.pk, session.client.client_id, ada.email, ada.subject, "request-of-this"):
        found = page_of(staff, f"{LIST}?q={asked}")
        assert "request-of-this" in found and "request-of-another" not in found, asked


def test_nobody_writes_there(staff: Browser) -> None:
    call = make_tool_call()

    assert staff.get(f"{LIST}add/").status_code == 403
    assert staff.post(f"{LIST}{call.pk}/change/", {"outcome": "forged"}).status_code == 403
    assert staff.post(f"{LIST}{call.pk}/delete/", {"post": "yes"}).status_code == 403
    assert '<select name="action"' not in page_of(staff, LIST)
    assert ToolCall.objects.get().outcome == "ok"


def test_staff_who_may_not_see_calls_are_not_led_to_them() -> None:
    browser, session = Browser(), make_session()
    clerk = make_user("clerk@example.com", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_connectorsession"))
    browser.force_login(clerk)

    assert LIST not in page_of(browser, f"/admin/oauth/connectorsession/{session.pk}/change/")
    assert browser.get(LIST).status_code == 403
