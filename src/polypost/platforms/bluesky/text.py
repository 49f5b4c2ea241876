"""How long a text is on Bluesky, and what in it becomes a link, a mention or a tag.

Counting: lexicon app.bsky.feed.post. What is found: Bluesky docs, Links, mentions, and rich text; a link without a
scheme needs a known top-level domain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal

from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.graphemes import clusters

Kind = Literal["link", "mention", "tag"]
_SHOWN = 20
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Where a link ends: at spaces, and at signs of the East that follow a link without one.
_NOT_IN_LINK = r"\s<>\"`。、，；：！？（）「」『』【】《》〈〉…“”„«»"
_SCHEMED = re.compile(rf"(?<![a-z0-9@/])https?://[^{_NOT_IN_LINK}]+", re.IGNORECASE)
_BARE = re.compile(
    rf"(?<![\w@/.#$-])(?P<domain>(?:{_LABEL}\.){{1,20}}[a-z]{{2,24}})(?![a-z0-9@_-])(?!\.[a-z0-9])"
    rf"(?:(?::[0-9]{{1,5}})?[/?#][^{_NOT_IN_LINK}]*)?",
    re.IGNORECASE,
)
_MENTION = re.compile(
    rf"(?<![a-z0-9_.@/-])@((?:{_LABEL}\.){{1,20}}[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)", re.IGNORECASE
)
_BREAKS_TAG = r"\s\u00ad\u200a-\u200d\u2060\u20e2"
_TAG = re.compile(rf"(?:(?<=\s)|^|(?<=[(（「]))[#＃](?!\ufe0f)([^{_BREAKS_TAG}]+)", re.MULTILINE)
_TICKER = re.compile(r"(?<![^\s(（])\$([A-Za-z][A-Za-z0-9]{0,4})(?=[\s.,;:!?)）\"'’]|$)")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_LOOSE_ENDS = ".,;:!?'*_~"
_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Span:
    """Something in a text: where it stands in characters, and its value (an address, a handle, a tag)."""

    start: int
    end: int
    kind: Kind
    value: str


@lru_cache(maxsize=32)
def graphemes(text: str) -> int:
    """How many characters a person sees: what Bluesky counts."""
    return len(text) if text.isascii() and "\r" not in text else sum(1 for _ in clusters().finditer(text))


def byte_length(text: str) -> int:
    """How many bytes the text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def invalid_characters(text: str) -> list[str]:
    """Characters that cannot be sent, as `U+D83D`, each once, in order."""
    return list(dict.fromkeys(f"U+{ord(found):04X}" for found in _SURROGATES.findall(text)))


def last_words(text: str, most: int, most_bytes: int) -> str:
    """The last few characters that still fit, to show where a text has to end."""
    end = size = 0
    for count, cluster in enumerate(clusters().finditer(text), 1):
        size += byte_length(cluster.group())
        if count > most or size > most_bytes:
            break
        end = cluster.end()
    fits = text[:end].rstrip()
    if len(fits) <= _SHOWN:
        return fits
    tail = "".join(clusters().findall(fits[-4 * _SHOWN :])[-_SHOWN:])
    return f"…{tail.partition(' ')[2] or tail}"


def spans(text: str) -> list[Span]:
    """Every link, mention and tag, in order; none overlaps another."""
    found = sorted([*_links(text), *_mentions(text), *_tags(text)], key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def mentioned(texts: Iterable[str]) -> list[str]:
    """The handles that texts mention, each once."""
    return list(dict.fromkeys(span.value for text in texts for span in spans(text) if span.kind == "mention"))


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The text's facets; places are counted in bytes of UTF-8. A mention without a DID in `dids` is left plain."""
    made: list[dict[str, Any]] = []
    # Servers do not check the places (reference server 0.4.217): a wrong one marks a wrong part of the text.
    at = place = 0
    for span in spans(text):
        feature = _feature(span, dids)
        if feature is None:
            continue
        begin = place + byte_length(text[at : span.start])
        end = begin + byte_length(text[span.start : span.end])
        at, place = span.end, end
        made.append({"index": {"byteStart": begin, "byteEnd": end}, "features": [feature]})
    return made


def _feature(span: Span, dids: Mapping[str, str]) -> dict[str, str] | None:
    kind = f"app.bsky.richtext.facet#{span.kind}"
    if span.kind == "mention":
        did = dids.get(span.value)
        return {"$type": kind, "did": did} if did else None
    return {"$type": kind, {"link": "uri", "tag": "tag"}[span.kind]: span.value}


def _links(text: str) -> Iterator[Span]:
    for found in _SCHEMED.finditer(text):
        link = _trimmed(found.group())
        if len(link) > link.index("//") + 2:
            yield Span(found.start(), found.start() + len(link), "link", link)
    if "." not in text:
        return
    for found in _BARE.finditer(text):
        if found["domain"].rpartition(".")[2].lower() in _top_level_domains():
            link = _trimmed(found.group())
            yield Span(found.start(), found.start() + len(link), "link", f"https://{link}")


def _trimmed(link: str) -> str:
    """The link without the punctuation of the sentence around it; brackets stay when they are paired."""
    while link:
        last = link[-1]
        opening = _PAIRS.get(last)
        if last in _LOOSE_ENDS or (opening and link.count(opening) < link.count(last)):
            link = link[:-1]
        else:
            break
    return link


def _mentions(text: str) -> Iterator[Span]:
    for found in _MENTION.finditer(text):
        yield Span(found.start(), found.end(), "mention", found[1].lower())


def _tags(text: str) -> Iterator[Span]:
    for found in _TAG.finditer(text):
        tag = found[1]
        while tag and unicodedata.category(tag[-1]).startswith("P"):
            tag = tag[:-1]
        says_something = any(not sign.isdigit() and unicodedata.category(sign)[0] != "P" for sign in tag)
        short = graphemes(tag) <= SPEC.limit("tag_graphemes") and byte_length(tag) <= SPEC.limit("tag_bytes")
        if says_something and short:
            yield Span(found.start(), found.start() + 1 + len(tag), "tag", tag)
    for found in _TICKER.finditer(text):
        # A stock's sign is a tag, too, and keeps its dollar.
        yield Span(found.start(), found.end(), "tag", f"${found[1].upper()}")


@cache
def _top_level_domains() -> frozenset[str]:
    listed = resources.files("polypost.platforms.bluesky").joinpath("tlds.txt").read_text(encoding="utf-8")
    return frozenset(listed.split())
