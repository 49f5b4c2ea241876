"""Bytes to facts: what kind of file this is, and the numbers the networks have rules about.

Only headers are read and nothing is decoded, so a hostile file costs a bounded number of small reads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from polypost.probe import ebml, images, isobmff
from polypost.probe.facts import Facts, Incomplete, Kind, TooManyPixels, Unsupported
from polypost.probe.source import Source

__all__ = ["Facts", "Incomplete", "Kind", "TooManyPixels", "Unsupported", "probe"]

_MAGIC: tuple[tuple[bytes, Callable[[Source], Facts]], ...] = (
    (b"\xff\xd8\xff", images.jpeg),
    (b"\x89PNG\r\n\x1a\n", images.png),
    (b"GIF87a", images.gif),
    (b"GIF89a", images.gif),
    (b"BM", images.bmp),
    (b"II*\0", images.tiff),
    (b"MM\0*", images.tiff),
    (ebml.MAGIC, ebml.ebml),
)


def probe(path: Path) -> Facts:
    """The facts of the file at `path`, judged by its bytes and never by its name.

    Raises `Unsupported` for everything that is not a known image, video or PDF (SVG and HTML among it), `Incomplete`,
    which is one of those, for a JPEG, PNG, WebP or film whose data break off before their end, `TooManyPixels` for an image above 100 million, and `OSError` when the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        head = Source(file, size).up_to(0, 16)
        return _reader(head)(Source(file, size, reads=images.GIF_READS if head[:3] == b"GIF" else 20_000))


def _reader(head: bytes) -> Callable[[Source], Facts]:
    """The reader for a file that begins with `head`."""
    for magic, reader in _MAGIC:
        if head.startswith(magic):
            return reader
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return images.webp
    if head[4:8] in isobmff.FIRST_BOXES:
        return isobmff.isobmff
    if head.startswith(b"%PDF-"):
        return _pdf
    raise Unsupported


def _pdf(source: Source) -> Facts:
    """A PDF is known by its first bytes alone."""
    return Facts(kind="document", mime="application/pdf", size=source.size)
