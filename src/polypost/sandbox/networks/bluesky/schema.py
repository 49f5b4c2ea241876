"""The records this server knows: its schemas, and what it says about a record that does not fit.

Schemas: Lexicons of bluesky-social/atproto, 20 August 2026. A union is open: a `$type` it does not know passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import regex  # type: ignore[import-untyped]  # the package ships no types

from polypost.sandbox.networks.bluesky.formats import FORMATS
from polypost.sandbox.networks.bluesky.limits import limit

Schema = Mapping[str, Any]
_CLUSTER = regex.compile(r"\X")


class Misfit(Exception):
    """A record that breaks its schema; the message names the rule and the place."""


def graphemes(text: str) -> int:
    """How many characters a person sees."""
    # In ASCII only CR and LF join into one.
    return len(text) if text.isascii() and "\r" not in text else len(_CLUSTER.findall(text))


def _text(form: str | None = None, **rules: int) -> Schema:
    return {"type": "string", "format": form, **rules}


def _list(items: Schema, most: str | None = None) -> Schema:
    return {"type": "array", "items": items, "most": most}


def _object(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def _union(*names: str) -> Schema:
    return {"type": "union", "names": names}


def _blob(accept: str, most: str) -> Schema:
    return {"type": "blob", "accept": accept, "most": most}


_WHOLE: Schema = {"type": "integer", "least": 0}
_SIDE: Schema = {"type": "integer", "least": 1}
_RATIO = _object("width", "height", width=_SIDE, height=_SIDE)
_STRONG_REF = _object("uri", "cid", uri=_text("at-uri"), cid=_text("cid"))
_TAG = _text(bytes=limit("tag_bytes"), graphemes=limit("tag_graphemes"))
_IMAGE = _blob("image/*", "image_bytes")
_CAPTION = _object("lang", "file", lang=_text("language"), file=_blob("text/vtt", "caption_bytes"))
_EXTERNAL = _object(
    "uri",
    "title",
    "description",
    uri=_text("uri"),
    title=_text(),
    description=_text(),
    thumb=_blob("image/*", "thumbnail_bytes"),
    associatedRefs=_list(_STRONG_REF),
)
_MEDIA = (
    "app.bsky.embed.images",
    "app.bsky.embed.video",
    "app.bsky.embed.gallery",
    "app.bsky.embed.external",
)
# The reference server takes places beyond the text, which then only show wrong.
_FACET = _object(
    "index",
    "features",
    index=_object("byteStart", "byteEnd", byteStart=_WHOLE, byteEnd=_WHOLE),
    features=_list(_union(*(f"app.bsky.richtext.facet#{kind}" for kind in ("mention", "link", "tag")))),
)
_RULES = tuple(
    f"app.bsky.feed.threadgate#{kind}Rule" for kind in ("mention", "follower", "following", "list")
)
_SUBJECT = _object("subject", "createdAt", subject=_STRONG_REF, createdAt=_text("datetime"))

RECORDS: dict[str, Schema] = {
    "app.bsky.feed.post": _object(
        "text",
        "createdAt",
        text=_text(bytes=limit("text_bytes"), graphemes=limit("text_graphemes")),
        createdAt=_text("datetime"),
        facets=_list(_FACET),
        reply=_object("root", "parent", root=_STRONG_REF, parent=_STRONG_REF),
        embed=_union(*_MEDIA, "app.bsky.embed.record", "app.bsky.embed.recordWithMedia"),
        langs=_list(_text("language"), "langs"),
        labels=_union("com.atproto.label.defs#selfLabels"),
        tags=_list(_TAG, "tags"),
    ),
    "app.bsky.feed.threadgate": _object(
        "post",
        "createdAt",
        post=_text("at-uri"),
        createdAt=_text("datetime"),
        allow=_list(_union(*_RULES), "reply_rules"),
    ),
    "app.bsky.feed.postgate": _object(
        "post",
        "createdAt",
        post=_text("at-uri"),
        createdAt=_text("datetime"),
        embeddingRules=_list(_union("app.bsky.feed.postgate#disableRule"), "reply_rules"),
    ),
    "app.bsky.feed.like": _SUBJECT,
    "app.bsky.feed.repost": _SUBJECT,
}
PARTS: dict[str, Schema] = {
    "app.bsky.richtext.facet#mention": _object("did", did=_text("did")),
    "app.bsky.richtext.facet#link": _object("uri", uri=_text("uri")),
    "app.bsky.richtext.facet#tag": _object("tag", tag=_TAG),
    "app.bsky.embed.images": _object(
        "images",
        images=_list(_object("image", "alt", image=_IMAGE, alt=_text(), aspectRatio=_RATIO), "images"),
    ),
    "app.bsky.embed.gallery": _object(
        "items", items=_list(_union("app.bsky.embed.gallery#image"), "gallery_items")
    ),
    "app.bsky.embed.gallery#image": _object(
        "image", "alt", "aspectRatio", image=_IMAGE, alt=_text(), aspectRatio=_RATIO
    ),
    "app.bsky.embed.video": _object(
        "video",
        video=_blob("video/mp4", "video_bytes"),
        captions=_list(_CAPTION, "captions"),
        alt=_text(),
        aspectRatio=_RATIO,
        presentation=_text(),
    ),
    "app.bsky.embed.external": _object("external", external=_EXTERNAL),
    "app.bsky.embed.record": _object("record", record=_STRONG_REF),
    "app.bsky.embed.recordWithMedia": _object(
        "record", "media", record=_object("record", record=_STRONG_REF), media=_union(*_MEDIA)
    ),
    "com.atproto.label.defs#selfLabels": _object(
        "values", values=_list(_object("val", val=_text(bytes=128)), "labels")
    ),
    "app.bsky.feed.threadgate#listRule": _object("list", list=_text("at-uri")),
}


def check(collection: str, record: dict[str, Any]) -> bool:
    """Whether the record fits its schema; False for a collection this server does not know. Raises Misfit."""
    schema = RECORDS.get(collection)
    if schema is None:
        return False
    _value(schema, record, "$.record")
    return True


def blobs(value: Any) -> Iterator[dict[str, Any]]:
    """Every blob that a record refers to."""
    if isinstance(value, dict):
        if value.get("$type") == "blob":
            yield value
        else:
            for part in value.values():
                yield from blobs(part)
    elif isinstance(value, list):
        for part in value:
            yield from blobs(part)


def _value(schema: Schema, value: Any, path: str) -> None:
    checks = {
        "string": _check_text,
        "integer": _check_integer,
        "array": _check_list,
        "object": _check_object,
        "union": _check_union,
        "blob": _check_blob,
    }
    checks[schema["type"]](schema, value, path)


def _expect(wanted: str, value: Any, path: str, *kinds: type) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = {str: "string", bool: "boolean", int: "integer", list: "array", dict: "object"}
        raise Misfit(f"Expected {wanted} value type (got {names.get(type(value), 'null')}) at {path}")


def _at_most(what: str, most: int | None, got: int, path: str) -> None:
    if most is not None and got > most:
        raise Misfit(f"{what} too big (maximum {most}, got {got}) at {path}")


def _check_text(schema: Schema, value: Any, path: str) -> None:
    _expect("string", value, path, str)
    _at_most("string", schema.get("bytes"), len(value.encode("utf-8", "surrogatepass")), path)
    if "graphemes" in schema:
        _at_most("grapheme", schema["graphemes"], graphemes(value), path)
    form = schema.get("format")
    if form and not FORMATS[form](value):
        raise Misfit(f'Invalid {form} (got "{value[:80]}") at {path}')


def _check_integer(schema: Schema, value: Any, path: str) -> None:
    _expect("integer", value, path, int)
    if value < schema["least"]:
        raise Misfit(f"integer too small (minimum {schema['least']}, got {value}) at {path}")


def _check_list(schema: Schema, value: Any, path: str) -> None:
    _expect("array", value, path, list)
    _at_most("array", limit(schema["most"]) if schema["most"] else None, len(value), path)
    for place, item in enumerate(value):
        _value(schema["items"], item, f"{path}[{place}]")


def _check_object(schema: Schema, value: Any, path: str) -> None:
    _expect("object", value, path, dict)
    for name in schema["required"]:
        if name not in value:
            raise Misfit(f'Missing required key "{name}" at {path}')
    for name, part in schema["properties"].items():
        if name in value:
            _value(part, value[name], f"{path}.{name}")


def _check_union(schema: Schema, value: Any, path: str) -> None:
    _expect("object", value, path, dict)
    if not isinstance(value.get("$type"), str):
        raise Misfit(f'Missing required key "$type" at {path}')
    # A lexicon's main definition goes by both names.
    name = value["$type"].removesuffix("#main")
    if name in schema["names"] and name in PARTS:
        _value(PARTS[name], value, path)


def _check_blob(schema: Schema, value: Any, path: str) -> None:
    _expect("blob", value, path, dict)
    link = value.get("ref")
    whole = isinstance(value.get("mimeType"), str) and isinstance(value.get("size"), int)
    if value.get("$type") != "blob" or not isinstance(link, dict) or "$link" not in link or not whole:
        raise Misfit(f"Expected blob value type (got object) at {path}")
    if not fnmatchcase(value["mimeType"], schema["accept"]):
        raise Misfit(
            f'Expected "{schema["accept"]}" mime type (got "{value["mimeType"]}") at {path}.mimeType'
        )
    # Held against the record and not the upload, as on the reference server.
    _at_most("blob", limit(schema["most"]), value["size"], path)
