"""What LinkedIn can make of the bytes it was given."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.linkedin.limits import limit

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif"})
# Old and new office files begin with these; only PDFs are looked into.
OFFICE = (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04")
_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
Verdict = tuple[Facts | None, str | None]


def most_bytes(kind: str) -> int:
    """The largest file of a kind that is taken in at all."""
    return limit("video_bytes_max") if kind == "video" else limit("document_bytes")


def examine(path: Path, kind: str) -> Verdict:
    """The facts of a file and, where LinkedIn cannot use it, its reason."""
    if kind == "document":
        return _document(path)
    try:
        facts = probe(path)
    except (Unsupported, TooManyPixels):
        return None, "UNSUPPORTED_FORMAT"
    return facts, _image(facts) if kind == "image" else _video(facts)


def _image(facts: Facts) -> str | None:
    if facts.mime not in IMAGES:
        return "UNSUPPORTED_FORMAT"
    if (facts.width or 0) * (facts.height or 0) > limit("image_pixels"):
        return "TOO_MANY_PIXELS"
    if facts.frames and facts.frames > limit("gif_frames"):
        return "TOO_MANY_FRAMES"
    return None


def _video(facts: Facts) -> str | None:
    if facts.mime != "video/mp4":
        return "UNSUPPORTED_FORMAT"
    if not limit("video_bytes_min") <= facts.size <= limit("video_bytes_max"):
        return "INVALID_SIZE"
    # Encoders round the last frame up: a video cut at thirty minutes measures a little more.
    if facts.duration is not None:
        seconds = round(facts.duration, 1)
        if not limit("video_seconds_min") <= seconds <= limit("video_seconds_max"):
            return "INVALID_DURATION"
    return None


def _document(path: Path) -> Verdict:
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
    if size > limit("document_bytes"):
        return None, "INVALID_SIZE"
    if head.startswith(b"%PDF-"):
        facts = Facts("document", "application/pdf", size)
        return facts, "TOO_MANY_PAGES" if _pages(path) > limit("document_pages") else None
    if head.startswith(OFFICE):
        return Facts("document", "application/octet-stream", size), None
    return None, "UNSUPPORTED_FORMAT"


def _pages(path: Path) -> int:
    """How many pages a PDF names openly; those in compressed objects are not seen."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return sum(1 for _ in _PAGE.finditer(data))
