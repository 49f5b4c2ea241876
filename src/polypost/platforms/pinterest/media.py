"""What a pin shows, made ready: addresses that Pinterest fetches from, bytes in the call itself, or a video sent ahead."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from polypost.errors import Unavailable
from polypost.platforms.base import MediaFile, MediaRef, Post, Run
from polypost.platforms.pinterest.spec import SPEC
from polypost.platforms.pinterest.video import upload

_PUSHED_TYPES = frozenset({"image/jpeg", "image/png"})


def kind_of(media: Sequence[MediaRef]) -> str:
    """Which of Pinterest's three kinds of media these are, in its words."""
    if len(media) > 1:
        return "multiple_images"
    return "video" if media[0].type == "video" else "image"


async def source_of(run: Run, post: Post) -> dict[str, Any]:
    """The `media_source` of the pin; a video is uploaded first."""
    kind = kind_of([file.ref for file in post.media])
    if kind == "video":
        media_id = await upload(run, post.media[0])
        return {"source_type": "video_id", "media_id": media_id, **await _cover(post)}
    if kind == "image":
        image = (await _images(post.media))[0]
        return {"source_type": "image_url" if "url" in image else "image_base64", **image}
    images = await _images(post.media)
    by_url = "url" in images[0]
    return {
        "source_type": "multiple_image_urls" if by_url else "multiple_image_base64",
        "items": images,
        "index": 0,
    }


async def _images(files: Sequence[MediaFile]) -> list[dict[str, str]]:
    """All by address where each has one, else all as bytes: one pin cannot mix the two.

    Raises Rejected (`media_not_public`) where bytes cannot be sent in the call: another format, or too much of it.
    """
    if not all(file.pullable for file in files) and _can_push(files):
        return [await _pushed(file) for file in files]
    return [{"url": file.public_url} for file in files]


def _can_push(files: Sequence[MediaFile]) -> bool:
    small = sum(file.size for file in files) <= SPEC.limit("pushed_bytes")
    return small and all(file.facts.mime in _PUSHED_TYPES for file in files)


async def _pushed(file: MediaFile) -> dict[str, str]:
    content = b"".join([piece async for piece in file.stream()])
    if len(content) != file.size:
        raise Unavailable("The media file is not as long as it was.")
    return {"content_type": file.facts.mime, "data": b64encode(content).decode()}


async def _cover(post: Post) -> Mapping[str, Any]:
    """The image that stands for a video: the one of the options, else the item's thumbnail, else its first frame."""
    url = post.options.cover_image_url or post.media[0].ref.thumbnail
    file = post.extra_media.get(url) if url else None
    if file is None:
        # Without any cover the pin is refused.
        return {"cover_image_key_frame_time": 0}
    image = (await _images([file]))[0]
    if "url" in image:
        return {"cover_image_url": image["url"]}
    return {"cover_image_content_type": image["content_type"], "cover_image_data": image["data"]}
