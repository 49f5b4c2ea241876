"""What a new pin may ask for: a JSON body to an order, or a refusal with the first thing that is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from polypost.sandbox.networks.pinterest import schema
from polypost.sandbox.networks.pinterest.errors import invalid, refused, shown
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.views import IMAGE, IMAGES, VIDEO

SOURCES = ("image_base64", "image_url", "video_id", "multiple_image_base64", "multiple_image_urls", "pin_url")
CONTENT_TYPES = ("image/jpeg", "image/png")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is to be had by `url` or as base64 `data`; the rest belongs to an item of a carousel."""

    url: str | None
    data: str = ""
    content_type: str = ""
    slot: Mapping[str, str | None] | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A pin that may be made: its texts by name, and `kind` with what it needs."""

    board_id: str
    section_id: str | None
    texts: dict[str, str | None]
    parent: str | None
    kind: str
    images: tuple[Image, ...] = ()
    media_id: str = ""
    cover: Image | None = None
    key_frame: int = 0
    is_standard: bool = True


def order_of(body: Mapping[str, Any]) -> Order:
    """Read an order. Raises Refused."""
    board_id = schema.number(body, "board_id")
    if board_id is None:
        raise invalid("'board_id' is a required property")
    found = body.get("media_source")
    if not isinstance(found, dict):
        raise invalid(
            "'media_source' is a required property"
            if found is None
            else f"{shown(found)} is not of type 'object'"
        )
    schema.needed(found, "source_type")
    kind = schema.choice(found, "source_type", SOURCES) or ""
    # Both are for apps in a beta.
    if kind == "pin_url" or body.get("sponsor_id") is not None:
        raise refused("beta")
    order = Order(
        board_id,
        schema.number(body, "board_section_id"),
        texts_of(body),
        schema.number(body, "parent_pin_id"),
        VIDEO,
        is_standard=schema.flag(found, "is_standard", default=True),
    )
    if kind == "video_id":
        return _video(order, found)
    if kind in {"image_url", "image_base64"}:
        return replace(order, kind=IMAGE, images=(_image(found, by_url=kind == "image_url"),))
    schema.whole(found, "index")
    return replace(order, kind=IMAGES, images=_images(found, by_url=kind == "multiple_image_urls"))


def texts_of(body: Mapping[str, Any]) -> dict[str, str | None]:
    """Title, description, alternative text, link and colour, each within its bound."""
    texts = {
        name: schema.text(body, name, most=limit(f"{name}_characters"))
        for name in ("title", "description", "alt_text", "link")
    }
    check_link(texts["link"])
    return {**texts, "dominant_color": schema.text(body, "dominant_color")}


def check_link(link: str | None) -> None:
    """Raises Refused for a link that leads nowhere."""
    if link:
        try:
            parts = urlsplit(link)
        except ValueError:
            raise invalid(f"link: {shown(link)} is not a valid URL") from None
        if parts.scheme not in {"http", "https"} or not parts.netloc or re.search(r"\s", link):
            raise invalid(f"link: {shown(link)} is not a valid URL")


def _image(found: Mapping[str, Any], *, by_url: bool, slot: Mapping[str, str | None] | None = None) -> Image:
    if by_url:
        return Image(schema.needed(found, "url"), slot=slot)
    schema.needed(found, "content_type")
    kind = schema.choice(found, "content_type", CONTENT_TYPES) or ""
    return Image(None, schema.needed(found, "data"), kind, slot)


def _images(found: Mapping[str, Any], *, by_url: bool) -> tuple[Image, ...]:
    items = found.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise invalid("'items' is a required property")
    low, high = limit("carousel_min_items"), limit("carousel_max_items")
    if len(items) < low:
        raise invalid(f"items: too short, constraint: minItems={low}")
    if len(items) > high:
        raise invalid(f"items: too long, constraint: maxItems={high}")
    made = []
    for item in items:
        slot = {name: schema.text(item, name) for name in ("title", "description", "link")}
        check_link(slot["link"])
        made.append(_image(item, by_url=by_url, slot=slot))
    return tuple(made)


def _video(order: Order, found: Mapping[str, Any]) -> Order:
    media_id = schema.number(found, "media_id")
    if media_id is None:
        raise invalid("'media_id' is a required property")
    url = schema.text(found, "cover_image_url")
    data = schema.text(found, "cover_image_data")
    kind = schema.choice(found, "cover_image_content_type", CONTENT_TYPES)
    frame = schema.whole(found, "cover_image_key_frame_time")
    cover = None
    if url:
        cover = Image(url)
    elif data and kind:
        cover = Image(None, data, kind)
    elif frame is None:
        raise refused("cover")
    return replace(order, media_id=media_id, cover=cover, key_frame=frame or 0)
