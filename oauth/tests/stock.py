"""django-oauth-toolkit as it comes, with its own models and views, asked what connectors ask.

    python -m oauth.tests.stock

is a site of its own on an empty database in memory; it prints what it answered as one JSON object.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import django
from django.conf import settings
from django.urls import include, path

SECRET = "s" * 43
REDIRECT_URI = "https://assistant.example/callback"
# RFC 7636, appendix B.
CODE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CODE_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
VS_CODE = {
    "client_name": "Visual Studio Code",
    "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "redirect_uris": ["https://vscode.dev/redirect", "http://127.0.0.1:33418/"],
    "token_endpoint_auth_method": "none",
}
CURSOR = {
    "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}
CONFIDENTIAL = {"redirect_uris": [REDIRECT_URI], "grant_types": ["authorization_code", "refresh_token"]}

# Filled once the settings are there.
urlpatterns: list[Any] = []


def configure() -> None:
    """The settings: what the library recommends, and registration open to everybody."""
    settings.configure(
        DEBUG=False,
        SECRET_KEY="stock",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        LOGGING_CONFIG=None,
        OAUTH2_PROVIDER={
            "DCR_ENABLED": True,
            "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
            "SCOPES": {"read": "Read", "openid": "Who you are", "introspection": "Ask about tokens"},
            "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 120,
            "OIDC_ENABLED": True,
        },
    )


class Stock:
    """A person who signed in, and a public client."""

    def __init__(self) -> None:
        from django.contrib.auth import get_user_model
        from django.test import Client
        from oauth2_provider.models import get_application_model

        # The plain user of Django, which has a name where ours has a subject.
        fields: dict[str, Any] = {"username": "somebody"}
        self.user = get_user_model()._default_manager.create(**fields)
        self.browser = Client(raise_request_exception=True)
        self.browser.force_login(self.user)
        self.client = get_application_model()._default_manager.create(
            client_type="public",
            client_secret=SECRET,
            authorization_grant_type="authorization-code",
            redirect_uris=REDIRECT_URI,
        )

    def authorize(self, decision: dict[str, str] | None = None, **parameters: str) -> Any:
        """Ask at the authorization endpoint, or post a decision there."""
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "code_challenge": CODE_CHALLENGE,
            "code_challenge_method": "S256",
            "scope": "read",
            "state": "s",
            **parameters,
        }
        url = f"/o/authorize/?{urlencode(query)}"
        return self.browser.post(url, {**query, **decision}) if decision else self.browser.get(url)

    def post(self, path: str, **form: str) -> Any:
        """A form of the client's."""
        return self.browser.post(path, {"client_id": self.client.client_id, **form})

    def register(self, body: dict[str, Any]) -> Any:
        """Register a client."""
        return self.browser.post("/o/register/", json.dumps(body), content_type="application/json")


def answer_of(response: Any) -> dict[str, str]:
    """The parameters that a redirect carries back."""
    return dict(parse_qsl(urlsplit(response["Location"]).query))


def outcome(response: Any) -> dict[str, Any]:
    """The status and the body."""
    return {"status": response.status_code, "body": response.json()}


def raised(act: Any) -> str:
    """The name of what `act` raises; empty for nothing."""
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return ""


def play() -> dict[str, Any]:
    """Ask everything."""
    stock = Stock()
    seen: dict[str, Any] = {
        "vs_code": outcome(stock.register(VS_CODE)),
        "cursor": outcome(stock.register(CURSOR)),
        "javascript": outcome(stock.register({**CURSOR, "redirect_uris": ["javascript:alert(1)"]})),
        "confidential": outcome(stock.register(CONFIDENTIAL)),
        "metadata": stock.browser.get("/o/.well-known/oauth-authorization-server").json(),
    }
    granted = answer_of(stock.authorize({"allow": "Authorize"}))
    seen["granted"], seen["denied"] = granted, answer_of(stock.authorize({"deny": "Deny"}))
    seen["unknown_scope"] = answer_of(stock.authorize(scope="read unknown"))
    seen["silent"] = raised(lambda: stock.authorize(scope="openid", prompt="none"))
    seen["cors"] = [
        stock.browser.options(path, headers={"Origin": "http://localhost:6274"}).get("Access-Control-Allow-Origin", "")
        for path in ("/o/register/", "/o/token/")
    ]
    trade = {"code": granted["code"], "redirect_uri": REDIRECT_URI, "code_verifier": CODE_VERIFIER}
    tokens = stock.post("/o/token/", grant_type="authorization_code", **trade).json()
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    seen["first_refresh"] = stock.post("/o/token/", **again).status_code
    seen["second_refresh"] = raised(lambda: stock.post("/o/token/", **again))
    device = "urn:ietf:params:oauth:grant-type:device_code"
    seen["introspection"] = [
        stock.post("/o/introspect/", token="x").status_code,
        stock.post("/o/introspect/", token="x", grant_type=device).status_code,
    ]
    seen["hashed_with"] = stock.client.client_secret.partition("$")[0]
    return seen


if __name__ == "__main__":
    configure()
    django.setup()
    urlpatterns.append(path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")))
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    json.dump(play(), sys.stdout)
