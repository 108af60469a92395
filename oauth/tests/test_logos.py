"""The logos of clients: staff's word and nobody else's, drawn anew, and never fetched from where a client says."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse
from PIL import Image, PngImagePlugin

from accounts.models import AuditEntry, User
from accounts.tests.builders import make_user
from oauth.errors import LogoRefused
from oauth.logos import KEPT_SIDE, MAX_SIDE, MAX_UPLOAD_BYTES, read_logo
from oauth.models import Client, ClientLogo
from oauth.tests.builders import make_client, make_client_document, make_client_logo
from oauth.tests.protocol import authorize_path, nothing_written

pytestmark = pytest.mark.django_db

MANUAL, DCR = Client.RegistrationSource.MANUAL, Client.RegistrationSource.DCR
CHANGELIST = "admin:oauth_clientlogo_changelist"


def picture(file_format: str = "PNG", *, size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    """A file with a red picture."""
    written = BytesIO()
    Image.new("RGB", size, "red").save(written, file_format, **options)
    return written.getvalue()


def bomb() -> bytes:
    """A PNG of a hundred bytes that says it has 8,000 pixels a side."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 8_000, 8_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def png_with_text() -> bytes:
    """A PNG that carries words beside its picture."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "<script>alert(1)</script>")
    return picture(pnginfo=words)


@pytest.fixture
def staff(browser: Browser) -> User:
    """A signed-in member of staff who may do everything."""
    user = make_user("staff@example.com", is_staff=True, is_superuser=True)
    browser.force_login(user)
    return user


def upload(browser: Browser, client: Client, file: bytes, *, change: ClientLogo | None = None) -> Any:
    """Send the admin's form."""
    page = ("change", [change.pk]) if change else ("add", [])
    form = {"client": client.pk, "upload": SimpleUploadedFile("logo.png", file)}
    return browser.post(reverse(f"admin:oauth_clientlogo_{page[0]}", args=page[1]), form)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_drawn_anew_and_small(file_format: str) -> None:
    kept = read_logo(picture(file_format))

    with Image.open(BytesIO(kept)) as drawn:
        assert (drawn.format, drawn.size) == ("PNG", (KEPT_SIDE, KEPT_SIDE * 2 // 3))
        red, green, blue, alpha = drawn.tobytes()[:4]
    assert (red > 250, green < 5, blue < 5, alpha) == (True, True, True, 255)


def test_nothing_but_the_picture_is_kept() -> None:
    file = png_with_text()

    kept = read_logo(file)

    assert b"script" in file
    assert b"script" not in kept


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "not_a_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_a_picture"),
        (picture("GIF"), "not_a_picture"),
        (picture("PDF"), "not_a_picture"),
        (picture()[:-40], "not_a_picture"),
        (picture(size=(MAX_SIDE + 1, 1)), "too_many_pixels"),
        (bomb(), "too_many_pixels"),
        (picture() + b"\0" * MAX_UPLOAD_BYTES, "too_many_bytes"),
    ],
    ids=["empty", "svg", "gif", "pdf", "breaks off", "wide", "bomb", "heavy"],
)
def test_other_files_are_refused(file: bytes, reason: str) -> None:
    with pytest.raises(LogoRefused) as refusal:
        read_logo(file)

    assert refusal.value.reason == reason


def test_staff_let_people_see_a_picture(browser: Browser, staff: User) -> None:
    client = make_client(registration_source=MANUAL)

    answer = upload(browser, client, picture())

    assert answer.status_code == 302
    entry = AuditEntry.objects.get(action="oauth.client_logo.changed")
    assert (entry.actor, entry.client_id) == (staff, client.client_id)
    page = browser.get(authorize_path(client)).content.decode()
    address = reverse("oauth:logo", args=[ClientLogo.objects.get().digest])
    assert f'src="{address}"' in page
    assert "monogram" not in page
    image = Browser().get(address)
    assert (image.status_code, image["Content-Type"]) == (200, "image/png")
    assert image["Cache-Control"] == "public, max-age=31536000, immutable"
    assert image["X-Content-Type-Options"] == "nosniff"
    assert image.content == ClientLogo.objects.get().image


def test_another_picture_has_another_address(browser: Browser, staff: User) -> None:
    client = make_client(registration_source=MANUAL)
    logo = make_client_logo(client)

    answer = upload(browser, client, picture(size=(100, 100)), change=logo)

    assert answer.status_code == 302
    assert ClientLogo.objects.get().digest != logo.digest
    assert browser.get(reverse("oauth:logo", args=[logo.digest])).status_code == 404


def test_staff_take_a_picture_away(browser: Browser, staff: User) -> None:
    client = make_client(registration_source=MANUAL)
    logo = make_client_logo(client)

    browser.post(reverse("admin:oauth_clientlogo_delete", args=[logo.pk]), {"post": "yes"})

    assert not ClientLogo.objects.exists()
    assert AuditEntry.objects.get(action="oauth.client_logo.removed").actor == staff
    assert "monogram" in browser.get(authorize_path(client)).content.decode()


def test_staff_take_many_away(browser: Browser, staff: User) -> None:
    for _ in range(2):
        make_client_logo(make_client(registration_source=MANUAL))
    chosen = [str(pk) for pk in ClientLogo.objects.values_list("pk", flat=True)]

    form = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    browser.post(reverse(CHANGELIST), form)

    assert not ClientLogo.objects.exists()
    assert AuditEntry.objects.filter(action="oauth.client_logo.removed", actor=staff).count() == 2


@pytest.mark.usefixtures("staff")
def test_a_file_that_is_no_picture_is_said_so(browser: Browser) -> None:
    client = make_client(registration_source=MANUAL)

    with nothing_written():
        answer = upload(browser, client, b"no picture")

    assert answer.status_code == 200
    assert "That is no PNG, JPEG or WebP file" in answer.content.decode()


@pytest.mark.usefixtures("staff")
def test_whoever_can_rename_itself_gets_no_picture(browser: Browser) -> None:
    """A client registers as something harmless, gets a picture, and then takes another name (RFC 7592 §2.2)."""
    client = make_client(registration_source=DCR)

    with nothing_written():
        answer = upload(browser, client, picture())

    assert "It registered itself" in answer.content.decode()


def test_one_that_registered_itself_shows_none_that_is_there(browser: Browser, staff: User) -> None:
    client = make_client(registration_source=DCR)
    make_client_logo(client)

    assert "monogram" in browser.get(authorize_path(client)).content.decode()


def test_one_with_a_document_may_have_one(browser: Browser, staff: User) -> None:
    client = make_client_document().client

    answer = upload(browser, client, picture())

    assert answer.status_code == 302


def test_only_staff_with_the_permission_let_people_see_pictures(browser: Browser) -> None:
    client = make_client(registration_source=MANUAL)
    browser.force_login(make_user("helper@example.com", is_staff=True))

    with nothing_written():
        answers = [browser.get(reverse(CHANGELIST)), upload(browser, client, picture())]

    assert [answer.status_code for answer in answers] == [403, 403]


@pytest.mark.usefixtures("staff")
def test_the_admin_shows_what_there_is(browser: Browser, staff: User) -> None:
    client = make_client(registration_source=MANUAL)
    logo = make_client_logo(client)

    pages = [browser.get(reverse(CHANGELIST)), browser.get(reverse("admin:oauth_clientlogo_change", args=[logo.pk]))]

    assert [logo.digest in page.content.decode() for page in pages] == [True, True]


def test_an_unknown_address_is_no_picture(browser: Browser) -> None:
    assert browser.get(reverse("oauth:logo", args=["0" * 64])).status_code == 404
