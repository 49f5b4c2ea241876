"""What hangs on a post: polls, GIFs, long texts, spoilers. JSON in a parameter, judged and kept."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from polypost.sandbox.networks.threads.errors import invalid
from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.networks.threads.text import length
from polypost.sandbox.simkit import Params

OPTIONS = ("option_a", "option_b", "option_c", "option_d")
PROVIDERS = frozenset({"TENOR", "GIPHY"})
STYLES = frozenset({"bold", "italic", "highlight", "underline", "strikethrough"})


def structure(params: Params, name: str) -> Any:
    """A parameter that is JSON, as text in a form or as it is in a JSON body; None without it. Raises Refused (100)."""
    value = params.values.get(name)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        made = json.loads(value)
        # Escapes can hide halves of surrogate pairs, which are no text.
        json.dumps(made, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid(f"Param {name} must be valid JSON") from error
    return made


def poll(params: Params) -> dict[str, str] | None:
    """`poll_attachment`: two to four options in order. Raises Refused (100)."""
    given = structure(params, "poll_attachment")
    if given is None:
        return None
    if not isinstance(given, dict) or not set(given) <= set(OPTIONS):
        raise invalid("Param poll_attachment must be an object of option_a to option_d")
    options = {name: str(given[name]).strip() for name in OPTIONS if given.get(name) is not None}
    # Options fill from a on: b without a, or a and c, is a gap (Polls).
    count = len(options)
    if count < limit("poll_min_options") or tuple(options) != OPTIONS[:count]:
        raise invalid("Param poll_attachment must have option_a and option_b, and no gap between options")
    for name, text in options.items():
        if not 1 <= length(text) <= limit("poll_option_characters"):
            raise invalid(f"Param poll_attachment.{name} must be 1 to 25 characters long")
    return options


def gif(params: Params) -> dict[str, str] | None:
    """`gif_attachment`: a provider and its id. Raises Refused (100)."""
    given = structure(params, "gif_attachment")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("provider") not in PROVIDERS or not given.get("gif_id"):
        raise invalid("Param gif_attachment must have a gif_id and a provider")
    return {"gif_id": str(given["gif_id"]), "provider": given["provider"]}


def text_attachment(params: Params) -> dict[str, Any] | None:
    """`text_attachment`: up to 10,000 characters, a link, styles that do not overlap. Raises Refused (100)."""
    given = structure(params, "text_attachment")
    if given is None:
        return None
    text = given.get("plaintext") if isinstance(given, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise invalid("Param text_attachment must have a plaintext")
    if len(text) > limit("text_attachment_characters"):
        raise invalid("Param text_attachment.plaintext must be at most 10000 characters long")
    made: dict[str, Any] = {"plaintext": text}
    if link := given.get("link_attachment_url"):
        made["link_attachment_url"] = web_address(link, "text_attachment.link_attachment_url")
    if styles := given.get("text_with_styling_info"):
        made["text_with_styling_info"] = _styles(styles, text)
    return made


def _styles(given: Any, text: str) -> list[dict[str, Any]]:
    name = "text_attachment.text_with_styling_info"
    spans = _spans(given, name, len(text))
    for span in spans:
        info = span.get("styling_info")
        if not isinstance(info, list) or not info or not set(map(str, info)) <= STYLES:
            raise invalid(f"Param {name}.styling_info must be a list of styles")
    return spans


def entities(params: Params, text: str) -> list[dict[str, Any]]:
    """`text_entities`: at most ten spoilers in the text. Raises Refused (100)."""
    given = structure(params, "text_entities")
    if given is None:
        return []
    spans = _spans(given, "text_entities", len(text))
    if len(spans) > limit("text_entities"):
        raise invalid("Param text_entities must have at most 10 items")
    if any(str(span.get("entity_type", "")).upper() != "SPOILER" for span in spans):
        raise invalid("Param text_entities.entity_type must be SPOILER")
    return [{"entity_type": "SPOILER", "offset": s["offset"], "length": s["length"]} for s in spans]


def _spans(given: Any, name: str, size: int) -> list[dict[str, Any]]:
    """Pieces of a text: inside it, and none over another."""
    if not isinstance(given, list) or not all(isinstance(span, dict) for span in given):
        raise invalid(f"Param {name} must be a list of objects")
    end = 0
    # Sorted as text of equal length, for an offset may be anything until it is judged below.
    for span in sorted(given, key=lambda each: str(each.get("offset", "")).zfill(9)):
        begin, count = span.get("offset"), span.get("length")
        if not _whole(begin, 0) or not _whole(count, 1) or begin + count > size:
            raise invalid(f"Param {name} must have an offset and a length inside the text")
        if begin < end:
            raise invalid(f"Param {name} must not have items that overlap")
        end = begin + count
    return given


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def web_address(value: Any, name: str) -> str:
    """An address that a link card can show. Raises Refused (100)."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        host = urlsplit(text if "://" in text else f"https://{text}").hostname
    except ValueError:
        host = None
    if not host or " " in text or not text.lower().startswith(("http://", "https://", "www.")):
        raise invalid(f"Param {name} must be a valid URI")
    return text
