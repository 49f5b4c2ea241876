"""Where a text folds: by characters as the network counts them, by lines as far as they can be known without a browser."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from polypost.drawing.model import By, DrawnText
from polypost.platforms.graphemes import clusters
from polypost.platforms.kit.drawing import Fold, Span

# Fonts differ from system to system; between these two lies the width of any that networks use.
NARROW, WIDE = 0.8, 1.3
_THIN = frozenset("iljtfrI.,:;'!|()[] /\\-`")
_BROAD = frozenset("mwMW@%—…")
_WIDTHS = {"W": 1.0, "F": 1.0}


@dataclass(frozen=True, slots=True)
class Measure:
    """The width of a text's column and the size of its letters."""

    width: float
    size: float


def plain(text: str) -> str:
    """The text as it is shown: composed, one character for each end of line, nothing around it."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def drawn_text(
    text: str, fold: Fold, measure: Measure, most: int, spans: Iterable[Span], *, lead: str = ""
) -> DrawnText:
    """The text of a post and its fold; of more than `most` characters it shows no more."""
    content = text[:most]
    by: By = "whole"
    folded: bool | None = False
    visible, estimated = content, False
    lead = lead if fold.lead else ""
    if fold.hidden:
        by, folded, visible = "hidden", True, ""
    elif fold.characters is not None:
        by, visible = "characters", _cut(fold, content)
        folded = visible != content
    if fold.lines is not None and not fold.hidden:
        # Of two ends the first holds.
        over, shorter, guessed = _by_lines(visible, fold, measure, lead)
        if over or not folded:
            by, folded, visible, estimated = "lines", over, shorter, guessed
    cut = len(content) < len(text)
    if cut and folded is False and by == "lines":
        # What is left out might have made it fold.
        folded = None
    return DrawnText(
        content=content,
        visible=visible,
        folded=folded,
        by=by,
        more=fold.more,
        lines=int(fold.lines) if fold.lines else None,
        characters=int(fold.characters) if fold.characters else None,
        width=measure.width,
        estimated=estimated,
        cut=cut,
        spans=[span for span in spans if span.end <= len(content)],
        lead=lead,
    )


def _cut(fold: Fold, text: str) -> str:
    most = int(fold.characters or 0)
    if fold.cut is not None:
        cut = fold.cut(text, most)
        return cut if text.startswith(cut) else text[: len(cut)]
    if len(text) <= most:
        return text
    end = 0
    for count, cluster in enumerate(clusters().finditer(text), 1):
        if count > most:
            return text[:end]
        end = cluster.end()
    return text


def _by_lines(text: str, fold: Fold, measure: Measure, lead: str) -> tuple[bool | None, str, bool]:
    """Whether it folds, what stays visible, and whether that is a guess."""
    assert fold.lines is not None
    over = int(fold.over or fold.lines)
    if fold.breaks:
        if text.count("\n") < over:
            return False, text, False
        return True, "\n".join(text.split("\n", over)[:over]), False
    at_least = _ends(text, measure, over + 1, NARROW, lead)
    at_most = _ends(text, measure, over + 1, WIDE, lead)
    folded = True if len(at_least) > over else None if len(at_most) > over else False
    if folded is False:
        return False, text, False
    ends = _ends(text, measure, int(fold.lines), 1.0, lead)
    return folded, text[: ends[-1]].rstrip(), True


def _ends(text: str, measure: Measure, most: int, factor: float, lead: str) -> Sequence[int]:
    """Where the first lines end when each letter is `factor` times as wide as usual; at most `most` of them."""
    room = measure.width / (measure.size * factor)
    ends: list[int] = []
    used = sum(map(_width, lead)) * 1.1 + 0.28 if lead else 0.0
    word_start, word = 0, 0.0
    for at, sign in enumerate(text):
        if len(ends) == most:
            return ends
        if sign == "\n":
            ends.append(at)
            used, word, word_start = 0.0, 0.0, at + 1
            continue
        width = _width(sign)
        used += width
        if sign == " " or width >= 1.0:
            word, word_start = 0.0, at + 1
            # A space at the end of a line needs no room.
            if sign == " ":
                continue
        else:
            word += width
        if used > room:
            breaks = word_start if word < used else at
            ends.append(breaks)
            used = word if word < used else width
            if breaks == at:
                word, word_start = width, at
    ends.append(len(text))
    return ends[:most]


def _width(sign: str) -> float:
    """The width of a letter in parts of the font's size, as sans-serif fonts have it on average."""
    if sign in _THIN:
        return 0.28
    if sign in _BROAD:
        return 0.87
    if sign.isascii():
        return 0.66 if sign.isupper() else 0.54
    if unicodedata.category(sign) in {"Mn", "Me", "Cf"}:
        return 0.0
    wide = _WIDTHS.get(unicodedata.east_asian_width(sign))
    return 1.25 if sign > "\U0001f000" else wide or 0.58
