"""How long a text is on Mastodon: visible characters, an address as 23, of `@user@domain` only `@user`."""

from __future__ import annotations

import re
from functools import lru_cache

from polypost.platforms.graphemes import clusters

_NO_LABEL = r"\s!#%&'()*+,\\/:;<=>?@\[\]^{|}~$."
_LABEL = rf"[^{_NO_LABEL}_-](?:[^{_NO_LABEL}]{{0,61}}[^{_NO_LABEL}_-])?"
_IN_PATH = r"\w!*';:=+,.$/%#\[\]\-–~@|&"
_PATH_END = r"\w+\-=#/"
# A pair of parentheses may hold another pair, and no more.
_PAIR = rf"\((?:[{_IN_PATH}]+|[{_IN_PATH}]*\([{_IN_PATH}]+\)[{_IN_PATH}]*)\)"
# What twitter-text takes for a link, with a scheme and under any top-level domain. A path ends in a letter, a digit or
# a pair of parentheses, so that the full stop behind a link is no part of it.
_URL = re.compile(
    rf"(?<![A-Za-z0-9@＠$#＃])https?://(?:{_LABEL}\.)+(?:xn--[a-z0-9-]{{1,59}}|[^\W\d_]{{2,63}})(?![0-9a-z@+-])(?::[0-9]+)?"
    rf"(?:/(?:(?:[{_IN_PATH}]|{_PAIR})*(?:[{_PATH_END}]|{_PAIR}))?)?"
    r"(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/])?",
    re.IGNORECASE,
)
_MENTION = re.compile(r"(?<![=/\w])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)@\w+(?:[.-]+\w+)*", re.IGNORECASE)
_ANY_MENTION = re.compile(r"(?<![=/\w])@[a-z0-9_]", re.IGNORECASE)


# One text often goes to many accounts.
@lru_cache(maxsize=16)
def length(text: str, per_url: int) -> int:
    """What a text counts against a server's limit."""
    links = 0
    parts, at = [], 0
    for link in _URL.finditer(text):
        parts.append(text[at : link.start()])
        links += 1
        at = link.end()
    parts.append(text[at:])
    return links * per_url + sum(graphemes(_MENTION.sub(r"@\1", part)) for part in parts)


def graphemes(text: str) -> int:
    """How many characters a reader sees."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in clusters().finditer(text))


def mentions_anybody(text: str) -> bool:
    """Whether a text mentions somebody, who is then told."""
    return _ANY_MENTION.search(text) is not None
