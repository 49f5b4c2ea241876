"""What a new container may ask for: parameters to an order, or a refusal in Instagram's words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from polypost.sandbox.networks.instagram.containers import CAROUSEL, IMAGE, REEL, STORY, Containers
from polypost.sandbox.networks.instagram.errors import invalid, refused
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Params
from polypost.sandbox.simkit.containers import FINISHED, IN_PROGRESS, Container
from polypost.sandbox.simkit.meta import flag

MEDIA_TYPES = frozenset({"", "IMAGE", "VIDEO", "REELS", "STORIES", "CAROUSEL"})
GRADUATION = ("MANUAL", "SS_PERFORMANCE")
FLAGS = ("share_to_feed", "is_paid_partnership", "is_ai_generated")
# A tag begins where no word or other tag is running.
_HASHTAG = re.compile(r"(?<![\w&#])#\w+")
_MENTION = re.compile(r"(?<![\w@])@[\w.]+")


@dataclass(frozen=True, slots=True)
class Order:
    """A container that may be made. `source` is the media's address, empty for a resumable upload or a carousel."""

    kind: str
    video: bool
    child: bool
    caption: str
    source: str
    resumable: bool
    children: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def order_of(params: Params) -> Order:
    """Read an order. Raises Refused with the first thing that is wrong."""
    media_type = params.text("media_type").upper()
    if media_type not in MEDIA_TYPES:
        raise refused("media_type")
    child = flag(params, "is_carousel_item")
    kind, video = _kind(params, media_type, child=child)
    resumable = video and params.text("upload_type") == "resumable"
    source = (
        "" if resumable or kind == CAROUSEL else params.text("video_url" if video else "image_url").strip()
    )
    if kind != CAROUSEL and not resumable and not source:
        raise invalid(f"The parameter {'video_url' if video else 'image_url'} is required")
    # Captions of stories and of carousel items are ignored (IG User media).
    caption = params.text("caption") if kind != STORY and not child else ""
    _check_caption(caption)
    options = _options(params, video=video, kind=kind)
    children = _children(params) if kind == CAROUSEL else ()
    return Order(kind, video, child, caption, source, resumable, children, options)


def _kind(params: Params, media_type: str, *, child: bool) -> tuple[str, bool]:
    video = bool(params.text("video_url")) or params.text("upload_type") == "resumable"
    if media_type == "CAROUSEL":
        return CAROUSEL, False
    if media_type == "STORIES":
        return STORY, video
    if media_type == "REELS":
        # Reels cannot be items of a carousel (Content Publishing).
        if child:
            raise refused("media_type")
        return REEL, True
    if media_type == "VIDEO":
        # Single videos of this type left the API; they are reels now.
        if not child:
            raise refused("media_type")
        return REEL, True
    if video and not params.text("image_url"):
        raise refused("media_type")
    return IMAGE, False


def _check_caption(caption: str) -> None:
    if len(caption) > limit("caption_characters") or len(_HASHTAG.findall(caption)) > limit("hashtags"):
        raise refused("caption")
    if len(_MENTION.findall(caption)) > limit("mentions"):
        raise refused("tag_count")


