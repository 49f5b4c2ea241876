"""Words in the reader's language: English stands in templates and code, the catalogues in `locale` have the others."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources

ENGLISH = "en"
FILE = "polypost.mo"
_FOLDER = resources.files("polypost.dashboard").joinpath("locale")
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
# More wishes than a browser has; the rest is not read.
_MOST_WISHES = 20


class Translated:
    """Marks an error whose sentences are in the language of the visit already."""


def phrase(text: str) -> str:
    """The same text: marks what is said later, and translated where it is said, so that catalogues have it."""
    return text


def words(text: str, language: str = ENGLISH) -> str:
    """A sentence in a language; as it is where the catalogue has no other."""
    # The empty text is a catalogue's own heading.
    return _catalogue(language).gettext(text) if text else ""


def several(one: str, many: str, count: int, language: str = ENGLISH) -> str:
    """A sentence about one thing or several in a language."""
    return _catalogue(language).ngettext(one, many, count)


def direction(language: str) -> str:
    """How a language is written: `ltr` or `rtl`."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


@cache
def languages() -> Sequence[str]:
    """English, and the languages of which there is a catalogue."""
    found = [each.name for each in _FOLDER.iterdir() if each.joinpath(FILE).is_file()]
    return (ENGLISH, *sorted(found))


@lru_cache(256)
def language_for(wishes: str) -> str:
    """The language that a browser asks for first, by its `Accept-Language`, among those that there are."""
    there = {each.lower(): each for each in languages()}
    ranked = sorted(map(_wish, wishes.lower().split(",")[:_MOST_WISHES]), key=lambda each: -each[1])
    for wish, rank in ranked:
        parts = wish.split("-")
        for most in range(len(parts), 0, -1):
            if rank > 0 and (found := there.get("-".join(parts[:most]))):
                return found
    return ENGLISH


def _wish(text: str) -> tuple[str, float]:
    tag, _, rank = text.partition(";")
    try:
        return tag.strip(), float(rank.strip().removeprefix("q=") or 1)
    except ValueError:
        return tag.strip(), 0


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    with _FOLDER.joinpath(language, FILE).open("rb") as file:
        return gettext.GNUTranslations(file)
