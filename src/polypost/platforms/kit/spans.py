"""Links, mentions and hashtags of a text where a network has no finder of its own, in time linear in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from polypost.platforms.kit.drawing import Span

_FOUND = re.compile(
    r"(?P<link>(?<![\w@/])https?://[^\s<>\"]+)"
    r"|(?P<mention>(?<![\w@/.])@\w[\w.-]{0,80}(?:@\w[\w.-]{0,250})?)"
    r"|(?P<hashtag>(?<![\w&/])[#＃](?=\w*[^\W\d_])\w{1,200})",
    re.IGNORECASE,
)
_LOOSE_ENDS = ".,;:!?'\")]}"


def spans(text: str, shown: Callable[[str], str] | None = None) -> Iterator[Span]:
    """Every link with a scheme, mention and hashtag, in order; `shown` says what a link is shortened to."""
    for found in _FOUND.finditer(text):
        value = found.group().rstrip(_LOOSE_ENDS)
        end = found.start() + len(value)
        if found["mention"]:
            yield Span(found.start(), end, "mention", value)
        elif found["hashtag"]:
            yield Span(found.start(), end, "hashtag", value)
        elif len(value) > value.index("//") + 2:
            yield Span(found.start(), end, "link", value, shown and shown(value))


def without_scheme(link: str, most: int) -> str:
    """A link as most networks show it: without its scheme and `www.`, the end cut off."""
    plain = link.split("://", 1)[-1].removeprefix("www.")
    return plain if len(plain) <= most else f"{plain[:most]}…"


def first_link(text: str) -> str | None:
    """The first link of a text."""
    return next((span.value for span in spans(text) if span.kind == "link"), None)


def merged(found: Iterable[Span]) -> list[Span]:
    """Spans in order of the text; of two that overlap the earlier, longer one."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda each: (each.start, -each.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def web_address(link: str) -> str:
    """A link with a scheme."""
    return link if "://" in link else f"https://{link}"
