"""The drawings on the simulators' pages: what a simulator holds, drawn by the numbers of the network's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from markupsafe import Markup

from polypost.drawing import draw_shown, render
from polypost.platforms import base
from polypost.platforms.kit.drawing import Card, Draws, Part, Poll, Shown, Span
from polypost.platforms.registry import connector
from polypost.probe import Facts
from polypost.sandbox.simkit import Account, Media
from polypost.sandbox.simkit.sketches import Draw, Sketch

_KINDS: dict[str, base.MediaKind] = {"gif": "gif", "video": "video", "document": "document"}


def drawer(platform: str) -> Draw:
    """What draws posts of a network."""
    return partial(_drawn, platform)


def _drawn(platform: str, account: Account | None, sketches: Sequence[Sketch]) -> Markup:
    network = connector(platform)
    surfaces = list(network.drawing.surfaces) if isinstance(network, Draws) else ["post"]
    surface = next((each.surface for each in sketches if each.surface in surfaces), surfaces[0])
    shown = Shown(surface, "post", [_part(sketch) for sketch in sketches])
    who = base.Account(account.id, account.username, account.name) if account else base.Account("")
    return Markup(render(draw_shown(platform, who, shown)))  # noqa: S704  # `render` escapes


def _part(sketch: Sketch) -> Part:
    spans = sketch.links
    card = sketch.card
    return Part(
        text=sketch.text,
        title=sketch.title or None,
        media=[_ref(item) for item in sketch.media],
        alts=[item.get("alt") or "" for item in sketch.media],
        captions=sketch.captions,
        poster=sketch.poster,
        card=Card(card.get("url") or "", card.get("title"), card.get("description"), card.get("image"))
        if card
        else None,
        poll=Poll(tuple(sketch.poll), sketch.question or None, multiple=sketch.multiple)
        if sketch.poll
        else None,
        warning=sketch.warning or None,
        covered=sketch.covered,
        button=sketch.button or None,
        spans=None if spans is None else [_span(*each) for each in spans],
    )


def _span(start: int, end: int, kind: str, value: str) -> Span:
    if kind == "link":
        return Span(start, end, "link", value)
    return Span(start, end, "mention" if kind == "mention" else "hashtag", value)


def _ref(item: Media) -> base.MediaRef:
    kind = _KINDS.get(item.get("kind", ""), "image")
    width, height = item.get("width"), item.get("height")
    facts = Facts(kind, item["mime"], 0, width, height, item.get("duration")) if width and height else None
    return base.MediaRef(
        kind, f"/_sandbox/media/{quote(item['blob'])}?type={quote(item['mime'], safe='')}", facts=facts
    )
