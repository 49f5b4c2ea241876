"""Composer against API: what the page says to a form is what `POST /v1/posts` says to the body that means the same."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx2
import pytest

from polypost import access
from polypost.dashboard.options import Field, fields_of
from polypost.platforms.registry import BUILT_IN
from tests import media
from tests.contract.tenant import Linked, Tenant, operator
from tests.dashboard.conftest import Members
from tests.processes import World

DRAFTS = 300
LETTERS = "abcdefghij klmnop\n#@éß漢字🙂👩‍👩‍👧مرحبا<&\"'"
_PROBLEM = re.compile(
    r'<li data-field="[^"]*" data-path="([^"]*)"><a [^>]*>(?:<strong[^>]*>[^<]*</strong> )?<span class="message">(.*?)</span></a>'
    r'(?: <code>.*?</code>)?(?: <span class="hint">(.*?)</span>)?</li>',
    re.DOTALL,
)
Said = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def demo(embedded: World) -> Iterator[Tenant]:
    """The sandbox's own project, which has an account on every network."""
    client = httpx2.Client(
        base_url=embedded.url, headers={"x-access-key": embedded.key}, timeout=60, trust_env=False
    )
    project = operator(embedded, access.list_projects)[0]
    accounts = [Linked(account, name, "", "") for name, account in embedded.accounts.items()]
    with client:
        yield Tenant(embedded, project.id, embedded.key, client, accounts)


@pytest.fixture(scope="module")
def uploads(demo: Tenant) -> list[tuple[str, str]]:
    """Files that the server knows: their addresses and kinds."""
    found = []
    for kind, mime, content in (
        ("image", "image/png", media.png(900, 300)),
        ("image", "image/jpeg", media.jpeg(640, 640)),
        ("gif", "image/gif", media.gif()),
    ):
        room = demo.client.post("/v1/media/upload", json={"filename": "a.bin", "mimeType": mime}).json()[
            "data"
        ]
        answer = demo.client.put(room["uploadUrl"], content=content, headers={"content-type": mime})
        assert answer.status_code == 200, answer.text
        found.append((room["publicUrl"], kind))
    return found


def test_the_page_says_what_the_api_says(
    demo: Tenant, members: Members, uploads: list[tuple[str, str]]
) -> None:
    owner = members(demo)
    spoken, wrong = 0, 0
    for seed in range(DRAFTS):
        body = _draft(random.Random(seed), demo, uploads)
        page = owner.post(f"/{demo.project_id}/compose/check", dict(_form(body)))
        assert page.status_code == 200, (seed, page.text)
        shown = [tuple(map(unescape, each)) for each in _PROBLEM.findall(page.text)]
        # What is wrong is refused and what is right is asked about only, so that nothing goes out.
        answer = demo.post(body) if shown else demo.client.post("/v1/posts/validate", json=body)
        expected: Said = [
            (each["path"], each["message"], each["hint"]) for each in answer.json().get("errors", ())
        ]
        assert answer.status_code == (400 if shown else 200), (seed, shown, answer.text)
        assert shown == expected, (seed, body)
        spoken, wrong = spoken + len(shown), wrong + bool(shown)
    # A test that meets no mistake, or nothing else, compares nothing.
    assert DRAFTS // 4 < wrong < DRAFTS
    assert spoken > DRAFTS


def _draft(chance: random.Random, local: Tenant, uploads: list[tuple[str, str]]) -> dict[str, Any]:
    """A body of the API as a form can mean it: nothing empty is said."""
    careful = chance.random() < 0.3
    # Networks with few demands, so that some drafts have nothing wrong.
    names = (
        ["twitter", "bluesky", "mastodon", "threads", "facebook", "linkedin"] if careful else list(BUILT_IN)
    )
    chosen = chance.sample(names, chance.choice([1, 1, 2, 3] if careful else [1, 2, 3, 5, 12]))
    body: dict[str, Any] = {
        "content": _text(chance, [20, 100] if careful else [5, 200, 281, 501, 3001, 6000]),
        "platforms": [_entry(chance, local, name, careful=careful) for name in chosen],
    }
    if chance.random() < 0.5:
        most = 1 if careful else chance.choice([1, 2, 4, 11, 36])
        body["mediaItems"] = [_item(chance, local, uploads, careful=careful) for _ in range(most)]
    hour = chance.random()
    if hour < 0.6:
        return body | {"publishNow": True}
    later = (datetime.now(UTC) + timedelta(days=chance.randint(1, 90))).strftime("%Y-%m-%dT%H:%M")
    odd = ["2020-01-01T09:00", "tomorrow", "2027-02-30T09:00", later]
    zones = ["UTC", "Europe/Berlin"] if careful else ["UTC", "America/New_York", "Mars/Base", "europe/berlin"]
    return body | {"scheduledFor": later if careful else chance.choice(odd), "timezone": chance.choice(zones)}


