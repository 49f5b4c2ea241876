"""LinkedIn's "little text": how a plain text is written so that it arrives as it is, and read back.

Reserved characters carry a backslash outside of markup; an unescaped parenthesis silently cuts the post there.
Format: Microsoft Learn, LinkedIn: little Text Format, read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from polypost.platforms.linkedin.options import Mention

_RESERVED = re.compile(r"[|{}@\[\]()<>#\\*_~]")
# A number sign in a word or in a link's path is no hashtag, and becomes none when it is escaped.
_HASHTAG = re.compile(r"(?<![\w/&])#(?=[^\W_])")
_MARKUP = re.compile(
    r"""
    \\(?P<escaped>.)
    | @\[(?P<name>(?:\\.|[^\\\]])*)\]\ ?\((?P<urn>[^()]*)\)
    | \{hashtag\|\\?(?P<sign>[#\uff03])\|(?P<tag>(?:\\.|[^\\}])*)\}
    """,
    re.VERBOSE | re.DOTALL,
)
_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a mention stands in the text."""

    begin: int
    end: int
    urn: str


def spans(text: str, mentions: Sequence[Mention]) -> list[Span]:
    """The places of all mentions whose text occurs in the text, in order of the text."""
    found = [(text.find(mention.text), mention) for mention in mentions]
    places = [Span(begin, begin + len(mention.text), mention.urn) for begin, mention in found if begin >= 0]
    return sorted(places, key=lambda span: span.begin)


def commentary(text: str, mentions: Sequence[Mention] = ()) -> str:
    """The text as LinkedIn wants it: hashtags live, mentions as markup, everything else as it stands."""
    parts: list[str] = []
    at = 0
    for span in spans(text, mentions):
        parts.append(_escaped(text, at, span.begin))
        name = _RESERVED.sub(r"\\\g<0>", text[span.begin : span.end])
        parts.append(f"@[{name}]({span.urn})")
        at = span.end
    parts.append(_escaped(text, at, len(text)))
    return "".join(parts)


def _escaped(text: str, begin: int, end: int) -> str:
    """A stretch of the text; what stands around it decides whether a number sign begins a hashtag."""
    parts: list[str] = []
    at = begin
    for found in _RESERVED.finditer(text, begin, end):
        live = found[0] == "#" and found.end() < end and _HASHTAG.match(text, found.start())
        parts += [text[at : found.start()], found[0] if live else f"\\{found[0]}"]
        at = found.end()
    return "".join([*parts, text[at:end]])


def plain(written: str) -> str:
    """What a reader sees of a commentary that LinkedIn gave back."""

    def shown(found: re.Match[str]) -> str:
        if found["escaped"] is not None:
            return found["escaped"]
        if found["name"] is not None:
            return _BACKSLASH.sub(r"\1", found["name"])
        return "#" + _BACKSLASH.sub(r"\1", found["tag"])

    return _MARKUP.sub(shown, written)
