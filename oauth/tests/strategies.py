"""What hypothesis makes up for the authorization server: things that connectors send, and things near them."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

BOUNDED = settings(
    max_examples=100,
    deadline=None,
    # The same examples each time where nobody is there to look at a new one.
    derandomize=bool(os.environ.get("CI")),
    database=None,
    # A rule about what is acceptable drops much of what is made up to be refused.
    suppress_health_check=[HealthCheck.filter_too_much],
)

# Lone surrogates, NUL, a direction mark, Hangul that shows nothing, and letters that other letters fold into.
NASTY = [
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202e",
    "\u3164",
    "\u0130",
    "\ufb03",
    "%",
    "%zz",
    "a" * 3000,
    "\r\nSet-Cookie: a=b",
]
words = st.one_of(st.text(max_size=30), st.sampled_from(NASTY))
# What a URL or a form can carry: a lone surrogate has no UTF-8.
sendable = words.filter(lambda word: "\ud800" not in word)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(words, inner, max_size=4)),
    max_leaves=8,
)

_schemes = st.sampled_from(
    ["https", "http", "HTTP", "cursor", "vscode", "claude", "javascript", "data", "x-unknown", ""]
)
_hosts = st.sampled_from(
    [
        "localhost",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.2",
        "[::1]",
        "app.example.com",
        "user@app.example.com",
        "xn--e1afmkfd",
        "[::ffff:127.0.0.1]",
        "b\u00fccher.example",
        "localhost.",
        "",
        "a..b",
        "exa mple.com",
        "%6cocalhost",
    ]
)
_ports = st.sampled_from(["", ":", ":0", ":1", ":8787", ":65535", ":65536", ":x", ":\u0663"])
_paths = st.sampled_from(["", "/", "/callback", "/a/../b", "//", "/%41", "/%zz", "/\u00fc", "/;x=1", "/a b", "/'\"<>"])
_queries = st.sampled_from(["", "?", "?a=1", "?a=1&a=2", "?code=1", "?state", "?&", "?a=%2B+", "?x=\u00fc"])
_fragments = st.sampled_from(["", "", "", "#", "#f"])


uris = st.builds("{}://{}{}{}{}{}".format, _schemes, _hosts, _ports, _paths, _queries, _fragments)
likely_redirect_uris = st.sampled_from(
    [
        "https://chatgpt.com/connector/oauth/x1",
        "https://claude.ai/api/mcp/auth_callback",
        "http://localhost/callback",
        "http://127.0.0.1:33418/",
        "http://[::1]:8080/callback?tenant=1",
        "cursor://anysphere.cursor-mcp/oauth/callback",
    ]
)
redirect_uris = st.one_of(likely_redirect_uris, uris, words)

_known_scopes = ["openid", "profile", "email", "offline_access", "identity.read", "link.write"]
scopes = st.lists(st.one_of(st.sampled_from(_known_scopes), sendable), max_size=8).map(" ".join)

_of_metadata: dict[str, st.SearchStrategy[Any]] = {
    "client_name": words,
    "client_uri": st.one_of(uris, words),
    "grant_types": st.lists(
        st.sampled_from(
            ["authorization_code", "refresh_token", "implicit", "urn:ietf:params:oauth:grant-type:device_code"]
        )
    ),
    "response_types": st.lists(st.sampled_from(["code", "token", "id_token"])),
    "token_endpoint_auth_method": st.sampled_from(
        ["none", "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth", ""]
    ),
    "scope": scopes,
    "software_id": words,
    "software_version": words,
    "contacts": json_values,
    "jwks": json_values,
    "client_id": words,
}
_good_metadata: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"redirect_uris": st.lists(likely_redirect_uris, min_size=1, max_size=3)},
    optional={name: _of_metadata[name] for name in ("token_endpoint_auth_method", "scope")}
    | {"client_name": st.just("Example"), "grant_types": st.just(["authorization_code", "refresh_token"])},
)
_one_hostile_field: st.SearchStrategy[dict[str, Any]] = st.tuples(
    st.sampled_from(sorted(_of_metadata)), st.one_of(st.sampled_from(NASTY), words, json_values)
).map(lambda field: dict([field]))
_one_hostile_redirect: st.SearchStrategy[dict[str, Any]] = redirect_uris.map(lambda uri: {"redirect_uris": [uri]})
_any_metadata = st.fixed_dictionaries(
    {"redirect_uris": st.one_of(st.lists(redirect_uris, max_size=4), json_values)},
    optional={name: st.one_of(values, json_values) for name, values in _of_metadata.items()},
)
registrations: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.tuples(_good_metadata, st.one_of(_one_hostile_field, _one_hostile_redirect)).map(lambda two: two[0] | two[1]),
    _any_metadata,
)
