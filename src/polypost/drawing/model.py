"""A drawn post: what `draw` answers with. Lengths are in CSS pixels at the network's own width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from polypost.platforms.base import MediaKind
from polypost.platforms.kit.drawing import Card, Colour, Counted, Figure, Poll, Span

By = Literal["lines", "characters", "hidden", "whole"]


@dataclass(frozen=True, slots=True)
class Sides:
    """Parts of a box, from 0 to 1: what is cut off, or stays empty, on each side."""

    top: float
    right: float
    bottom: float
    left: float


@dataclass(frozen=True, slots=True)
class DrawnText:
    """A text and where it folds. `folded` is None where only a browser can tell, and `visible` then a guess.

    `cut` says that the drawing itself ends the text here, because it is far longer than what is shown.
    """

    content: str
    visible: str
    folded: bool | None
    by: By
    more: str
    lines: int | None
    characters: int | None
    width: float
    estimated: bool
    cut: bool
    spans: Sequence[Span]
    lead: str = ""


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """A picture or video in its box; `share` is the box's part of the media's width, `ratio` None where the
    file decides and was not measured.

    `crop` is what `cover` cuts off the file, `bars` what `contain` leaves empty in the box; `focus` what crops keep.
    """

    type: MediaKind
    url: str
    poster: str | None
    alt_text: str
    alt_badge: bool
    gif_badge: bool
    caption: str
    ratio: float | None
    share: float
    height: float | None
    fit: Literal["cover", "contain"]
    crop: Sides | None
    bars: Sides | None
    focus: tuple[float, float] | None
    duration: float | None
    more: int = 0


@dataclass(frozen=True, slots=True)
class DrawnMedia:
    """The media of a post; `rows` are a grid's, `ratio` is that of the whole, `hidden` counts what no box shows."""

    form: Literal["single", "grid", "carousel", "strip"]
    width: float
    ratio: float | None
    height: float | None
    rows: Sequence[str]
    items: Sequence[DrawnItem]
    hidden: int
    dots: bool
    chip: bool
    least: float | None = None
    most: float | None = None
    gap: float = 0


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """A link card; `asked` says that the network takes title and picture from the page itself."""

    form: Literal["large", "small", "line"]
    card: Card
    domain: str
    asked: bool
    ratio: float | None


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """One post of those that stand below each other; `warning` hides the text, `covered` the media until opened."""

    text: DrawnText | None
    title: DrawnText | None
    counted: Counted | None
    warning: str | None
    covered: bool
    media: DrawnMedia | None
    card: DrawnCard | None
    poll: Poll | None
    button: str | None
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Thumb:
    """The post in the grid of its profile."""

    ratio: float
    crop: Sides | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A target as its network shows it; not `known` where the network has no numbers and a plain card stands in.

    `hidden_parts` counts the further posts of a very long thread.
    """

    platform: str
    name: str
    account: str
    username: str | None
    known: bool
    surface: str
    kind: str
    parts: Sequence[DrawnPart]
    hidden_parts: int
    clear: Sides | None
    grid: Thumb | None
    figures: Mapping[str, Figure | Colour]
