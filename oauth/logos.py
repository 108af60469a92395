"""The logos of clients: what staff let people see on the consent page, and nothing that a client names itself.

A client's own `logo_uri` (RFC 7591 §2) is never fetched nor shown: its host would learn who looks, and whoever serves a
metadata document can name any picture.
"""

from __future__ import annotations

import hashlib
from io import BytesIO

from django.db import transaction
from PIL import Image, ImageOps

from accounts.audit import record_audit
from accounts.models import User
from oauth.audit import OAuthAction
from oauth.errors import LogoRefused
from oauth.models import Client, ClientLogo

MAX_UPLOAD_BYTES = 512 * 1024
# Pixels a side: of what is read, and of what is kept, which is shown at 44 on screens of up to three times that.
MAX_SIDE, KEPT_SIDE = 2048, 132
FORMATS = ("PNG", "JPEG", "WEBP")


def read_logo(uploaded: bytes) -> bytes:
    """The picture as a small PNG, drawn anew: nothing else that the file holds is kept.

    Raises:
        LogoRefused: it is no picture of these formats, or too large; `reason` says which.
    """
    if len(uploaded) > MAX_UPLOAD_BYTES:
        raise LogoRefused("too_many_bytes")
    try:
        with Image.open(BytesIO(uploaded), formats=FORMATS) as picture:
            # Known from the file's first bytes, before anything is unpacked.
            if max(picture.size) > MAX_SIDE:
                raise LogoRefused("too_many_pixels")
            drawn = ImageOps.contain(ImageOps.exif_transpose(picture).convert("RGBA"), (KEPT_SIDE, KEPT_SIDE))
    except LogoRefused:
        raise
    except Exception:
        # Its decoders raise whatever a broken file leads them to; Django's own field for pictures catches as much.
        raise LogoRefused("not_a_picture") from None
    kept = BytesIO()
    # A copy, because what a file says beside its picture goes along otherwise.
    Image.frombytes("RGBA", drawn.size, drawn.tobytes()).save(kept, "PNG", optimize=True)
    return kept.getvalue()


@transaction.atomic
def set_client_logo(*, client: Client, image: bytes, actor: User) -> ClientLogo:
    """Let people see `image`, which `read_logo` has drawn, for the client. Staff vouch for it."""
    digest = hashlib.sha256(image).hexdigest()
    logo, _ = ClientLogo.objects.update_or_create(client=client, defaults={"image": image, "digest": digest})
    record_audit(OAuthAction.CLIENT_LOGO_CHANGED, actor=actor, client_id=client.client_id)
    return logo


@transaction.atomic
def remove_client_logo(*, logo: ClientLogo, actor: User) -> None:
    """Show the letter again."""
    logo.delete()
    record_audit(OAuthAction.CLIENT_LOGO_REMOVED, actor=actor, client_id=logo.client.client_id)