def _options(params: Params, *, video: bool, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {name: flag(params, name) for name in FLAGS if name in params.values}
    if alt := params.text("alt_text"):
        if len(alt) > limit("alt_text_characters"):
            raise invalid("Param alt_text must be at most 1000 characters long")
        options["alt_text"] = alt
    if location := params.text("location_id"):
        if not location.isascii() or not location.isdecimal():
            raise invalid("Param location_id must be the id of a place")
        options["location_id"] = location
    options |= _people(params, video=video, kind=kind)
    if products := _list(params, "product_tags"):
        options["product_tags"] = _product_tags(products)
    if video:
        options |= _video_options(params, kind)
    return options


def _people(params: Params, *, video: bool, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if collaborators := _texts(params, "collaborators", limit("collaborators")):
        options["collaborators"] = collaborators
    if sponsors := _texts(params, "branded_content_sponsor_ids", limit("sponsors")):
        options["branded_content_sponsor_ids"] = sponsors
    if tags := _list(params, "user_tags"):
        options["user_tags"] = [_user_tag(tag, video=video, kind=kind) for tag in tags]
        if len(tags) > limit("user_tags"):
            raise refused("tag_count")
    return options


def _video_options(params: Params, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if offset := params.text("thumb_offset"):
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", offset, re.ASCII):
            raise refused("thumb_offset")
        options["thumb_offset"] = float(offset)
    for name in ("cover_url", "audio_name"):
        if text := params.text(name):
            options[name] = text
    if "trial_params" in params.values and kind == REEL:
        trial = _json(params, "trial_params")
        if not isinstance(trial, dict) or trial.get("graduation_strategy") not in GRADUATION:
            raise invalid("Param trial_params must have a graduation_strategy of MANUAL or SS_PERFORMANCE")
        options["trial_params"] = trial
    return options


def _user_tag(tag: Any, *, video: bool, kind: str) -> dict[str, Any]:
    if not isinstance(tag, dict) or not isinstance(tag.get("username"), str):
        raise invalid("Each of user_tags must have a username")
    position = {name: tag[name] for name in ("x", "y") if tag.get(name) is not None}
    # A person on a video is tagged without a place, on an image with one (IG User media).
    if video and position:
        raise refused("tag_position")
    needed = 2 if kind == IMAGE else len(position)
    if len(position) != needed or not all(_share(value) for value in position.values()):
        raise invalid("Each of user_tags on an image must have x and y from 0.0 to 1.0")
    return {"username": tag["username"], **position}


def _product_tags(tags: list[Any]) -> list[Any]:
    if len(tags) > limit("product_tags"):
        raise refused("product_count")
    for tag in tags:
        if not isinstance(tag, dict) or "product_id" not in tag:
            raise refused("product_tag")
        if not all(_share(tag[name]) for name in ("x", "y") if tag.get(name) is not None):
            raise refused("product_position")
    return tags


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _children(params: Params) -> tuple[str, ...]:
    # A list as JSON, or ids with commas between them: Meta's documents show both.
    value = params.values.get("children", "")
    if isinstance(value, str) and not value.lstrip().startswith("["):
        value = [part.strip() for part in value.split(",") if part.strip()]
    else:
        value = _json(params, "children")
    if not isinstance(value, list) or not all(isinstance(each, str | int) for each in value):
        raise invalid("Param children must be a list of container ids")
    if not limit("carousel_min") <= len(value) <= limit("carousel_max"):
        raise refused("carousel_count")
    return tuple(str(each) for each in value)


def check_children(containers: Containers, account_id: str, ids: tuple[str, ...]) -> list[Container]:
    """The children of a new carousel. Raises Refused: missing, none of its kind, failed, or not ready."""
    found = []
    for each in ids:
        child = containers.get(each, account_id)
        if child is None or child.expired:
            raise refused("container_lost")
        if not child.child:
            raise invalid(f"The container {each} was not made with is_carousel_item")
        if child.status == IN_PROGRESS:
            # Code 2 is what Meta says when an item is not ready, though nothing has broken.
            raise refused("accident")
        if child.status != FINISHED:
            raise refused("creation_failed")
        found.append(child)
    return found


def _texts(params: Params, name: str, most: int) -> list[str]:
    texts = _list(params, name)
    if not all(isinstance(each, str | int) for each in texts):
        raise invalid(f"Param {name} must be a list of strings")
    if len(texts) > most:
        raise invalid(f"Param {name} must have at most {most} items")
    return [str(each) for each in texts]


def _list(params: Params, name: str) -> list[Any]:
    value = params.values.get(name)
    if value in (None, "", []):
        return []
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",")]
    value = _json(params, name)
    if not isinstance(value, list):
        raise invalid(f"Param {name} must be an array")
    return value


def _json(params: Params, name: str) -> Any:
    value = params.values.get(name)
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise invalid(f"Param {name} must be valid JSON") from error
