"""The closed body of `POST /2/tweets` (X API OpenAPI 2.167, read 2026-11-24) and a small judge for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from polypost.sandbox.networks.twitter.limits import limit

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_ID: Schema = {"type": "string", "pattern": r"[0-9]{1,19}"}
_AUDIENCE: Schema = {"type": "string", "enum": ["following", "mentionedUsers", "subscribers", "verified"]}


def _closed(required: tuple[str, ...] = (), **members: Schema) -> Schema:
    return {"type": "object", "members": members, "required": required}


def _list(items: Schema, low: int, high: int) -> Schema:
    return {"type": "array", "items": items, "low": low, "high": high}


_LINK = _closed(("url",), url=_TEXT)
_CALLS = _closed(
    app_install=_closed(app_store_id=_TEXT, ipad_app_store_id=_TEXT, play_store_id=_TEXT),
    visit_site=_LINK,
    watch_now=_LINK,
)
CREATE_POST = _closed(
    card_uri=_TEXT,
    community_id=_ID,
    direct_message_deep_link=_TEXT,
    edit_options=_closed(("previous_post_id",), previous_post_id=_ID),
    for_super_followers_only=_FLAG,
    geo=_closed(("place_id",), place_id=_TEXT),
    made_with_ai=_FLAG,
    media=_closed(
        ("media_ids",),
        call_to_actions=_CALLS,
        description=_TEXT,
        embeddable=_FLAG,
        media_ids=_list(_ID, 1, limit("media_per_post")),
        preview_media_id=_ID,
        tagged_user_ids=_list(_ID, 0, limit("tagged_users")),
        title=_TEXT,
    ),
    nullcast=_FLAG,
    paid_partnership=_FLAG,
    poll=_closed(
        ("options", "duration_minutes"),
        duration_minutes={
            "type": "integer",
            "low": limit("poll_minutes_min"),
            "high": limit("poll_minutes_max"),
        },
        options=_list(
            {"type": "string", "low": 1, "high": limit("poll_option_characters")},
            limit("poll_options_min"),
            limit("poll_options_max"),
        ),
        reply_settings=_AUDIENCE,
    ),
    quote_tweet_id=_ID,
    reply=_closed(
        ("in_reply_to_tweet_id",),
        auto_populate_reply_metadata=_FLAG,
        exclude_reply_user_ids=_list(_TEXT, 0, 1_000),
        in_reply_to_tweet_id=_ID,
    ),
    reply_settings=_AUDIENCE,
    share_with_followers=_FLAG,
    text=_TEXT,
)

_KINDS: dict[str, Any] = {"string": str, "boolean": bool, "object": dict, "array": list, "integer": int}


def violations(schema: Schema, value: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Everything in which a value breaks a schema, as (path, message)."""
    kind: str = schema["type"]
    if not isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield path, f"{type(value).__name__} found, {kind} expected"
    elif kind == "object":
        yield from _in_object(schema, value, path)
    elif kind == "array":
        yield from _in_range(schema, len(value), path, "items")
        for index, item in enumerate(value):
            yield from violations(schema["items"], item, f"{path}[{index}]")
    elif kind == "string":
        yield from _in_text(schema, value, path)
    elif kind == "integer":
        yield from _in_range(schema, value, path, "as its value")


def _in_object(schema: Schema, value: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for name in schema["required"]:
        if name not in value:
            yield f"{path}.{name}", "is missing but it is required"
    for name, member in value.items():
        if name in schema["members"]:
            yield from violations(schema["members"][name], member, f"{path}.{name}")
        else:
            yield (
                f"{path}.{name}",
                "is not defined in the schema and the schema does not allow additional properties",
            )


def _in_text(schema: Schema, value: str, path: str) -> Iterator[tuple[str, str]]:
    if "enum" in schema and value not in schema["enum"]:
        yield path, f"does not have a value in the enumeration {schema['enum']}"
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        yield path, f"does not match the regex pattern ^{schema['pattern']}$"
    yield from _in_range(schema, len(value), path, "characters")


def _in_range(schema: Schema, number: int, path: str, what: str) -> Iterator[tuple[str, str]]:
    if number < schema.get("low", number):
        yield path, f"must have at least {schema['low']} {what}"
    if number > schema.get("high", number):
        yield path, f"must have at most {schema['high']} {what}"
