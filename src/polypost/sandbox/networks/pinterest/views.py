"""Pins, boards and accounts as Pinterest's API shows them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from polypost import clock
from polypost.sandbox.networks.pinterest.shelf import Board
from polypost.sandbox.simkit import Account, Media, Network, SimPost

# Name of a size → what the longer description calls its box; None keeps the shape.
SIZES: dict[str, tuple[int, int | None]] = {
    "150x150": (150, 150),
    "400x300": (400, 300),
    "600x": (600, None),
    "1200x": (1200, None),
}
IMAGE, IMAGES, VIDEO = "image", "multiple_images", "video"
CREATIVE = {IMAGE: "REGULAR", IMAGES: "CAROUSEL", VIDEO: "VIDEO"}


def instant(when: datetime) -> str:
    """UTC without a zone, as Pinterest writes it."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _images(net: Network, image: Media) -> dict[str, Any]:
    width, height = image.get("width") or 1, image.get("height") or 1
    url = net.address(image)
    sizes = {
        name: {"width": wide, "height": high or max(1, round(height * wide / width)), "url": url}
        for name, (wide, high) in SIZES.items()
    }
    return {**sizes, "originals": {"width": width, "height": height, "url": url}}


def media_view(net: Network, pin: SimPost) -> dict[str, Any]:
    """What a pin shows, in one of three forms."""
    kind = pin.raw["kind"]
    if kind == IMAGE:
        return {"media_type": IMAGE, "images": _images(net, pin.media[0])}
    if kind == IMAGES:
        items = [
            {"item_type": IMAGE, **slot, "images": _images(net, image)}
            for slot, image in zip(pin.raw["slots"], pin.media, strict=True)
        ]
        return {"media_type": IMAGES, "items": items}
    video, cover = pin.media[0], pin.raw["cover"]
    seconds = video.get("duration")
    return {
        "media_type": VIDEO,
        "cover_image_url": net.address(cover),
        "images": _images(net, cover),
        "video_url": None,
        "duration": None if seconds is None else round(seconds * 1000),
        "height": video.get("height"),
        "width": video.get("width"),
    }


def pin_view(net: Network, pin: SimPost, caller: Account, *, metrics: bool = False) -> dict[str, Any]:
    """A pin."""
    raw = pin.raw
    owner = net.accounts.get(pin.account_id)
    return {
        "id": pin.id,
        "created_at": instant(pin.created),
        "link": raw["link"],
        "title": raw["title"],
        "description": raw["description"],
        "dominant_color": raw["dominant_color"],
        "alt_text": raw["alt_text"],
        "creative_type": CREATIVE[raw["kind"]],
        "board_id": raw["board_id"],
        "board_section_id": raw["section_id"],
        "board_owner": {"username": owner.username if owner else ""},
        "is_owner": pin.account_id == caller.id,
        "media": media_view(net, pin),
        "parent_pin_id": raw["parent"],
        "is_standard": raw["is_standard"],
        "has_been_promoted": False,
        "pin_metrics": pin_metrics(pin) if metrics else None,
    }


def pin_metrics(pin: SimPost) -> dict[str, dict[str, int]]:
    """What 90 days and a whole life have brought, as `pin_metrics` names it."""
    counted = counts(pin)
    ninety = {
        "impression": counted["IMPRESSION"],
        "pin_click": counted["PIN_CLICK"],
        "clickthrough": counted["OUTBOUND_CLICK"],
        "save": counted["SAVE"],
    }
    return {"90d": ninety, "lifetime_metrics": {**ninety, "reaction": counted["SAVE"], "comment": 0}}


def counts(pin: SimPost) -> dict[str, int]:
    """How often a pin was seen, clicked and saved: numbers that follow from its id and grow for a month."""
    age = min(1.0, (clock.now() - pin.created).total_seconds() / (30 * 86_400))
    seed = hashlib.blake2b(pin.id.encode(), digest_size=2).digest()
    seen = round((200 + 4 * seed[0]) * age)
    clicks = seen * (1 + seed[1] % 9) // 100
    video = seen // 2 if pin.raw["kind"] == VIDEO else 0
    return {
        "IMPRESSION": seen,
        "PIN_CLICK": clicks,
        "OUTBOUND_CLICK": clicks // 2 if pin.raw["link"] else 0,
        "SAVE": clicks // 3,
        "VIDEO_MRC_VIEW": video,
        "VIDEO_START": video,
        "VIDEO_10S_VIEW": video // 3,
        "QUARTILE_95_PERCENT_VIEW": video // 5,
        "VIDEO_V50_WATCH_TIME": video * 4_000,
        "VIDEO_AVG_WATCH_TIME": 4_000 if video else 0,
        "TOTAL_COMMENTS": 0,
        "TOTAL_REACTIONS": clicks // 3,
        "USER_FOLLOW": 0,
        "PROFILE_VISIT": clicks // 5,
    }


def board_view(
    net: Network, board: Board, owner: Account, newest: list[SimPost], pins: int
) -> dict[str, Any]:
    """A board; `newest` are its newest pins."""
    covers = [net.address(image_of(pin)) for pin in newest]
    changed = newest[0].created if newest else board.created
    return {
        "id": board.id,
        "created_at": instant(board.created),
        "board_pins_modified_at": instant(changed),
        "name": board.name,
        "description": board.description,
        "collaborator_count": 0,
        "pin_count": pins,
        "follower_count": 0,
        "media": {"image_cover_url": covers[0] if covers else None, "pin_thumbnail_urls": covers},
        "owner": {"username": owner.username},
        "privacy": board.privacy,
        "is_ads_only": board.ads_only,
    }


def image_of(pin: SimPost) -> Media:
    """The image that stands for a pin: its first, or the cover of its video."""
    cover: Media | None = pin.raw["cover"]
    return cover or pin.media[0]


def account_view(net: Network, account: Account, boards: int) -> dict[str, Any]:
    """An account."""
    business = account.data["account_type"] == "BUSINESS"
    return {
        "id": account.id,
        "username": account.username,
        "account_type": account.data["account_type"],
        "business_name": account.name if business else None,
        "profile_image": net.avatar_url(account.id),
        "website_url": "",
        "about": "",
        "board_count": boards,
        "pin_count": net.posts.count(account.id),
        "follower_count": account.data["followers"],
        "following_count": 3,
        "monthly_views": 10 * account.data["followers"],
    }
