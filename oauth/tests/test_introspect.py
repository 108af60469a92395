"""Token introspection (RFC 7662), and hole 5 of connectors §3: it answers the server of a resource and nobody else."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client as Browser

from oauth.models import Client, ConnectorSession
from oauth.services import end_session
from oauth.tests.builders import make_access_token, make_client, make_confidential_client, make_refresh_token
from oauth.tests.protocol import assert_json_error, basic, nothing_written, post_form

pytestmark = pytest.mark.django_db
SECRET = "dxs_" + "s" * 43
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def make_resource_server(**fields: str) -> Client:
    """A client that staff marked as the server of the MCP endpoint."""
    source = Client.RegistrationSource.MANUAL
    fields = {"served_resource": settings.DEXTER_RESOURCE, "client_secret": SECRET, **fields}
    return make_confidential_client(registration_source=source, **fields)


def test_the_server_of_a_resource_learns_what_a_token_is(browser: Browser) -> None:
    server, (row, token) = make_resource_server(), make_access_token()

    answer = post_form(browser, "/mcp/introspect", {"token": token}, headers=basic(server.client_id, SECRET)).json()

    assert answer["active"] is True
    assert (answer["sub"], answer["client_id"]) == (row.user.subject, row.session.client.client_id)
    assert answer["aud"] == settings.DEXTER_RESOURCE
    assert None not in answer.values()


def test_a_refresh_token_is_known_too(browser: Browser) -> None:
    server, (row, token) = make_resource_server(), make_refresh_token()

    answer = post_form(browser, "/mcp/introspect", {"token": token}, headers=basic(server.client_id, SECRET)).json()

    assert (answer["active"], answer["sub"]) == (True, row.user.subject)


def test_a_token_that_does_not_act_is_inactive_and_nothing_more_is_said(browser: Browser) -> None:
    server, (row, token) = make_resource_server(), make_access_token()
    end_session(session=row.session, reason=ConnectorSession.EndReason.STAFF)

    for value in (token, make_refresh_token(row.session)[1], "dxa_unknown"):
        answer = post_form(browser, "/mcp/introspect", {"token": value}, headers=basic(server.client_id, SECRET))
        assert answer.json() == {"active": False}


def test_a_client_that_registered_itself_learns_nothing_though_it_has_a_secret(browser: Browser) -> None:
    anybody = make_confidential_client(client_secret=SECRET)
    _row, token = make_access_token()

    answer = post_form(browser, "/mcp/introspect", {"token": token}, headers=basic(anybody.client_id, SECRET))

    assert answer.json() == {"active": False}


@pytest.mark.parametrize("grant_type", [None, DEVICE_CODE])
def test_a_public_client_is_refused_whatever_grant_it_names(browser: Browser, grant_type: str | None) -> None:
    """django-oauth-toolkit lets it in when the body names the device grant."""
    public = make_client(served_resource=settings.DEXTER_RESOURCE)
    _row, token = make_access_token()
    form = {"token": token, "client_id": public.client_id, **({"grant_type": grant_type} if grant_type else {})}

    with nothing_written("oauth.introspection.refused"):
        in_body = post_form(browser, "/mcp/introspect", form)
    in_header = post_form(browser, "/mcp/introspect", form, headers=basic(public.client_id, ""))

    assert_json_error(in_body, "invalid_client", 401)
    assert_json_error(in_header, "invalid_client", 401)


def test_a_wrong_secret_is_refused(browser: Browser) -> None:
    server, (_row, token) = make_resource_server(), make_access_token()

    with nothing_written("oauth.introspection.refused"):
        answer = post_form(browser, "/mcp/introspect", {"token": token}, headers=basic(server.client_id, "dxs_wrong"))

    assert_json_error(answer, "invalid_client", 401)


def test_a_request_without_a_token_is_malformed(browser: Browser) -> None:
    server = make_resource_server()

    answer = post_form(browser, "/mcp/introspect", {"x": "y"}, headers=basic(server.client_id, SECRET))

    assert_json_error(answer, "invalid_request")
