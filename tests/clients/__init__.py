"""Other people's clients, over real sockets: each does its own discovery, registration, sign-in and refresh.

    pytest tests/clients

desktop.py     the machine that a client runs on: a home directory, and a browser that a person sits at
program.py     a client's program, or a small driver around a client library, that answers JSON lines
*.mjs          the drivers around JavaScript libraries; `driving.mjs` is what they share
fastmcp_driver.py   the one around FastMCP
"""
