"""Hosts of vendors and of strangers on loopback: real TLS servers, and a resolver that knows where they are.

Only the last steps are faked: what a name resolves to, which wire an address is at, and who vouches for certificates.
Everything that decides whether an address may be called runs as it does in production, on the faked answers.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from oauth import fetching

# Public, and nothing that a test could reach.
ADDRESSES = "93.184.216.{}"
Handler = Callable[[ssl.SSLSocket], None]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. A header that is empty is left out."""

    body: bytes = b""
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)

    def wire(self) -> bytes:
        """As it is sent."""
        headers = {"Content-Type": "application/json", "Content-Length": str(len(self.body))} | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        return f"HTTP/1.1 {self.status}\r\n{head}\r\n".encode("latin-1") + self.body


def json_answer(document: Any, **headers: str) -> Answer:
    """A document, with headers such as Cache_Control."""
    return Answer(json.dumps(document).encode(), headers={n.replace("_", "-"): value for n, value in headers.items()})


class Authority:
    """A certificate authority: the one that tests believe, or one that they do not."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _common_name("Stand-in authority")
        certificate = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(True, None))
        self.pem = certificate.public_bytes(Encoding.PEM).decode()

    def server_context(self, host: str) -> ssl.SSLContext:
        """What a server of `host` needs."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = self._sign(_common_name(host[:64]), key.public_key(), names)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "server.pem"
            path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
            context.load_cert_chain(path)
        return context

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *extensions: x509.ExtensionType
    ) -> x509.Certificate:
        now, day = datetime.now(UTC), timedelta(days=1)
        builder = x509.CertificateBuilder(self._name, name, key, x509.random_serial_number(), now - day, now + day)
        own_key = self._key.public_key()
        for extension in (
            x509.SubjectKeyIdentifier.from_public_key(key),
            x509.AuthorityKeyIdentifier.from_issuer_public_key(own_key),
            *extensions,
        ):
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@cache
def trusted_authority() -> Authority:
    """The authority that tests believe."""
    return Authority()


class Host:
    """A host: what it answers at which path, and what it was asked for."""

    def __init__(self, name: str, authority: Authority) -> None:
        self.name = name
        self.answers: dict[str, Answer | Handler] = {}
        self.requests: list[str] = []
        self._context = authority.server_context(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._stopped = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def url(self, path: str) -> str:
        """The URL of a path."""
        return f"https://{self.name}{path}"

    def asked_for(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(request.startswith(f"GET {path} ") for request in self.requests)

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that hangs up is what many tests are about.
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            with self._context.wrap_socket(connection, server_side=True) as tls:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = tls.recv(4096)
                    if not received:
                        return
                    head += received
                self.requests.append(head.decode("latin-1"))
                answer = self.answers.get(head.split(b" ")[1].decode("latin-1"), Answer(b"{}", status="404 Not Found"))
                if isinstance(answer, Answer):
                    tls.sendall(answer.wire())
                else:
                    answer(tls)


class StandIns:
    """All hosts of a test, and its resolver. `lookups` and `connections` are what was asked of the network."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.answers: dict[str, list[list[str]]] = {}
        self.routes: dict[str, int] = {}
        self.lookups: list[str] = []
        self.connections: list[str] = []

    def serve(self, name: str, *, authority: Authority | None = None, port: int = 443) -> Host:
        """Start a host with a public address of its own."""
        host = self.hosts[name] = Host(name, authority or trusted_authority())
        self.route(name, host.port, port=port)
        return host

    def route(self, name: str, loopback_port: int, *, port: int = 443) -> None:
        """Give a name a public address of its own, whose wire ends at a port of ours."""
        address = ADDRESSES.format(len(self.answers) + 1)
        self.resolve(name, [address])
        self.routes[f"{address}:{port}"] = loopback_port

    def resolve(self, name: str, *answers: list[str]) -> None:
        """What a name resolves to: each answer once, and the last one from then on."""
        self.answers[name] = list(answers)

    def install(self, replace: Callable[[Any, str, Any], None], *, authority: str) -> None:
        """Stand between the fetcher and the network, whose certificates are from `authority`, in PEM."""
        tls_context = fetching.tls_context

        def context_that_believes_us() -> ssl.SSLContext:
            context = tls_context()
            context.load_verify_locations(cadata=authority)
            return context

        replace(fetching, "look_up", self._look_up)
        replace(fetching, "connect", self._connect)
        replace(fetching, "tls_context", context_that_believes_us)

    def close(self) -> None:
        """Stop all hosts."""
        for host in self.hosts.values():
            host.stop()

    def _look_up(self, host: str, port: int) -> list[str]:
        self.lookups.append(host)
        answers = self.answers.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connections.append(f"{address}:{port}")
        if f"{address}:{port}" not in self.routes:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.routes[f"{address}:{port}"]), timeout=seconds)
