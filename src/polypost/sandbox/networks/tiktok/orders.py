"""The bodies of the three init calls, read as strictly as TikTok reads them."""

from __future__ import annotations

from typing import Any, TypeGuard
from urllib.parse import urlsplit

from polypost.sandbox.networks.tiktok import errors
from polypost.sandbox.networks.tiktok.limits import limit
from polypost.sandbox.networks.tiktok.tasks import DIRECT, INBOX, PHOTO, VIDEO, Order
from polypost.sandbox.simkit import on_loopback

VIDEO_FLAGS = (
    "disable_duet", "disable_stitch", "disable_comment", "brand_content_toggle", "brand_organic_toggle",
    "is_aigc",
)  # fmt: skip
PHOTO_FLAGS = ("disable_comment", "auto_add_music", "brand_content_toggle", "brand_organic_toggle")
PRIVATE = "SELF_ONLY"
# Seen by open connectors, for a title that is too long among others.
BAD_INFO = "The request post info is empty or incorrect"
BAD_SOURCE = "The request source info is empty or incorrect"
BAD_CHUNKS = "The chunk size is invalid"
BAD_COUNT = "The total chunk count is invalid"


def video_order(body: dict[str, Any], *, place: str, privacy: tuple[str, ...]) -> Order:
    """`video/init/` or `inbox/video/init/`. Raises Refused; `privacy` are the levels the creator may choose from."""
    info = _object(body, "post_info", BAD_INFO) if place == DIRECT else {}
    if place == DIRECT:
        _texts(info, title="caption_units")
        _flags(info, VIDEO_FLAGS)
        cover = info.get("video_cover_timestamp_ms", 0)
        if not _whole(cover):
            raise errors.invalid(BAD_INFO)
        _privacy(info, privacy)
    source = _object(body, "source_info", BAD_SOURCE)
    kind = source.get("source")
    if kind == "PULL_FROM_URL":
        return Order(place, VIDEO, info, (_pulled(source.get("video_url")),))
    if kind != "FILE_UPLOAD":
        raise errors.invalid("source is not one of FILE_UPLOAD and PULL_FROM_URL")
    size, chunk, count = (source.get(name) for name in ("video_size", "chunk_size", "total_chunk_count"))
    if not (_whole(size) and _whole(chunk) and _whole(count)):
        raise errors.invalid(BAD_SOURCE)
    judge_chunks(size, chunk, count)
    return Order(place, VIDEO, info, size=size, chunk=chunk, count=count)


def judge_chunks(size: int, chunk: int, count: int) -> None:
    """Raises Refused unless the three numbers follow the Media Transfer Guide."""
    if not 0 < size <= limit("video_bytes"):
        raise errors.invalid("The video size is invalid")
    if not 0 < chunk <= size or chunk > limit("chunk_max_bytes"):
        raise errors.invalid(BAD_CHUNKS)
    if chunk < limit("chunk_min_bytes") and chunk != size:
        raise errors.invalid(BAD_CHUNKS)
    # Rounded down: the last chunk takes what is left over (Media Transfer Guide).
    if count != size // chunk or not 1 <= count <= limit("chunks_max"):
        raise errors.invalid(BAD_COUNT)
    if size - (count - 1) * chunk > limit("last_chunk_max_bytes"):
        raise errors.invalid(BAD_CHUNKS)


def photo_order(body: dict[str, Any], *, privacy: tuple[str, ...]) -> Order:
    """`content/init/`. Raises Refused."""
    if body.get("media_type") != "PHOTO":
        raise errors.invalid("media_type is invalid")
    mode = body.get("post_mode")
    if mode not in {"DIRECT_POST", "MEDIA_UPLOAD"}:
        raise errors.invalid("post_mode is invalid")
    info = _object(body, "post_info", BAD_INFO) if body.get("post_info") is not None else {}
    _texts(info, title="photo_title_units", description="photo_description_units")
    _flags(info, PHOTO_FLAGS)
    if mode == "DIRECT_POST":
        _privacy(info, privacy)
    source = _object(body, "source_info", BAD_SOURCE)
    if source.get("source") != "PULL_FROM_URL":
        raise errors.invalid("source has to be PULL_FROM_URL for photos")
    images, cover = source.get("photo_images"), source.get("photo_cover_index", 0)
    if not isinstance(images, list) or not 1 <= len(images) <= limit("photos_max"):
        raise errors.invalid("The number of photo_images is invalid")
    if not _whole(cover) or cover >= len(images):
        raise errors.invalid("photo_cover_index is invalid")
    place = DIRECT if mode == "DIRECT_POST" else INBOX
    return Order(place, PHOTO, info, tuple(_pulled(url) for url in images), cover=cover)


def _privacy(info: dict[str, Any], options: tuple[str, ...]) -> None:
    if info.get("privacy_level") not in options:
        raise errors.refused("privacy_level_option_mismatch")
    if info.get("brand_content_toggle") and info["privacy_level"] == PRIVATE:
        raise errors.invalid("Branded content visibility cannot be set to private")


def _texts(info: dict[str, Any], **limits: str) -> None:
    for name, most in limits.items():
        text = info.get(name) or ""
        # Lengths are counted in UTF-16 units (Direct Post).
        if not isinstance(text, str) or len(text.encode("utf-16-le", "surrogatepass")) // 2 > limit(most):
            raise errors.invalid(BAD_INFO)


def _flags(info: dict[str, Any], names: tuple[str, ...]) -> None:
    if any(not isinstance(info.get(name, False), bool | None) for name in names):
        raise errors.invalid(BAD_INFO)


def _object(body: dict[str, Any], name: str, said: str) -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise errors.invalid(said)
    return found


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _pulled(url: Any) -> str:
    """An address to fetch from: https, or this machine, for which nobody has a certificate."""
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise errors.invalid("The URL of the media is invalid")
    if parts.scheme == "http" and not on_loopback(parts.hostname):
        raise errors.refused("url_ownership_unverified")
    return str(url)
