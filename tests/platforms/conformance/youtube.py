"""YouTube."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.conformance import Case, Edge, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.youtube.options import YouTubeOptions
from polypost.probe import Facts

_FILM = Facts("video", "video/mp4", 400_000, 1280, 720, 10.0)
_VIDEO = MediaRef("video", "https://media.example/a.mp4", facts=_FILM)
_VERIFIED = Account("UC1", metadata={"long_uploads": "allowed"})
_DRAFT = Draft("", (_VIDEO,), YouTubeOptions(), _VERIFIED)
_OPTIONS = "platformSpecificData"


def _options(**given: object) -> Draft:
    return replace(_DRAFT, options=YouTubeOptions.model_validate(given))


def _film(account: Account = _VERIFIED, **facts: object) -> Draft:
    film = replace(_FILM, **facts)  # type: ignore[arg-type]  # facts come by name
    return replace(_DRAFT, media=(replace(_VIDEO, facts=film),), account=account)


def _thumbnail(**facts: object) -> Draft:
    picture = replace(Facts("image", "image/jpeg", 1000, 1280, 720), **facts)  # type: ignore[arg-type]  # facts come by name
    url = "https://media.example/a.jpg"
    return replace(_DRAFT, media=(replace(_VIDEO, thumbnail=url),), further={url: picture})


_UNVERIFIED = Account("UC1", metadata={"long_uploads": "eligible"})

CASE = Case(
    platform="youtube",
    kinds=(
        Kind("video", media=("wide.mp4",)),
        Kind("short", media=("tall.mp4",)),
        Kind(
            "video with everything",
            media=("wide.mp4",),
            thumbnail="wide.jpg",
            options=lambda _: {
                "title": "A title {mark}",
                "tags": ["one", "two words"],
                "visibility": "unlisted",
                "containsSyntheticMedia": True,
                "categoryId": "28",
                "firstComment": "First {mark}",
                "defaultLanguage": "en",
                "license": "creativeCommon",
                "embeddable": False,
                "publicStatsViewable": False,
                "notifySubscribers": False,
                "hasPaidProductPlacement": True,
            },
            followed=1,
        ),
    ),
    edges=(
        Edge("title", _options(title="x" * 100), _options(title="x" * 101), f"{_OPTIONS}.title"),
        Edge(
            "description bytes",
            replace(_DRAFT, text="ü" * 2500),
            replace(_DRAFT, text="ü" * 2500 + "x"),
            "content",
        ),
        Edge(
            "tags",
            _options(tags=["x" * 248, "y z" + "z" * 246]),
            _options(tags=["x" * 249, "y z" + "z" * 246]),
            f"{_OPTIONS}.tags",
        ),
        Edge(
            "first comment",
            _options(firstComment="x" * 10_000),
            _options(firstComment="x" * 10_001),
            f"{_OPTIONS}.firstComment",
        ),
        Edge("size", _film(size=274_877_906_944), _film(size=274_877_906_945), "mediaItems[0]"),
        Edge("length", _film(duration=43_200.0), _film(duration=43_201.0), "mediaItems[0]"),
        Edge(
            "length of unverified channels",
            _film(_UNVERIFIED, duration=900.0),
            _film(_UNVERIFIED, duration=901.0),
            "mediaItems[0]",
        ),
        Edge("count", _DRAFT, replace(_DRAFT, media=(_VIDEO, _VIDEO)), "mediaItems"),
        Edge(
            "thumbnail size",
            _thumbnail(size=2 * 1024 * 1024),
            _thumbnail(size=2 * 1024 * 1024 + 1),
            "mediaItems[0].thumbnail",
        ),
        Edge("thumbnail width", _thumbnail(width=640), _thumbnail(width=639), "mediaItems[0].thumbnail"),
    ),
    refreshes="/token",
    lasting=3599,
    dead=((400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),),
)
