"""How long a text is on Threads, and which links it holds.

Meta for Developers, Threads API: Posts (500 characters, emojis as their UTF-8 bytes) and Text Attachments (how links
are counted), read 2026-11-24.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from polypost.platforms.graphemes import clusters

_WEB = re.compile(r"(?<![\w@./])(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_CLOSING = ".,;:!?'\")]}"
_VARIATION, _KEYCAP = "\ufe0f", "\u20e3"


# One text often goes to many accounts.
@lru_cache(maxsize=16)
def threads_length(text: str) -> int:
    """The length that Threads compares with its limit."""
    return sum(weight for _, weight in _weights(text))


def cut_at(text: str, most: int) -> str:
    """The longest beginning of a text that fits, without half a character."""
    fits, used = 0, 0
    for cluster, weight in _weights(text):
        used += weight
        if used > most:
            break
        fits += len(cluster)
    return text[:fits]


def _weights(text: str) -> Iterator[tuple[str, int]]:
    """What a reader sees as one character, with what it counts."""
    if text.isascii():
        yield from ((sign, 1) for sign in text)
        return
    # Imported here: an idle server does without it.
    import regex  # type: ignore[import-untyped]  # the package ships no types

    shown_as_emoji = regex.compile(r"\p{Emoji_Presentation}")
    may_be_emoji = regex.compile(r"\p{Emoji}")
    for found in clusters().finditer(text):
        cluster = found.group()
        # A digit becomes an emoji by the keycap, a sign like ☎ by the variation.
        made = _KEYCAP in cluster or (_VARIATION in cluster and may_be_emoji.match(cluster))
        emoji = bool(made) or shown_as_emoji.search(cluster) is not None
        yield cluster, len(cluster.encode()) if emoji else len(cluster)


def different_links(text: str, attached: Iterable[str | None] = ()) -> int:
    """How many different links a post has, those attached to it among them."""
    found = [match.group().rstrip(_CLOSING) for match in _WEB.finditer(text)]
    return len({_essence(link) for link in (*found, *attached) if link})


def _essence(link: str) -> tuple[str, str, str]:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        # Brackets that hold no IPv6 address: nothing to simplify.
        return link, "", ""
    return (parts.hostname or "").removeprefix("www."), parts.path.rstrip("/"), parts.query
