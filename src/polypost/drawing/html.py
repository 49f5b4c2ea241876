"""A drawing as an HTML fragment: no script, no resource but the post's own media, everything of users escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from polypost.drawing.boxes import tallest
from polypost.drawing.model import Drawn, DrawnItem, DrawnText
from polypost.drawing.plain import PLAIN
from polypost.platforms.kit.drawing import Drawing, Draws, Surface
from polypost.platforms.registry import connector

if TYPE_CHECKING:
    from jinja2 import Template

NOTICE = (
    "Drawn by Polypost from the documentation of {} and from what others have seen: a drawing, not a promise. "
    "Apps differ, and change without notice."
)
PLAIN_NOTICE = "Polypost has no numbers for {}: a plain card, not a drawing of what it shows."
_OWN_PATH = re.compile(r"/(?!/)[!-~]*")
Segment = tuple[str, str, str]


@cache
def style() -> str:
    """The style sheet that all drawings share."""
    return resources.files("polypost.drawing").joinpath("templates/drawing.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    # Imported here: an idle server does without it.
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("polypost.drawing"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("drawing.html")


def render(drawn: Drawn, *, styled: bool = True) -> str:
    """The fragment; `styled` ones bring the style sheet along, others stand on a page that has it."""
    from markupsafe import Markup

    network = connector(drawn.platform)
    drawing = network.drawing if isinstance(network, Draws) else PLAIN
    surface = drawing.surfaces[drawn.surface]
    card = surface.card
    values: dict[str, Any] = {
        "drawn": drawn,
        "look": drawing,
        "surface": surface,
        "wide": surface.bleed or surface.layout in {"watch", "pin"},
        "bleed": surface.bleed or surface.layout == "watch",
        "notice": (NOTICE if drawn.known else PLAIN_NOTICE).format(drawn.name),
        "properties": properties(drawing, surface),
        "style": Markup(style()) if styled else "",  # noqa: S704  # our own file
        "tallest": lambda media: tallest(surface.single, media.width),
        "title_lines": int(card.title_lines) if card and card.title_lines else 2,
        "description_lines": int(card.description_lines) if card and card.description_lines else 0,
        "segments": lambda text, begin, end: [*_segments(text, begin, end, drawing)],
        "clamp": lambda text: _clamp(text, surface),
        "safe": safe,
        "percent": lambda part: f"{part * 100:g}%",
        "clock": lambda seconds: f"{int(seconds) // 60}:{int(seconds) % 60:02d}",
        "place": _place,
        "thumb": _thumb,
    }
    return re.sub(r"\n\s*\n+", "\n", _template().render(values)).strip()


def safe(url: str | None) -> str:
    """An address as it may stand in a page: on the web, or a path of the page's own server; else empty."""
    if not url:
        return ""
    if _OWN_PATH.fullmatch(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def properties(drawing: Drawing, surface: Surface) -> str:
    """The network's numbers as CSS custom properties."""
    pixels = {
        "column": surface.column or drawing.column,
        "avatar": drawing.avatar,
        "size": drawing.text_size,
        "line": drawing.text_line,
        "title-size": drawing.title_size or drawing.text_size,
        "title-line": drawing.title_line or drawing.text_line,
        "left": drawing.left,
        "right": drawing.right,
        "gap": drawing.gap,
        "radius": drawing.radius,
        "media-gap": drawing.media_gap,
        "thread": drawing.thread_line,
        "badge-size": drawing.badge.size if drawing.badge else None,
        "badge-inset": drawing.badge.inset if drawing.badge else None,
        "card-radius": surface.card.radius if surface.card else None,
        "card-side": surface.card.side if surface.card else None,
    }
    said = {name: f"{figure.value:g}px" for name, figure in pixels.items() if figure is not None}
    said["corner"] = f"{drawing.corner.value:g}px" if drawing.corner else "50%"
    said["brand"] = drawing.colour.value
    said["weight"] = "700" if drawing.bold else "inherit"
    return ";".join(f"--{name}:{value}" for name, value in said.items())


def _clamp(text: DrawnText, surface: Surface) -> int | None:
    """After how many lines the browser ends the text."""
    fold = surface.title if surface.title and text.more == surface.title.more else surface.text
    if text.lines is None:
        return None
    if fold.breaks:
        return text.lines if text.folded else None
    return text.lines if text.folded or fold.over is None else int(fold.over)


def _segments(text: DrawnText, begin: int, end: int, drawing: Drawing) -> Iterator[Segment]:
    """The stretch of a text as (kind, what is shown, where it leads); kind and address are empty for plain words."""
    at = begin
    for span in text.spans:
        if span.kind not in drawing.coloured or span.end <= begin or span.start >= end:
            continue
        start, stop = max(span.start, begin), min(span.end, end)
        if start > at:
            yield "", text.content[at:start], ""
        whole = (start, stop) == (span.start, span.end)
        said = span.shown if whole and span.shown else text.content[start:stop]
        yield span.kind, said, safe(span.value) if span.kind == "link" else ""
        at = stop
    if at < end:
        yield "", text.content[at:end], ""


def _place(item: DrawnItem) -> str:
    if item.focus is None:
        return ""
    x, y = item.focus
    return f"object-position:{(x + 1) * 50:g}% {(1 - y) * 50:g}%"


def _thumb(item: DrawnItem) -> Any:
    from markupsafe import Markup

    if item.type == "video" and not safe(item.poster):
        film = Markup('<video src="{}#t=0.1" preload="metadata" muted aria-hidden="true"></video>')
        return film.format(safe(item.url)) if safe(item.url) else ""
    picture = safe(item.poster or item.url)
    return Markup('<img src="{}" alt="" referrerpolicy="no-referrer">').format(picture) if picture else ""
