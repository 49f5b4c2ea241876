"""Which parts of a text X takes for links: with http(s) any name, without it a Latin name under a known domain.

Walks once over the text, so that 25,000 hostile characters cost no more than 25,000 friendly ones. The list of
top-level domains is X's own data and lies beside the connector; the rules here are the simulator's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources

# Everything a name with a scheme may consist of, and the narrower set for a name without one.
_NAME = re.compile(r"[\w.-]+")
_LATIN_NAME = re.compile(r"[A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f.-]+")
_SCHEMES = ("http://", "https://")
# Behind one of these a name is a tag, a mention or part of something else.
_JOINED_BEFORE = "@＠#＃$-_./"
# What goes on with @ is an e-mail address, which is no link.
_JOINED_AFTER = "@+-"
_PORT = re.compile(r":[0-9]+")
_PATH = re.compile(r"/[\w!*';:=+,.$/%#\[\]\-–~@|&()]*")
_QUERY = re.compile(r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*")
_NOT_LAST = "!*';:,.$%[]~@|&(?–"


def links(text: str) -> list[tuple[int, int]]:
    """The (start, end) of every link, in order."""
    found: list[tuple[int, int]] = []
    done = 0
    for name in _NAME.finditer(text):
        if name.end() <= done or "." not in name.group():
            continue
        begin = max(name.start(), done)
        for start, end in _with_scheme(text, begin, name.end()) or _bare(text, begin, name.end()):
            found.append((start, _tail(text, end, bare=start >= begin)))
            done = found[-1][1]
    return found


def _with_scheme(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    scheme = next((s for s in _SCHEMES if text[max(0, begin - len(s)) : begin].lower() == s), None)
    if scheme is None:
        return []
    start = begin - len(scheme)
    domain = _domain_end(text, begin, end)
    if domain is None or (start and (text[start - 1].isalnum() or text[start - 1] in "@＠#＃$")):
        return []
    return [(start, domain)]


def _bare(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    for part in _LATIN_NAME.finditer(text, begin, end):
        if part.start() and text[part.start() - 1] in _JOINED_BEFORE:
            continue
        domain = _domain_end(text, part.start(), part.end())
        if domain is not None:
            yield part.start(), domain


def _domain_end(text: str, begin: int, end: int) -> int | None:
    """The end of the longest name from `begin` whose last label is a top-level domain."""
    found, at = None, begin
    for place, label in enumerate(text[begin:end].split(".")):
        if not label or label[0] in "-_" or label[-1] in "-_":
            break
        at += len(label)
        if place and (label.lower() in _domains() or label[:4].lower() == "xn--"):
            found = at
        at += 1
    return None if found is None or text[found : found + 1] in set(_JOINED_AFTER) else found


def _tail(text: str, at: int, *, bare: bool) -> int:
    """The end of the link whose domain ends at `at`: port, path and query, without closing punctuation.

    A bare name keeps port and query only in front of or behind a path.
    """
    port = _PORT.match(text, at)
    after_port = port.end() if port else at
    path = _PATH.match(text, after_port)
    if path is None and bare:
        return at
    end = _trimmed(text, path.start(), path.end()) if path else after_port
    query = _QUERY.match(text, end)
    return _trimmed(text, query.start(), query.end()) if query else end


def _trimmed(text: str, begin: int, end: int) -> int:
    spare = text.count(")", begin, end) - text.count("(", begin, end)
    while end > begin and (text[end - 1] in _NOT_LAST or (spare > 0 and text[end - 1] == ")")):
        spare -= text[end - 1] == ")"
        end -= 1
    return end


@cache
def _domains() -> frozenset[str]:
    listed = resources.files("polypost.platforms.twitter").joinpath("tlds.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())
