"""The six characters (design §7: alphabet, made with, stored)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import pytest
from pytest_django import Settings as SettingsWrapper

from linking.codes import digest_code, display_code, generate_code, normalize_code


def test_a_code_has_six_characters_of_the_alphabet() -> None:
    seen = {character for _ in range(2000) for character in generate_code()}

    assert "".join(sorted(seen)) == "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    assert {len(generate_code()) for _ in range(50)} == {6}


def test_codes_are_made_with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def last(choices: Sequence[str]) -> str:
        return choices[-1]

    monkeypatch.setattr(secrets, "choice", last)

    assert generate_code() == "999999"


def test_a_code_is_shown_in_two_groups_of_three() -> None:
    assert display_code("ABC234") == "ABC-234"


@pytest.mark.parametrize(
    "typed",
    [
        "ABC234",
        "ABC-234",
        "abc-234",
        " aBc 2 3 4 ",
        "--ABC---234--",
        "ABC\u2011234",
        "ABC\u2013234",
        "ABC\u2014234",
        "ABC\u2212234",
        "ABC\u00a0234",
        "\tABC234\r\n",
        "ＡＢＣ－２３４",  # noqa: RUF001
        "ａｂｃ　２３４",  # noqa: RUF001
        "𝐀𝐁𝐂𝟐𝟑𝟒",  # noqa: RUF001
        "ⒶⒷⒸ②③④",
        "\u200eABC-234\u200b",
        "ABC\u00ad234",
        "ABC_234",
        "**ABC-234**",
        "`ABC-234`.",
        "“ABC-234”",
        "Your code is ABC-234. It works for ten minutes.",
        "abc\u2013234, abc-234",
    ],
)
def test_whatever_comes_along_with_a_code_is_ignored(typed: str) -> None:
    assert normalize_code(typed) == "ABC234"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "ABC23",
        "ABC2345",
        "ABC230",
        "ABC231",
        "ABC23I",
        "ABC23O",
        "АВС234",  # noqa: RUF001  (Cyrillic)
        "ΑΒΕ234",  # noqa: RUF001  (Greek)
        "ABC23\u0131",  # dotless i, whose upper case is I
        "ABC2\ufb01",  # the ligature fi: NFKC makes seven characters of six
        "🙂🙂🙂🙂🙂🙂",
        "ABC23🙂",
        "ABC\x00234",
        "ABC'--",
        "ABC$234",
        "ABC-234 or DEF-567",
        "XABC-234",
        "ABC-2345",
        "My code is ABC234",
        "A" * 10_240,
        "ABC234" + " " * 200,
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert normalize_code(typed) is None


def test_the_digest_is_64_hexadecimal_digits_and_tells_codes_apart() -> None:
    digest = digest_code("ABC234")

    assert len(digest) == 64
    assert int(digest, 16)
    assert digest == digest_code("ABC234")
    assert digest != digest_code("ABC235")


def test_the_digest_changes_with_the_server_key(settings: SettingsWrapper) -> None:
    before = digest_code("ABC234")

    settings.SECRET_KEY = "another key of this server, long enough"

    assert digest_code("ABC234") != before
