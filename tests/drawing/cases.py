"""Posts to draw, by name: every network and every kind, with media that were measured and media that were not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from polypost.drawing import Drawn, draw
from polypost.platforms.base import Account, Draft, MediaKind, MediaRef
from polypost.platforms.registry import connector
from polypost.probe import Facts

ACCOUNT = Account("1", "polly", "Polly Post")
WORDS = "This is what we learned on the way to a release that nobody has to wait for. "


class Case(NamedTuple):
    """A draft for one network."""

    platform: str
    text: str = "Hello"
    media: Sequence[MediaRef] = ()
    options: dict[str, Any] = {}  # noqa: RUF012  # nobody changes it

    def drawn(self) -> Drawn:
        """The drawing."""
        network = connector(self.platform)
        assert network is not None
        options = network.options.model_validate(self.options)
        return draw(self.platform, Draft(self.text, tuple(self.media), options, ACCOUNT))


def item(
    width: int = 1600,
    height: int = 900,
    alt: str = "",
    *,
    kind: MediaKind = "image",
    known: bool = True,
    host: str = "http://media.example",
    seconds: float | None = None,
) -> MediaRef:
    """A picture or video of that size; not `known` before it was measured."""
    seconds = 42.0 if kind == "video" and seconds is None else seconds
    facts = Facts(kind, "image/png", 1, width, height, seconds) if known else None
    return MediaRef(kind, f"{host}/{width}x{height}.png", facts=facts, alt_text=alt)


Make = Callable[..., MediaRef]
THREAD = {"threadItems": [{"content": "second #two"}, {"content": "third"}]}


def _short_texts(one: Make, host: str) -> dict[str, Case]:
    """X, Bluesky, Threads, Mastodon."""
    wide, tall = one(), one(900, 1600)
    return {
        "x long": Case("twitter", WORDS * 8, (), {"longPost": True}),
        "x text": Case("twitter", "Read https://example.com/a/path/that/is/far/too/long?x=1 #tag @you"),
        "x one": Case("twitter", "x", [one(alt="A grid")]),
        "x tall": Case("twitter", "x", [tall]),
        "x unmeasured": Case("twitter", "x", [one(known=False)]),
        "x tall unmeasured": Case("twitter", "x", [one(900, 1600, known=False)]),
        "x gone": Case("twitter", "x", [replace(wide, url=f"{host}/gone.png")]),
        "x arabic": Case("twitter", "مرحبا بالعالم #وسم English"),
        "x two": Case("twitter", "x", [wide] * 2),
        "x three": Case("twitter", "x", [wide] * 3),
        "x four": Case("twitter", "x", [wide] * 4),
        "x gif": Case("twitter", "x", [one(kind="gif")]),
        "x video": Case("twitter", "x", [one(kind="video")]),
        "x poll": Case("twitter", "x", (), {"poll": {"options": ["Yes", "No"], "durationMinutes": 60}}),
        "x thread": Case("twitter", "first", (), THREAD),
        "threads tall": Case("threads", "x", [tall]),
        "threads three": Case("threads", "x", [wide, tall, wide]),
        "threads tags": Case("threads", "#one https://example.com"),
        "threads poll": Case("threads", "x", (), {"poll": {"options": ["Yes", "No"]}}),
        "threads thread": Case("threads", "first", (), THREAD),
        "bluesky lines": Case("bluesky", "\n".join(map(str, range(40)))),
        "bluesky long": Case("bluesky", WORDS * 3),
        "bluesky tall": Case("bluesky", "x", [one(500, 2000, "alt")]),
        "bluesky tall unmeasured": Case("bluesky", "x", [one(500, 2000, known=False)]),
        "bluesky covered": Case("bluesky", "x", [wide], {"labels": ["nudity"]}),
        "bluesky two": Case("bluesky", "x", [one(alt="a"), one(alt="b")]),
        "bluesky four": Case("bluesky", "x", [wide] * 4),
        "bluesky gallery": Case("bluesky", "x", [one(3000, 900), one(300, 900)] * 3),
        "bluesky card": Case(
            "bluesky",
            "x",
            (),
            {
                "card": {
                    "url": "https://www.example.com/a",
                    "title": "T",
                    "thumbnailUrl": f"{host}/1200x630.png",
                }
            },
        ),
        "bluesky thread": Case("bluesky", "first", (), THREAD),
        "mastodon long": Case("mastodon", WORDS * 60),
        "mastodon warning": Case("mastodon", WORDS * 60, [wide], {"spoilerText": "Food"}),
        "mastodon focus": Case("mastodon", "x", [tall, wide, wide], {"focus": ["0,1"]}),
        "mastodon four": Case("mastodon", "x", [one(alt="alt")] * 4),
        "mastodon link": Case("mastodon", "https://www.example.com/" + "a" * 60),
        "mastodon poll": Case(
            "mastodon",
            "x",
            (),
            {"poll": {"options": ["A", "B"], "durationMinutes": 1440, "multiple": True}},
        ),
        "mastodon thread": Case("mastodon", "first", (), THREAD),
    }


def _pictures(one: Make, host: str) -> dict[str, Case]:
    """Instagram, Facebook, TikTok, YouTube."""
    wide, tall, film = one(), one(900, 1600), one(1080, 1920, kind="video")
    return {
        "ig landscape": Case("instagram", WORDS * 4, [one(3000, 900)]),
        # Of broad letters two lines end before the characters do, whatever the font.
        "ig broad": Case("instagram", WORDS.upper() * 4, [wide]),
        "ig tall": Case("instagram", "x", [tall]),
        "ig hebrew": Case("instagram", "שלום עולם, text", [wide]),
        "ig carousel": Case("instagram", "x", [one(1000, 1000), tall, wide]),
        "ig unmeasured": Case("instagram", "x", [one(900, 1600, known=False)]),
        "ig reel": Case("instagram", WORDS * 4, [film]),
        "ig story": Case("instagram", "x", [tall], {"contentType": "story"}),
        "fb text": Case("facebook", WORDS * 12),
        "fb two": Case("facebook", "x", [wide] * 2),
        "fb three": Case("facebook", "x", [wide] * 3),
        "fb four": Case("facebook", "x", [wide] * 4),
        "fb seven": Case("facebook", "x", [wide] * 7),
        "fb tall": Case("facebook", "x", [tall]),
        "fb video": Case("facebook", "x", [one(kind="video")]),
        "fb reel": Case("facebook", "x", [film], {"contentType": "reel"}),
        "fb story": Case("facebook", "x", [film], {"contentType": "story"}),
        "fb link": Case("facebook", "x", (), {"link": "https://www.example.com/a"}),
        "tiktok video": Case("tiktok", WORDS * 4, [film]),
        "tiktok gone": Case("tiktok", "x", [replace(wide, url=f"{host}/gone.png")]),
        "tiktok photos": Case("tiktok", "Title", [wide, tall], {"description": WORDS * 4}),
        "youtube video": Case("youtube", WORDS * 4, [one(kind="video", seconds=600)]),
        "youtube short": Case("youtube", WORDS * 4, [film]),
    }


def _others(one: Make, host: str) -> dict[str, Case]:
    """LinkedIn, Pinterest, Reddit, Google."""
    wide, tall, film = one(), one(900, 1600), one(1080, 1920, kind="video")
    board, place = {"boardId": "1"}, {"subreddit": "python"}
    return {
        "linkedin text": Case("linkedin", WORDS * 12),
        "linkedin short": Case("linkedin", "Two\nlines"),
        "linkedin unknown": Case("linkedin", WORDS * 3),
        "linkedin tall": Case("linkedin", "x", [tall]),
        "linkedin three": Case("linkedin", "x", [wide] * 3),
        "linkedin six": Case("linkedin", "x", [wide] * 6),
        "linkedin video": Case("linkedin", "x", [one(kind="video")]),
        "linkedin document": Case("linkedin", "x", [one(kind="document", known=False)]),
        "linkedin article": Case(
            "linkedin", "x", (), {"articleUrl": "https://example.com/a", "articleTitle": "An article"}
        ),
        "linkedin poll": Case("linkedin", "x", (), {"poll": {"question": "Which?", "options": ["A", "B"]}}),
        "pin": Case("pinterest", WORDS * 2, [one(1000, 3000)], board | {"link": "https://www.example.com/s"}),
        "pin carousel": Case("pinterest", "x", [one(1000, 1500)] * 3, board),
        "pin video": Case("pinterest", "x", [film], board),
        "reddit text": Case("reddit", "Title\n" + WORDS * 12, (), place),
        "reddit tall": Case("reddit", "Title", [tall], place),
        "reddit tall unmeasured": Case("reddit", "Title", [one(900, 1600, known=False)], place),
        "reddit gone": Case("reddit", "Title", [replace(wide, url=f"{host}/gone.png")], place),
        "reddit gallery": Case("reddit", "Title", [wide, tall], place | {"gallery": [{"caption": "One"}]}),
        "reddit link": Case("reddit", "Title", (), place | {"url": "https://example.com/a"}),
        "reddit poll": Case(
            "reddit", "Title", (), place | {"poll": {"options": ["A", "B"], "durationDays": 3}}
        ),
        "google photo": Case(
            "googlebusiness",
            WORDS * 4,
            [tall],
            {"callToActionType": "LEARN_MORE", "callToActionUrl": "https://e.example"},
        ),
        "google event": Case(
            "googlebusiness",
            "x",
            (),
            {
                "topicType": "EVENT",
                "eventTitle": "Open day",
                "eventStartDate": "2026-12-01",
                "eventEndDate": "2026-12-02",
            },
        ),
    }


def cases(host: str = "http://media.example") -> dict[str, Case]:
    """All of them; the media stand at `host`."""
    one = partial(item, host=host)
    return _short_texts(one, host) | _pictures(one, host) | _others(one, host)
