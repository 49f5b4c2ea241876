"""Pinterest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.platforms.conformance import Case, Edge, Entry, Kind

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import MIB
from polypost.probe import Facts

_PICTURE = MediaRef("image", "https://media.example/a.jpg")
_OPTIONS = PinterestOptions.model_validate({"boardId": "1"})
_DRAFT = Draft("", (_PICTURE,), _OPTIONS, Account("1"))


def _on_board(**more: Any) -> Callable[[Entry], Mapping[str, Any]]:
    return lambda entry: {"boardId": entry["options"]["boardId"]} | more


def _titled(length: int) -> Draft:
    return replace(_DRAFT, options=_OPTIONS.model_copy(update={"title": "x" * length}))


def _lasting(seconds: float) -> Draft:
    facts = Facts("video", "video/mp4", MIB, 1080, 1920, duration=seconds)
    return replace(_DRAFT, media=(MediaRef("video", "https://media.example/a.mp4", facts=facts),))


CASE = Case(
    platform="pinterest",
    kinds=(
        Kind("image", media=("tall.jpg",), options=_on_board(), absent="outcome_unknown"),
        Kind("carousel", media=("square.jpg",) * 3, options=_on_board(), absent="outcome_unknown"),
        Kind("video", media=("tall.mp4",), options=_on_board(), absent="outcome_unknown", processes=True),
        Kind(
            "video with a cover",
            media=("tall.mp4",),
            options=_on_board(coverImageUrl="file:tall.jpg"),
            absent="outcome_unknown",
            processes=True,
        ),
        Kind(
            "video with a thumbnail",
            media=("wide.mp4",),
            thumbnail="wide.jpg",
            options=_on_board(),
            absent="outcome_unknown",
            processes=True,
        ),
    ),
    edges=(
        Edge("text", replace(_DRAFT, text="x" * 800), replace(_DRAFT, text="x" * 801), "content"),
        Edge("title", _titled(100), _titled(101), "platformSpecificData.title"),
        Edge(
            "items",
            replace(_DRAFT, media=(_PICTURE,) * 5),
            replace(_DRAFT, media=(_PICTURE,) * 6),
            "mediaItems",
        ),
        Edge("video length", _lasting(900), _lasting(900.1), "mediaItems[0]"),
    ),
    refreshes="/v5/oauth/token",
    lasting=30 * 86_400,
    dead=((401, {"code": 2, "message": "Authentication failed."}),),
)
