"""LinkedIn's "little text": what a commentary says once its markup is understood.

Grammar: Microsoft Learn, LinkedIn: little Text Format, read 2026-11-24. Unescaped, the reserved characters belong to
markup; an opening parenthesis that belongs to none ends the text there, and LinkedIn does not say so.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

RESERVED = frozenset("|{}@[]()<>#\\*_~")
_MENTION = re.compile(
    r"@\[((?:\\.|[^\\\]\[])+)\] ?\((urn:li:(?:person|organization):[A-Za-z0-9_-]+)\)", re.DOTALL
)
_TEMPLATE = re.compile(r"\{hashtag\|\\?[#\uff03]\|((?:\\.|[^\\{}|])+)\}", re.DOTALL)
_TAG = re.compile(r"#([^\W_]+)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: plain, a hashtag (`kind` "hashtag", `text` without the sign), or a mention with its `urn`."""

    text: str
    kind: str = "text"
    urn: str = ""

    @property
    def shown(self) -> str:
        """As a reader sees it."""
        return f"#{self.text}" if self.kind == "hashtag" else self.text

    @property
    def little(self) -> str:
        """As the API gives it back."""
        if self.kind == "hashtag":
            return f"{{hashtag|\\#|{escaped(self.text)}}}"
        if self.kind == "mention":
            return f"@[{escaped(self.text)}]({self.urn})"
        return escaped(self.text)


@dataclass(frozen=True, slots=True)
class Little:
    """A commentary that was read. `loose` are the reserved characters that stood unescaped outside of markup; `cut`
    tells that the last of them was an opening parenthesis, behind which nothing was read.
    """

    pieces: tuple[Piece, ...]
    loose: str = ""
    cut: bool = False

    @property
    def text(self) -> str:
        """The whole text as a reader sees it."""
        return "".join(piece.shown for piece in self.pieces)

    @property
    def little(self) -> str:
        """The commentary as the API gives it back."""
        return "".join(piece.little for piece in self.pieces)


def escaped(text: str) -> str:
    """Plain text with a backslash before each reserved character."""
    return "".join(f"\\{char}" if char in RESERVED else char for char in text)


def unescaped(text: str) -> str:
    """A stretch of markup's inner text without its backslashes."""
    return _ESCAPED.sub(r"\1", text)


def read(commentary: str, name_of: Callable[[str], str | None] = lambda _: None) -> Little:
    """Read a commentary; `name_of` gives an entity's name, without which a mention is plain text.

    An organization is mentioned by its whole name, a person by any part of it.
    """
    pieces: list[Piece] = []
    plain: list[str] = []
    loose: list[str] = []
    at = 0
    while at < len(commentary):
        char = commentary[at]
        found, piece = _markup(commentary, at, name_of)
        if piece is not None:
            pieces += [Piece("".join(plain)), piece]
            plain = []
            at = found
            continue
        if char == "\\" and at + 1 < len(commentary):
            plain.append(commentary[at + 1])
            at += 2
            continue
        if char in RESERVED:
            loose.append(char)
            if char == "(":
                break
        plain.append(char)
        at += 1
    pieces.append(Piece("".join(plain)))
    return Little(tuple(piece for piece in pieces if piece.text), "".join(loose), cut=loose[-1:] == ["("])


def _markup(commentary: str, at: int, name_of: Callable[[str], str | None]) -> tuple[int, Piece | None]:
    """The markup that begins at `at`, with where it ends; None where there is none."""
    match commentary[at]:
        case "@":
            if found := _MENTION.match(commentary, at):
                text = unescaped(found[1])
                named = _names(text, found[2], name_of(found[2]))
                return found.end(), Piece(text, "mention", found[2]) if named else Piece(text)
        case "{":
            if found := _TEMPLATE.match(commentary, at):
                return found.end(), Piece(unescaped(found[1]), "hashtag")
        case "#":
            if found := _TAG.match(commentary, at):
                return found.end(), Piece(found[1], "hashtag")
    return at, None


def _names(text: str, urn: str, name: str | None) -> bool:
    if name is None:
        return False
    return text == name if urn.startswith("urn:li:organization:") else text in name
