"""The largest bodies that are allowed, in shapes that cost a careless server the most; each for any call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

JSON_BYTES = 512_000
FILE_BYTES = 16_000_000
ENTRIES = 50
_ITEMS = 35

# Signs of which a text may be full.
TEXTS = {
    "combining marks": "a" + "\u0301" * 60,
    "joined emoji": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "flags": "\U0001f1e9\U0001f1ea",
    "mentions": "@a.",
    "hashtags": "#a ",
    "addresses": "http://a.com/(a ",
    "newlines": "\r\n",
    "brackets": "[({",
    "domains": "\u6f22.com",
    "punctuation": "#...",
}


@dataclass(frozen=True)
class Call:
    """An operation that takes a body: its address with ids in it, and a small body that is right or nearly so."""

    method: str
    path: str
    media_type: str
    body: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


Shape = Callable[[Mapping[str, Any], list[dict[str, str]]], bytes]


def _written(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _keys(count: int) -> dict[str, int]:
    return {f"{at:x}": 1 for at in range(count)}


def _full(body: Mapping[str, Any], part: Callable[[int], bytes], *, inside: str = "") -> bytes:
    """The body with as many parts behind its keys as it may hold; `inside` is a list or an object to hold them."""
    head = _written(dict(body))[:-1] + (b"," if body else b"") + inside.encode()
    closing = {"[": b"]}", "{": b"}}"}.get(inside[-1:], b"}")
    room, parts, at = JSON_BYTES - len(head) - 8, [], 0
    while room > len(piece := part(at)) + 1:
        parts.append(piece)
        room -= len(piece) + 1
        at += 1
    return head + b",".join(parts) + closing


def _unknown(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return _full(body, lambda at: b'"%x":1' % at)


def _long_keys(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return _full(body, lambda at: b'"%x%s":1' % (at, b"k" * 990))


def _twice(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return _full(body, lambda at: b'"content":1')


def _in_parts(of: int, where: str) -> Shape:
    """Every object of every list full of unknown keys; `of` of them, so that a bound on one object does not hold."""

    def shape(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
        name = "mediaItems" if where == "mediaItems" else "platforms"
        picture = {"type": "image", "url": "https://example.com/a.jpg"}
        parts: list[dict[str, Any]] = [picture] * _ITEMS if name == "mediaItems" else [*accounts]
        most = min(of, (JSON_BYTES - 20_000) // len(parts) // len('"xxx":1,'))
        more = _keys(most)
        wrong = [part | ({"platformSpecificData": more} if where == "options" else more) for part in parts]
        return _written(dict(body) | {name: wrong})

    return shape


def _one_part(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
    small = dict(body) | {"platforms": []}
    entry = _written(accounts[0])[:-1].decode()
    return (
        _full(
            {name: value for name, value in small.items() if name != "platforms"},
            lambda at: b'"%x":1' % at,
            inside=f'"platforms":[{entry},',
        )[:-2]
        + b"}]}"
    )


def _deep(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return b'{"content":' + b"[" * 255_000 + b"]" * 255_000 + b"}"


def _deep_often(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return _full({}, lambda at: b"[" * 28 + b"]" * 28, inside='"platforms":[')


def _number(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return _written(dict(body))[:-1] + b',"size":' + b"1" * 510_000 + b"}"


def _list_of(part: bytes) -> Shape:
    """Each list of the body in turn would do; all of them share the room."""

    def shape(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
        names = [name for name, value in body.items() if isinstance(value, list)] or ["platforms"]
        times = (JSON_BYTES - 4000) // len(names) // (len(part) + 1)
        rest = {name: value for name, value in body.items() if name not in names}
        lists = b",".join(b'"%s":[%s]' % (name.encode(), b",".join([part] * times)) for name in names)
        head = _written(rest)[:-1]
        return head + (b"," if rest else b"") + lists + b"}"

    return shape


def _option_list(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
    """Lists of parts that are wrong in the options of every network."""
    each: dict[str, list[Any]] = {
        "threadItems": [{}],
        "mentions": [1],
        "tags": [1],
        "altText": [1],
        "collaborators": [1],
    }
    times = 400_000 // len(accounts) // len(_written(each))
    options = {name: value * times for name, value in each.items()}
    return _written(
        dict(body) | {"platforms": [part | {"platformSpecificData": options} for part in accounts]}
    )


def _threads(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
    """The largest options of many accounts."""
    room = 480_000 // len(accounts)
    items = [{"content": "\u6f22.com " * (room // 250)}] * 24
    entries = [part | {"platformSpecificData": {"threadItems": items}} for part in accounts]
    return _written(dict(body) | {"platforms": entries})


def text(sign: str) -> Shape:
    """One text of the largest size for all accounts, a second one in all further texts of the body."""

    def shape(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
        # As long as they may be, unless there are so many that they have to share.
        for most in (98_000, 60_000, 30_000, 10_000):
            long = sign * (most // len(sign.encode()))
            wrong = {
                name: long if isinstance(value, str) and name != "platform" else value
                for name, value in body.items()
            }
            if "platforms" in body and "content" in body:
                # A text of their own for some, that of the post for the rest.
                own = [
                    part | {"content": f"{at} {long}"[: len(long) - 4]}
                    for at, part in enumerate(accounts[:3])
                ]
                wrong["platforms"] = own + accounts[3:]
            if len(_written(wrong)) <= JSON_BYTES:
                break
        return _written(wrong)

    return shape


def _huge(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    name = next((name for name, value in body.items() if isinstance(value, str)), "content")
    return _written(dict(body) | {name: "x" * (JSON_BYTES - 3000 - len(_written(dict(body))))})


def _ids(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
    long = [part | {"accountId": f"{at}".ljust(9_500, "i")} for at, part in enumerate(accounts)]
    return _written(dict(body) | {"platforms": long})


def _nul(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return (
        _written({name: value for name, value in body.items() if name != "content"})[:-1]
        + b',"content":"'
        + rb"\u0000" * 80_000
        + b'"}'
    )


def _no_utf8(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    return b'{"content":"' + b"\xff\xfe" * 250_000 + b'"}'


def _urls(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> bytes:
    url = "http://" + "a-" * 100 + ".com/" + "%41" * 600
    items = [{"type": "image", "url": url, "thumbnail": f"{url}{at}"} for at in range(_ITEMS)]
    options = {
        "threadItems": [
            {"content": "x", "mediaItems": [{"type": "image", "url": f"{url}{at}"} for at in range(4)]}
        ]
    }
    entries = [part | {"platformSpecificData": options} for part in accounts[:40]]
    return _written(dict(body) | {"mediaItems": items, "platforms": entries})


def _times(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    rule = "FREQ=YEARLY;BYYEARDAY=" + ",".join(str(1 + at % 366) for at in range(25_000))
    zone = "Europe/" + "../" * 30_000
    return _written(
        dict(body)
        | {
            "rule": rule,
            "timezone": zone,
            "startsAt": "2" * 90_000,
            "scheduledFor": "2027-01-01T00:00:00." + "0" * 90_000,
        }
    )


def _far_rule(body: Mapping[str, Any], _: list[dict[str, str]]) -> bytes:
    """Rules that hardly ever match, in a body that is otherwise right."""
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYDAY=" + ",".join(["MO", "TU"] * 40_000)
    return _written(dict(body) | {"rule": rule})


SHAPES: dict[str, Shape] = {
    "unknown keys": _unknown,
    "unknown keys in one entry": _one_part,
    "unknown keys in entries": _in_parts(900, "platforms"),
    "unknown keys in media items": _in_parts(900, "mediaItems"),
    "unknown keys in options": _in_parts(900, "options"),
    "wrong parts in options": _option_list,
    "long keys": _long_keys,
    "one key many times": _twice,
    "deep": _deep,
    "deep and often": _deep_often,
    "long number": _number,
    "lists of numbers": _list_of(b"1"),
    "lists of nulls": _list_of(b"null"),
    "lists of objects": _list_of(b"{}"),
    "lists of lists": _list_of(b"[]"),
    "long threads": _threads,
    "long account ids": _ids,
    "NUL": _nul,
    "invalid UTF-8": _no_utf8,
    "one huge text": _huge,
    "addresses of media": _urls,
    "long times": _times,
    "long rule": _far_rule,
    **{f"text of {name}": text(sign) for name, sign in TEXTS.items()},
}


def files(body: Mapping[str, Any], accounts: list[dict[str, str]]) -> Iterator[tuple[str, str, bytes]]:
    """Files of rows: what, media type, bytes."""
    head = b"content,platforms,scheduledFor,twitter.threadItems\n"
    target = f"{accounts[0]['platform']}:{accounts[0]['accountId']}".encode()
    yield "one line", "text/csv", head + b"x" * (FILE_BYTES - 100)
    yield "one line of cells", "text/csv", head + b"a," * (FILE_BYTES // 2 - 100)
    yield "a header of cells", "text/csv", b"a," * (FILE_BYTES // 2 - 100)
    yield "quote never closed", "text/csv", head + b'"' + b"x\n" * (FILE_BYTES // 2 - 100)
    yield "cells over many lines", "text/csv", head + b'"\n",' * (FILE_BYTES // 4 - 100)
    yield "100,000 short rows", "text/csv", head + b"a,b,c,d\n" * 100_000
    deep = b'a,%s,,"%s"\n' % (target, b"[" * 200_000)
    yield "deep cells", "text/csv", head + deep * (FILE_BYTES // len(deep) // 4)
    many = b"a,%s,,\n" % (b"x:y " * 60_000)
    yield "many accounts in a cell", "text/csv", head + many * (FILE_BYTES // len(many) // 4)
    yield "one line", "application/x-ndjson", b"x" * FILE_BYTES
    yield "100,000 short lines", "application/x-ndjson", b"{}\n" * 100_000
    small = _written(dict(body) | {"platforms": [accounts[0] | _keys(880)]}) + b"\n"
    yield "rows of 880 unknown keys", "application/x-ndjson", small * (FILE_BYTES // len(small) // 4)
    for name in (
        "unknown keys in one entry",
        "unknown keys in entries",
        "wrong parts in options",
        "text of flags",
        "text of domains",
    ):
        row = SHAPES[name](body, accounts) + b"\n"
        yield f"rows of {name}", "application/x-ndjson", row * (FILE_BYTES // len(row))
