"""The official conformance suite of the Model Context Protocol, against our mount and our authorization server.

    pytest tests/conformance

`application` is the site's ASGI application with the tools, prompts and resources that the suite expects of a server;
`authorizing` is a proxy that adds an access token to each request, because the suite sends none; `suite` runs the
suite's program and reads its results. What a stateless server cannot do stands in `expected-failures.*.yml`.
"""
