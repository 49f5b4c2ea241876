"""What a new container may ask for: parameters to an order, or a refusal in Threads's words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from polypost.sandbox.networks.threads import attachments
from polypost.sandbox.networks.threads.containers import CAROUSEL, IMAGE, TEXT, VIDEO, Containers
from polypost.sandbox.networks.threads.errors import flag, invalid, refused
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.networks.threads.text import count_links, length
from polypost.sandbox.simkit import Params
from polypost.sandbox.simkit.containers import FINISHED, IN_PROGRESS

KINDS = (TEXT, IMAGE, VIDEO, CAROUSEL)
REPLY_CONTROLS = (
    "everyone", "accounts_you_follow", "mentioned_only", "parent_post_author_only", "followers_only",
)  # fmt: skip
SOURCES = {IMAGE: "image_url", VIDEO: "video_url"}
# Attachments that only a text can have, and which of them exclude each other.
TEXT_ONLY = ("link_attachment", "poll_attachment", "text_attachment", "gif_attachment", "is_ghost_post")
APART = (("poll_attachment", "link_attachment"), ("poll_attachment", "text_attachment"))


@dataclass(frozen=True, slots=True)
class Order:
    """A container that may be made; `source` is the media's address, `at_once` asks for publication as well."""

    kind: str
    child: bool
    text: str
    source: str
    at_once: bool
    children: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


def order_of(params: Params) -> Order:
    """Read an order. Raises Refused with the first thing that is wrong."""
    kind = params.text("media_type").upper()
    if kind not in KINDS:
        raise invalid(f"Param media_type must be one of {{{', '.join(KINDS)}}}")
    child = flag(params, "is_carousel_item")
    if child and kind not in SOURCES:
        raise invalid("A carousel item must have the media_type IMAGE or VIDEO")
    source = _source(params, kind)
    text = "" if child else params.text("text")
    options = _options(params, kind, text)
    _check_text(kind, text, options)
    at_once = flag(params, "auto_publish_text")
    if at_once and kind != TEXT:
        raise invalid("Param auto_publish_text is only for the media_type TEXT")
    children = _children(params) if kind == CAROUSEL else ()
    return Order(kind, child, text, source, at_once, children, options)


def _source(params: Params, kind: str) -> str:
    name = SOURCES.get(kind)
    if name is None:
        return ""
    address = params.text(name).strip()
    if not address.startswith(("http://", "https://")):
        raise invalid(f"Param {name} must be a valid URI")
    return address


def _check_text(kind: str, text: str, options: dict[str, Any]) -> None:
    if kind == TEXT and not text.strip() and "link_attachment" not in options:
        raise invalid("The parameter text is required")
    if length(text) > limit("text_characters"):
        raise invalid("Param text must be at most 500 characters long.")
    attached = [options.get("link_attachment"), options.get("text_attachment", {}).get("link_attachment_url")]
    # The links of attachments count with those of the text (Posts).
    if count_links(text, [link for link in attached if link]) > limit("links"):
        raise refused("link_limit")


def _options(params: Params, kind: str, text: str) -> dict[str, Any]:
    options = _plain(params, kind) | _attached(params, kind)
    if spoilers := attachments.entities(params, text):
        options["text_entities"] = spoilers
    if flag(params, "is_spoiler_media"):
        if kind == TEXT:
            raise invalid("Param is_spoiler_media is only for media")
        options["is_spoiler_media"] = True
    if options.get("is_ghost_post") and "reply_to_id" in options:
        raise invalid("A ghost post cannot be a reply")
    return options


def _plain(params: Params, kind: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name in ("reply_to_id", "quote_post_id", "location_id"):
        if given := params.text(name).strip():
            if not re.fullmatch(r"[0-9]{1,20}", given, re.ASCII):
                raise invalid(f"Param {name} must be a numeric id")
            options[name] = given
    if control := params.text("reply_control"):
        if control not in REPLY_CONTROLS:
            raise invalid(f"Param reply_control must be one of {{{', '.join(REPLY_CONTROLS)}}}")
        options["reply_control"] = control
    if "topic_tag" in params.values:
        options["topic_tag"] = _topic(params.text("topic_tag"))
    return options | _extras(params, kind)


def _extras(params: Params, kind: str) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if (alt := params.text("alt_text")) and kind in SOURCES:
        if len(alt) > limit("alt_text_characters"):
            raise invalid("Param alt_text must be at most 1000 characters long")
        extras["alt_text"] = alt
    if codes := _list(params, "allowlisted_country_codes"):
        if not all(re.fullmatch(r"[A-Za-z]{2}", code) for code in codes):
            raise invalid("Param allowlisted_country_codes must be a list of ISO 3166-1 alpha-2 codes")
        extras["allowlisted_country_codes"] = [code.upper() for code in codes]
    return extras


def _topic(tag: str) -> str:
    if not 1 <= len(tag) <= limit("topic_tag_characters") or set(tag) & set(".&"):
        raise invalid("Param topic_tag must be 1 to 50 characters long, without periods and ampersands")
    return tag


def _attached(params: Params, kind: str) -> dict[str, Any]:
    given = {name for name in TEXT_ONLY if params.values.get(name) not in (None, "", "false", False)}
    if given and kind != TEXT:
        raise invalid(f"Param {sorted(given)[0]} is only for the media_type TEXT")
    for one, other in APART:
        if {one, other} <= given:
            raise invalid(f"Param {one} cannot be used together with {other}")
    made: dict[str, Any] = {
        "poll_attachment": attachments.poll(params),
        "gif_attachment": attachments.gif(params),
        "text_attachment": attachments.text_attachment(params),
        "is_ghost_post": flag(params, "is_ghost_post") or None,
    }
    if "link_attachment" in given:
        made["link_attachment"] = attachments.web_address(params.text("link_attachment"), "link_attachment")
        if (made["text_attachment"] or {}).get("link_attachment_url"):
            raise invalid(
                "Param link_attachment cannot be used together with text_attachment.link_attachment_url"
            )
    return {name: value for name, value in made.items() if value is not None}


def _children(params: Params) -> tuple[str, ...]:
    ids = _list(params, "children")
    low, high = limit("carousel_min_items"), limit("carousel_max_items")
    if not low <= len(ids) <= high:
        raise invalid(f"Param children must have at least {low} and at most {high} items")
    return tuple(ids)


def check_children(containers: Containers, account_id: str, ids: tuple[str, ...]) -> None:
    """Raises Refused for a child that is missing, none of its kind, failed, expired, or not ready."""
    for each in ids:
        child = containers.get(each, account_id)
        if child is None:
            raise refused("media_not_found", each)
        if not child.child:
            raise invalid(f"The container {each} was not made with is_carousel_item")
        if child.status == IN_PROGRESS:
            raise refused("media_not_found", each)
        if child.status != FINISHED:
            raise refused("child_expired")


def _list(params: Params, name: str) -> list[str]:
    value = params.values.get(name)
    if isinstance(value, str) and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    value = attachments.structure(params, name) or []
    if not isinstance(value, list) or not all(isinstance(each, str | int) for each in value):
        raise invalid(f"Param {name} must be a list")
    return [str(each) for each in value]
