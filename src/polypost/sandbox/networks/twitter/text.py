"""X's view of a text: its weighted length, its links as t.co addresses, its tags."""

from __future__ import annotations

import html
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import regex  # type: ignore[import-untyped]  # the package ships no types

from polypost.sandbox.networks.twitter.limits import limit
from polypost.sandbox.networks.twitter.links import links

# twitter-text configuration v3 (read 2026-11-24): code points of weight 1, everything else weighs 2.
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
_HEAVY = 2
# A flag, a keycap, or an image with its modifiers, joined to at most three more: each is one emoji.
_IMAGE = r"\p{ExtPict}(?:\p{EMod}|\uFE0F\u20E3?|[\U000E0020-\U000E007E]+\U000E007F)?"
_EMOJI = regex.compile(rf"\p{{RI}}{{2}}|[0-9#*]\uFE0F?\u20E3|{_IMAGE}(?:\u200D{_IMAGE}){{0,3}}")
_INVALID = re.compile("[\ufffe\ufeff\uffff]")
_SLUG = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?!\w)")
_HASHTAG = re.compile(r"(?<![\w&/])[#＃](\w*[^\W\d_]\w*)")
# twitter-text lets a mention have 20 characters, more than a name may have.
_MENTION = re.compile(r"(?<![\w@＠/])[@＠]([A-Za-z0-9_]{1,20})(?![\w@])")


def has_invalid_characters(text: str) -> bool:
    """Whether the text holds one of the code points that X never takes."""
    return _INVALID.search(text) is not None


def weighted_length(text: str) -> int:
    """What the text weighs against the limit: links 23, emoji 2, other characters 1 or 2."""
    normal = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text))
    weight = at = 0
    for start, end in links(normal):
        weight += _plain_weight(normal[at:start]) + limit("url_weight")
        at = end
    return weight + _plain_weight(normal[at:])


def _plain_weight(text: str) -> int:
    rest, emoji = _EMOJI.subn("", text)
    return int(emoji) * _HEAVY + sum(map(_weight, rest))


def _weight(character: str) -> int:
    point = ord(character)
    return 1 if any(low <= point <= high for low, high in _LIGHT) else _HEAVY


def cashtags(text: str) -> list[str]:
    """The cashtags in the text."""
    return [match.group(1) for match in _CASHTAG.finditer(text)]


def mentions(text: str) -> set[str]:
    """The usernames that the text mentions, in lower case."""
    return {match.group(1).lower() for match in _MENTION.finditer(text)}


def without_leading_mentions(text: str, usernames: set[str]) -> str:
    """A reply's text without the mentions at its beginning that X adds by itself and does not count."""
    while (match := _MENTION.match(text)) and match.group(1).lower() in usernames:
        text = text[match.end() :].lstrip()
    return text


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as X answers it, with the entities found in it; indices count code points."""

    text: str
    entities: dict[str, list[dict[str, Any]]]


def shown(text: str, media_link: str | None = None, media_keys: tuple[str, ...] = ()) -> Shown:
    """The text with links as t.co addresses, `&`, `<` and `>` escaped, and the media's own link at the end."""
    parts: list[str] = []
    urls: list[dict[str, Any]] = []
    length = at = 0
    for start, end in links(text):
        before = html.escape(text[at:start], quote=False)
        length += len(before)
        urls.append(_url_entity(text[start:end], length))
        parts += (before, urls[-1]["url"])
        length += len(urls[-1]["url"])
        at = end
    parts.append(html.escape(text[at:], quote=False))
    written = "".join(parts)
    if media_link is not None:
        written += " " if written else ""
        short = _short()
        # Every medium has an entity of its own, all of them with one link.
        urls += [
            {
                "start": len(written),
                "end": len(written) + len(short),
                "url": short,
                "expanded_url": media_link,
                "display_url": f"pic.x.com/{short.rpartition('/')[2]}",
                "media_key": key,
            }
            for key in media_keys
        ]
        written += short
    return Shown(written, _entities(written, urls))


def _url_entity(url: str, start: int) -> dict[str, Any]:
    short = _short()
    full = url if "://" in url else f"http://{url}"
    parts = urlsplit(full)
    label = f"{parts.netloc.removeprefix('www.')}{parts.path.rstrip('/')}{'?' + parts.query if parts.query else ''}"
    return {
        "start": start,
        "end": start + len(short),
        "url": short,
        "expanded_url": full,
        "display_url": label if len(label) <= 27 else f"{label[:26]}…",
    }


def _short() -> str:
    return "https://t.co/" + "".join(secrets.choice(_SLUG) for _ in range(10))


def _entities(text: str, urls: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {"urls": urls} if urls else {}
    for name, pattern, key in (
        ("hashtags", _HASHTAG, "tag"),
        ("cashtags", _CASHTAG, "tag"),
        ("mentions", _MENTION, "username"),
    ):
        marks = [{"start": m.start(), "end": m.end(), key: m.group(1)} for m in pattern.finditer(text)]
        if marks:
            found[name] = marks
    return found