def _entry(chance: random.Random, local: Tenant, name: str, *, careful: bool) -> dict[str, Any]:
    entry = local.entry(name)
    if chance.random() < 0.3:
        entry["content"] = _text(chance, [50] if careful else [10, 290, 2300])
    fields = fields_of(name)
    needed = [each for each in fields if each.required and chance.random() < 0.9]
    picked = [] if careful else chance.sample(fields, min(len(fields), chance.choice([0, 1, 2, 4])))
    if options := {each.name: _value(chance, each) for each in dict.fromkeys([*needed, *picked])}:
        entry["platformSpecificData"] = options
    if not careful and chance.random() < 0.1:
        entry.setdefault("platformSpecificData", {})["titleColour"] = "x y"
    return entry


def _value(chance: random.Random, field: Field) -> Any:
    odd = chance.random() < 0.2
    makers: dict[str, Callable[[], Any]] = {
        "choice": lambda: "neither" if odd else chance.choice(field.choices),
        "switch": lambda: "perhaps" if odd else chance.choice([True, False]),
        "number": lambda: chance.choice(["many", -1, 2.5, 10**12]) if odd else chance.randint(1, 60),
        "lines": lambda: [_word(chance) for _ in range(chance.choice([1, 2, 5, 30]))],
        "json": lambda: chance.choice([{"a": 1}, [1, None], 7, ["x"]]),
        "text": lambda: chance.choice(
            [_word(chance), "https://example.com/x", "http://10.0.0.1/", "j" * 900]
        ),
        "group": lambda: _group(chance, field),
        "rows": lambda: [_group(chance, field) for _ in range(chance.choice([1, 2, 30]))],
    }
    return makers[field.kind]()


def _group(chance: random.Random, field: Field) -> dict[str, Any]:
    picked = [each for each in field.fields if chance.random() < (0.95 if each.required else 0.3)]
    picked = picked or [field.fields[0]]
    return {each.name: _value(chance, each) for each in picked}


def _item(
    chance: random.Random, local: Tenant, uploads: list[tuple[str, str]], *, careful: bool
) -> dict[str, Any]:
    url, kind = chance.choice([*uploads, (local.world.demo_image(), "image")])
    if not careful and chance.random() < 0.3:
        url = chance.choice(
            ["http://10.0.0.1/a.png", "ftp://example.com/a", "data:image/png;base64,AA", "a b", "x" * 3000]
        )
    item: dict[str, Any] = {"type": kind if careful else chance.choice([kind, "video", "film"]), "url": url}
    if chance.random() < 0.4:
        item["altText"] = _text(chance, [30] if careful else [30, 1001, 5001]).strip()
    if not careful and chance.random() < 0.2:
        item["thumbnail"] = chance.choice(["https://example.com/t.png", "file:///etc/passwd"])
    if not careful and chance.random() < 0.3:
        item["fit"] = chance.choice(
            [
                {"ratio": "crop", "focus": [0.5, 0.25]},
                {"ratio": "zoom"},
                {"focus": [2, 0.5]},
                {"focus": [0.1]},
                {"trim": -3},
                {"trim": 4.5},
            ]
        )
    return item


def _text(chance: random.Random, sizes: list[int]) -> str:
    size = chance.choice(sizes)
    return "x" + "".join(chance.choice(LETTERS) for _ in range(size - 1))


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("abcdé漢🙂<&\"'") for _ in range(chance.choice([1, 5, 40])))


def _form(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The form that somebody fills in to mean a body."""
    yield "content", body["content"]
    yield "account", [entry["accountId"] for entry in body["platforms"]]
    yield "when", "now" if body.get("publishNow") else "at"
    yield "at", body.get("scheduledFor", "")
    yield "zone", body.get("timezone", "UTC")
    for entry in body["platforms"]:
        if "content" in entry:
            yield f"text.{entry['accountId']}", entry["content"]
        fields = {each.name: each for each in fields_of(entry["platform"])}
        for name, value in entry.get("platformSpecificData", {}).items():
            yield from _typed(f"option.{entry['accountId']}.{name}", fields.get(name), value)
    items = body.get("mediaItems", [])
    for name in ("url", "type", "altText", "thumbnail"):
        yield f"media-{name}", [item.get(name, "") for item in items]
    fits = [item.get("fit", {}) for item in items]
    for name in ("ratio", "trim"):
        yield f"media-{name}", [str(fit.get(name, "")) for fit in fits]
    yield "media-focus", [" ".join(map(str, fit.get("focus", ()))) for fit in fits]


def _typed(place: str, field: Field | None, value: Any) -> Iterator[tuple[str, str]]:
    kind = field.kind if field else "text"
    if field is not None and kind == "group":
        for each in field.fields:
            if each.name in value:
                yield from _typed(f"{place}.{each.name}", each, value[each.name])
    elif field is not None and kind == "rows":
        for at, row in enumerate(value):
            for each in field.fields:
                if each.name in row:
                    yield from _typed(f"{place}.{at}.{each.name}", each, row[each.name])
    elif kind == "lines":
        yield place, "\r\n".join(value)
    elif isinstance(value, str):
        yield place, value
    else:
        yield place, json.dumps(value)
