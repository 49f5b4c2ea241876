"""The files that kinds of posts name, real ones of the sizes and shapes that networks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from tests import media

from polypost.platforms.base import MediaKind

FILES: Mapping[str, tuple[MediaKind, Callable[[], bytes]]] = {
    "square.jpg": ("image", lambda: media.jpeg(1080, 1080)),
    "square-2.jpg": ("image", lambda: media.jpeg(1080, 1081)),
    "wide.jpg": ("image", lambda: media.jpeg(1280, 720)),
    "tall.jpg": ("image", lambda: media.jpeg(1000, 1250)),
    "picture.png": ("image", lambda: media.png(1200, 900)),
    "moving.gif": ("gif", lambda: media.gif(3, 640, 480)),
    "paper.pdf": ("document", media.pdf),
    # Ten seconds with sound: within what every network takes as a short film.
    "wide.mp4": ("video", lambda: media.mp4(seconds=10, width=1280, height=720, size=400_000)),
    "tall.mp4": ("video", lambda: media.mp4(seconds=10, width=720, height=1280, size=400_000)),
}


@cache
def content(name: str) -> bytes:
    """The bytes of a file."""
    return FILES[name][1]()
