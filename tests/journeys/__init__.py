"""Journeys: real servers, real sockets, the official SDK's client, and a real browser.

conftest.py    the fixtures: `site`, `people`, and what they stand on
databases.py   a fresh database for each site, copied from one that was migrated once
server.py      a site: uvicorn processes (and a Celery worker) that can be killed and started again
forwarder.py   a proxy that sends every request to another process than the last
connector.py   an assistant: the SDK's client with its own discovery, registration, PKCE and refresh
browser.py     a person: Chromium, and what they do on our pages, by accessible names
"""
