"""Fetching a photo from its address while the caller waits, which is the only way in for the photo of a post."""

from __future__ import annotations

from pathlib import Path

from polypost.errors import AddressRefused, FetchFailed
from polypost.probe import Facts, Incomplete, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.googlebusiness.errors import FETCH, MEDIA, invalid
from polypost.sandbox.networks.googlebusiness.limits import limit
from polypost.sandbox.simkit import Media, Network, media_of

TAKEN = frozenset({"image/jpeg", "image/png"})


class Intake:
    """Fetches and judges photos."""

    def __init__(self, net: Network) -> None:
        self._net = net

    async def photo(self, url: str) -> Media:
        """The photo at an address. Raises Refused (400)."""
        blob = self._net.blobs.new()
        try:
            await self._net.fetch_or_copy(url, blob, most=limit("photo_max_bytes"))
            facts = _facts(self._net.blobs.path(blob))
        except (AddressRefused, FetchFailed) as error:
            self._net.blobs.delete(blob)
            raise invalid(FETCH, "Fetching image failed.") from error
        except BaseException:
            self._net.blobs.delete(blob)
            raise
        return media_of(blob, facts, kind="image")


def _facts(path: Path) -> Facts:
    try:
        facts = probe(path)
    except Incomplete:
        # Of one that breaks off Google says what it says of any: it is too small, or cannot be read.
        _judge_size(path.stat().st_size)
        raise invalid(FETCH, "Fetching image failed.") from None
    except (Unsupported, TooManyPixels):
        raise invalid(FETCH, "Fetching image failed.") from None
    if facts.kind == "gif":
        raise invalid(MEDIA, "Multiframe images not supported", "media")
    if facts.mime not in TAKEN:
        raise invalid(MEDIA, "The image format is not supported.", "media")
    _judge_size(facts.size)
    width, height = limit("photo_min_width"), limit("photo_min_height")
    if (facts.width or 0) < width or (facts.height or 0) < height:
        raise invalid(MEDIA, f"The image must be at least {width}x{height} pixels.", "media")
    return facts


def _judge_size(size: int) -> None:
    low, high = limit("photo_min_bytes"), limit("photo_max_bytes")
    if not low <= size <= high:
        raise invalid(MEDIA, f"The image must have between {low} and {high} bytes.", "media")
