"""What can go wrong in the terminal's MCP client, the exit code of each, and the words for it.

ConnectorError          1
├── ToolFailed          1: the tool answered an error
├── ServerUnreachable   3: nothing answers at the URL
├── NotAnMCPServer      4: something answers, but it does not speak MCP
├── SignInRefused       5: the person or the server said no
└── TookTooLong         6: nobody did what we waited for
"""

from __future__ import annotations

from typing import ClassVar


class ConnectorError(Exception):
    """The root of the tree. Its text is for the person at the terminal."""

    exit_code: ClassVar[int] = 1


class ToolFailed(ConnectorError):
    """A tool answered an error."""


class ServerUnreachable(ConnectorError):
    """No connection, or none that lasted."""

    exit_code = 3


class NotAnMCPServer(ConnectorError):
    """The answers are not those of an MCP server."""

    exit_code = 4


class SignInRefused(ConnectorError):
    """The authorization ended without a code (RFC 6749 §4.1.2.1), or the code or the registration was refused."""

    exit_code = 5


class TookTooLong(ConnectorError):
    """The person did not finish in time."""

    exit_code = 6
