"""The translations: complete, in step with the texts, and safe to put in their place (`make messages`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from babel.messages import Message
from django.conf import settings

from tests.messages import (
    LOCALE,
    compiled,
    extract_messages,
    is_translated,
    languages,
    po_path,
    read_catalogue,
    rendered,
    updated,
)

LANGUAGES = languages()
REMEDY = f"run `make messages` and translate what it leaves empty in {LOCALE.name}/"
# What a program puts in or reads: %(name)s, %d, {name}, HTML tags, entities, and addresses.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?[a-z][^>]*>|&\w+;|https?://\S+")


def messages_of(language: str) -> Iterator[Message]:
    """The texts, without the header."""
    return (message for message in read_catalogue(language) if message.id)


def forms(text: object) -> list[str]:
    """The text, or the text in each of its plural forms."""
    return [text] if isinstance(text, str) else [str(form) for form in text or ()]  # type: ignore[attr-defined]


def test_every_language_that_is_offered_has_a_catalogue_and_the_reverse() -> None:
    offered = {language for language, _ in settings.LANGUAGES}

    assert offered == {settings.LANGUAGE_CODE, *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_the_texts_of_the_code_and_no_others(language: str) -> None:
    asked = {(message.context, message.id) for message in extract_messages() if message.id}
    held = {(message.context, message.id) for message in messages_of(language)}

    assert (asked - held, held - asked) == (set(), set()), REMEDY


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_is_as_make_messages_writes_it(language: str) -> None:
    assert po_path(language).read_text() == rendered(updated(language)), REMEDY


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_in_every_form(language: str) -> None:
    catalogue = read_catalogue(language)

    missing = [message.id for message in catalogue if message.id and not is_translated(message.string)]
    incomplete = [
        message.id
        for message in catalogue
        if message.id and message.pluralizable and len(forms(message.string)) != catalogue.num_plurals
    ]

    assert (missing, incomplete) == ([], []), REMEDY


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess_or_a_leftover(language: str) -> None:
    catalogue = read_catalogue(language)

    assert [message.id for message in catalogue if message.id and message.fuzzy] == []
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_programs_put_in_is_the_same_in_both_languages(language: str) -> None:
    unlike = [
        (original, translation)
        for message in messages_of(language)
        for original, translation in pairs(message)
        if Counter(PLACEHOLDER.findall(original)) != Counter(PLACEHOLDER.findall(translation))
    ]

    assert unlike == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_the_shape_of_the_text(language: str) -> None:
    """Paragraphs of a mail, the indented line with its code, and spaces at the ends."""
    unlike = [
        (original, translation)
        for message in messages_of(language)
        for original, translation in pairs(message)
        if shape(original) != shape(translation)
    ]

    assert unlike == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_django_loads_is_what_the_catalogue_says(language: str) -> None:
    assert po_path(language).with_suffix(".mo").read_bytes() == compiled(read_catalogue(language)), REMEDY


def pairs(message: Message) -> list[tuple[str, str]]:
    """Each form of the translation, beside the form of the text that it stands for."""
    originals, translations = forms(message.id), forms(message.string)
    return [(originals[min(number, len(originals) - 1)], text) for number, text in enumerate(translations)]


def shape(text: str) -> list[tuple[bool, int]]:
    """For each line, whether there is anything in it, and how far it is indented; an ending space counts."""
    return [(bool(line.strip()), len(line) - len(line.lstrip())) for line in text.split("\n")] + [
        (text.endswith(" "), text.count("\n"))
    ]
