"""Second factors for tests: rows, the codes of an app, and a passkey that signs like a real one."""

from __future__ import annotations

import hashlib
import json
import struct
import time
from base64 import urlsafe_b64encode
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256

from accounts.models import User

STEP_SECONDS, TYPING_SECONDS = 30, 5
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
USER_PRESENT_AND_VERIFIED = 0x05
HAS_KEY = 0x40


def make_app(user: User, secret: str = SECRET) -> Authenticator:
    """An authenticator app that is set up."""
    data = {"secret": get_adapter().encrypt(secret)}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)


def code_of(secret: str = SECRET) -> str:
    """What the app shows, early enough in its half a minute that a test still types it in time."""
    left = STEP_SECONDS - time.time() % STEP_SECONDS
    if left < TYPING_SECONDS:
        time.sleep(left)
    return format_hotp_value(hotp_value(secret, int(time.time()) // STEP_SECONDS))


class Passkey:
    """What a phone does: make a key, and sign with it (WebAuthn §5.1.3, §5.1.4)."""

    def __init__(self, origin: str = "http://localhost:8000", rp_id: str = "localhost") -> None:
        self.origin, self.rp_id = origin, rp_id
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(str(id(self)).encode()).digest()
        self.user_handle = ""

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        public_key = options["publicKey"]
        self.user_handle = public_key["user"]["id"]
        key = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))  # type: ignore[no-untyped-call]
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + key
        authenticator_data = self._authenticator_data(USER_PRESENT_AND_VERIFIED | HAS_KEY) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": authenticator_data})
        client_data = self._client_data("webauthn.create", public_key["challenge"])
        return self._answer({"clientDataJSON": _text(client_data), "attestationObject": _text(attestation)})

    def find(self, options: dict[str, Any], *, flags: int = USER_PRESENT_AND_VERIFIED) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        client_data = self._client_data("webauthn.get", options["publicKey"]["challenge"])
        authenticator_data = self._authenticator_data(flags)
        signed = authenticator_data + hashlib.sha256(client_data).digest()
        return self._answer(
            {
                "clientDataJSON": _text(client_data),
                "authenticatorData": _text(authenticator_data),
                "signature": _text(self.key.sign(signed, ec.ECDSA(SHA256()))),
                "userHandle": self.user_handle,
            }
        )

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        return {
            "id": _text(self.id),
            "rawId": _text(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {"credProps": {"rk": True}},
        }

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _authenticator_data(self, flags: int) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", 1)


def add_passkey(client: Client, passkey: Passkey, name: str = "My phone") -> Any:
    """Add it on the page."""
    options = client.get("/account/security/passkeys/add/").context["js_data"]["creation_options"]
    credential = json.dumps(passkey.make(json.loads(json.dumps(options))))
    return client.post("/account/security/passkeys/add/", {"name": name, "credential": credential})


def sign_in_with(client: Client, passkey: Passkey, **fields: str) -> Any:
    """Sign in with nothing else."""
    options = client.get("/account/login/passkey/").json()["request_options"]
    return client.post("/account/login/passkey/", {"credential": json.dumps(passkey.find(options)), **fields})


def _text(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
