"""Mastodon's view of a text: its length, its HTML, the people and tags in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import regex  # type: ignore[import-untyped]  # the package ships no types

from polypost.sandbox.networks.mastodon.limits import limit

_GRAPHEME = regex.compile(r"\X")
# Whatever is no punctuation or space may stand in a name, images too.
_BREAKS = r"\s!-,./:-@\[-^`{-~"
_LABEL = rf"[^{_BREAKS}_-](?:[^{_BREAKS}]{{0,61}}[^{_BREAKS}_-])?"
_HOST = re.compile(
    rf"(?<![A-Za-z0-9@＠$#＃])https?://(?:{_LABEL}\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})(?![0-9a-z@+-])(?::\d+)?",
    re.IGNORECASE,
)
_CHARACTER = r"[\w!*';:=+,.$/%#\[\]\-~@|&–]"
_NESTED = rf"\({_CHARACTER}+\)|\({_CHARACTER}*\({_CHARACTER}+\){_CHARACTER}*\)"
_PATH = re.compile(rf"/(?:{_CHARACTER}|{_NESTED})*")
_QUERY = re.compile(r"\?[A-Za-z0-9_!?*'@();:&=+$/%#\[\]\-.,~|]*")
_PATH_NOT_LAST = "!*';:,.$%[]~@|&–"
_QUERY_NOT_LAST = "!?*'@();:+$%[].,~|"
_MENTION = re.compile(r"(?<![=/\w])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?:@(\w+(?:[.-]+\w+)*))?", re.IGNORECASE)
_TAG = re.compile(r"(?<![\w/&)])#(\w*[^\W\d]\w*)")


def graphemes(text: str) -> int:
    """How many characters a person sees."""
    return len(_GRAPHEME.findall(text))


def links(text: str) -> Iterator[tuple[int, int]]:
    """The (start, end) of every address with http or https: a host, what of a path and a query ends well."""
    done = 0
    for host in _HOST.finditer(text):
        if host.start() < done:
            continue
        path = _PATH.match(text, host.end())
        end = path.end() if path else host.end()
        while path and text[end - 1] in _PATH_NOT_LAST:
            end -= 1
        if query := _QUERY.match(text, end):
            last = query.end()
            while text[last - 1] in _QUERY_NOT_LAST and last > end:
                last -= 1
            end = last
        done = end
        yield host.start(), end


def length(text: str, spoiler: str = "", *, per_url: int | None = None) -> int:
    """What counts against the limit: an address 23 characters, of `@user@domain` only `@user`, the warning too."""
    most, plain, at = limit("url_characters") if per_url is None else per_url, [], 0
    total = 0
    for start, end in links(text):
        plain.append(text[at:start])
        total += most
        at = end
    plain.append(text[at:])
    rest = (_MENTION.sub(lambda found: f"@{found[1]}", part) for part in plain)
    return total + sum(map(graphemes, rest)) + graphemes(spoiler)


def mentioned(text: str) -> list[tuple[str, str | None]]:
    """(name, domain) of everybody the text mentions, each once."""
    return list(dict.fromkeys((found[1], found[2]) for found in _MENTION.finditer(text)))


def tags(text: str) -> list[str]:
    """The hashtags in lower case, each once."""
    return list(dict.fromkeys(found[1].lower() for found in _TAG.finditer(text)))


def as_html(text: str, people: dict[str, dict[str, Any]], tag_url: Callable[[str], str]) -> str:
    """The `content` of a status. `people` are the mentions that lead somewhere, by what was written."""
    paragraphs = [part for part in re.split(r"\n{2,}", text.replace("\r\n", "\n").strip()) if part]
    return "".join(f"<p>{_inline(part, people, tag_url)}</p>" for part in paragraphs)


def _inline(text: str, people: dict[str, dict[str, Any]], tag_url: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in links(text):
        parts += (_marked(text[at:start], people, tag_url), _anchor(text[start:end]))
        at = end
    parts.append(_marked(text[at:], people, tag_url))
    return "".join(parts).replace("\n", "<br />")


def _anchor(url: str) -> str:
    scheme, _, rest = url.partition("://")
    # The server's formatter shows 30 characters of a link and hides the rest.
    shown = rest[:30]
    tail = f'<span class="invisible">{escape(rest[30:])}</span>' if len(rest) > 30 else ""
    return (
        f'<a href="{escape(url)}" target="_blank" rel="nofollow noopener noreferrer" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="{"ellipsis" if tail else ""}">{escape(shown)}</span>'
        f"{tail}</a>"
    )


def _marked(text: str, people: dict[str, dict[str, Any]], tag_url: Callable[[str], str]) -> str:
    parts: list[str] = []
    at = 0
    marks = [
        *((found, True) for found in _MENTION.finditer(text)),
        *((found, False) for found in _TAG.finditer(text)),
    ]
    for found, person in sorted(marks, key=lambda mark: mark[0].start()):
        known = people.get(found[0].lower()) if person else None
        if found.start() < at or (person and known is None):
            continue
        parts.append(escape(text[at : found.start()]))
        if known is not None:
            parts.append(
                f'<span class="h-card" translate="no"><a href="{escape(known["url"])}" class="u-url mention">'
                f"@<span>{escape(known['username'])}</span></a></span>"
            )
        else:
            parts.append(
                f'<a href="{escape(tag_url(found[1].lower()))}" class="mention hashtag" rel="tag">'
                f"#<span>{escape(found[1])}</span></a>"
            )
        at = found.end()
    parts.append(escape(text[at:]))
    return "".join(parts)
