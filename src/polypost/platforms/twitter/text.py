"""How long a text is on X, which counts by weight: configuration 3 of twitter-text.

The library of that name is not used here: its expressions need minutes for some texts of 25,000 characters,
it does not know emoji newer than 2019, and it needs a module that Python's setuptools no longer has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

from polypost.platforms.graphemes import clusters
from polypost.platforms.twitter.spec import SPEC
from polypost.platforms.twitter.urls import find_urls

_LIGHT = re.compile(r"[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
_HEAVY = re.compile(_LIGHT.pattern.replace("[", "[^", 1))
_INVALID = re.compile(r"[\ufffe\ufeff\uffff\ud800-\udfff]")
_HEAVY_WEIGHT = 2
_SHOWN = 20

Unit = tuple[int, int]


def normalised(text: str) -> str:
    """The text as X counts it: composed (NFC), one character for each end of line."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")


# One text often goes to many accounts, and the longest a body may carry takes a tenth of a second.
@lru_cache(maxsize=16)
def weighted_length(text: str) -> int:
    """The weight of a text: 23 for a link, 2 for an emoji, 1 or 2 for any other code point."""
    if text.isascii() and "." not in text:
        return len(text) - text.count("\r\n")
    return sum(weight for _, weight in _units(normalised(text)))


def surely_fits(text: str, limit: int) -> bool:
    """Whether the text weighs at most `limit` whatever its links and emoji; False where only weighing can tell."""
    text = normalised(text)
    # Every link has a dot, and none weighs more than that of a link besides its own characters.
    most = len(text) + (_HEAVY_WEIGHT - 1) * len(_HEAVY.findall(text)) + SPEC.limit("url") * text.count(".")
    return most <= limit


def invalid_characters(text: str) -> list[str]:
    """The characters that X does not take in any text, as `U+FEFF`, each once, in order."""
    return list(dict.fromkeys(f"U+{ord(found):04X}" for found in _INVALID.findall(text)))


def shortened(text: str, limit: int) -> str:
    """The longest start of the text that weighs at most `limit` and cuts no link and no visible character."""
    text = normalised(text)
    end = weight = 0
    for stop, added in _units(text):
        weight += added
        if weight > limit:
            break
        end = stop
    else:
        return text
    return text[: _boundary(text, end)]


@lru_cache(maxsize=16)
def last_words(text: str, limit: int) -> str:
    """The last few characters that still fit, to show where a text has to end."""
    fits = shortened(text, limit).rstrip()
    if len(fits) <= _SHOWN:
        return fits
    tail = fits[_boundary(fits, len(fits) - _SHOWN) :]
    return f"…{tail.partition(' ')[2] or tail}"


def _units(text: str) -> Iterator[Unit]:
    """(end, weight) of everything that counts as one: links, emoji, single code points."""
    at, link = 0, SPEC.limit("url")
    for begin, end in _links(text):
        yield from _plain_units(text, at, begin)
        yield end, link
        at = end
    yield from _plain_units(text, at, len(text))


# The length of a text and the place where it would have to end both need its links, which take most of the time.
_links = lru_cache(maxsize=16)(find_urls)


def _plain_units(text: str, begin: int, end: int) -> Iterator[Unit]:
    if text.isascii():
        yield from ((at + 1, 1) for at in range(begin, end))
        return
    for found in _emoji().finditer(text, begin, end):
        yield from _code_points(text, begin, found.start())
        begin = found.end()
        yield begin, _HEAVY_WEIGHT
    yield from _code_points(text, begin, end)


def _code_points(text: str, begin: int, end: int) -> Iterator[Unit]:
    for at in range(begin, end):
        yield at + 1, 1 if _LIGHT.match(text, at) else _HEAVY_WEIGHT


def _boundary(text: str, end: int) -> int:
    """The last place up to `end` that stands between two visible characters."""
    if text.isascii():
        return end
    cut = 0
    for cluster in clusters().finditer(text):
        if cluster.end() > end:
            break
        cut = cluster.end()
    return int(cut)


@cache
def _emoji() -> Any:
    """Emoji: Unicode's own grammar for them, UTS #51."""
    # Imported when the first text needs it: most servers sit idle most of the time.
    import regex  # type: ignore[import-untyped]  # the package ships no types

    element = (
        r"\p{Extended_Pictographic}"
        r"(?:\p{Emoji_Modifier}|\uFE0F\u20E3?|[\U000E0020-\U000E007E]{1,6}\U000E007F)?"
    )
    # The grammar sets no end to a sequence, but none in use has more than four parts.
    sequence = rf"{element}(?:\u200D{element}){{0,3}}"
    emoji = rf"[0-9#*]\uFE0F?\u20E3|\p{{Regional_Indicator}}{{2}}|{sequence}"
    return regex.compile(emoji)
