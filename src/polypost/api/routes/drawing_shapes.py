"""Drawings of posts, as the document shows them. Lengths are in CSS pixels, ratios are width / height."""

from __future__ import annotations

from datetime import date
from typing import Literal

from polypost.api.openapi.documented import Maybe, Shape
from polypost.api.routes.posts_shapes import Problem
from polypost.intake.bodies import PlatformName


class Sides(Shape):
    """Parts of a box, from 0 to 1, on each of its sides."""

    top: float
    right: float
    bottom: float
    left: float


class Span(Shape):
    """A stretch of a text, in characters, that is a link, a mention or a hashtag; `shown` is what a link is cut to."""

    start: int
    end: int
    kind: Literal["link", "mention", "hashtag"]
    value: str
    shown: str | None


class DrawnText(Shape):
    """A text and where it folds; `folded` is null where only a browser can tell, and `visible` then a guess."""

    content: str
    visible: str
    folded: bool | None
    by: Literal["lines", "characters", "hidden", "whole"]
    more: str
    lines: int | None
    characters: int | None
    width: float
    estimated: bool
    cut: bool
    spans: list[Span]
    lead: str


class Counted(Shape):
    """How long the text is as the network counts, and how long it may be."""

    length: int
    limit: int
    unit: str


class DrawnItem(Shape):
    """A picture or video in its box: what `cover` cuts off (`crop`), what `contain` leaves empty (`bars`).

    `ratio` is null where the file decides and was not measured; `share` is the box's part of the media's width.
    """

    type: Literal["image", "video", "gif", "document"]
    url: str
    poster: str | None
    altText: str
    altBadge: bool
    gifBadge: bool
    caption: str
    ratio: float | None
    share: float
    height: float | None
    fit: Literal["cover", "contain"]
    crop: Sides | None
    bars: Sides | None
    focus: list[float] | None
    duration: float | None
    more: int


class DrawnMedia(Shape):
    """The media of a post; `rows` are a grid's, `hidden` counts what stands behind its last tile."""

    form: Literal["single", "grid", "carousel", "strip"]
    width: float
    ratio: float | None
    height: float | None
    rows: list[str]
    items: list[DrawnItem]
    hidden: int
    dots: bool
    chip: bool
    least: float | None
    most: float | None
    gap: float


class Card(Shape):
    """What a link card says; null where the network asks the page."""

    url: str
    title: str | None
    description: str | None
    image: str | None


class DrawnCard(Shape):
    """A link card; `asked` says that the network takes title and picture from the page itself."""

    form: Literal["large", "small", "line"]
    card: Card
    domain: str
    asked: bool
    ratio: float | None


class DrawnPoll(Shape):
    """A poll before anybody has voted."""

    options: list[str]
    question: str | None
    ends: str | None
    multiple: bool


class DrawnPart(Shape):
    """One of the posts that stand below each other; `warning` hides the text, `covered` the media until opened."""

    text: DrawnText | None
    title: DrawnText | None
    counted: Counted | None
    warning: str | None
    covered: bool
    media: DrawnMedia | None
    card: DrawnCard | None
    poll: DrawnPoll | None
    button: str | None
    notes: list[str]


class Thumb(Shape):
    """The post in the grid of its profile."""

    ratio: float
    crop: Sides | None


class Figure(Shape):
    """A number or colour that the drawing follows: how sure it is, its source and the day it was read."""

    value: float | str
    unit: str
    source: str
    read: date
    confidence: Literal["documented", "seen", "believed"]


class Drawing(Shape):
    """A target as its network shows it; not `known` where Polypost has no numbers and a plain card stands in."""

    platform: PlatformName
    name: str
    account: str
    username: str | None
    known: bool
    surface: str
    kind: str
    parts: list[DrawnPart]
    hiddenParts: int
    clear: Sides | None
    grid: Thumb | None
    figures: dict[str, Figure]


class DrawnTarget(Shape):
    """One platform entry: its drawing as data and as an HTML fragment without script, with its style sheet or without."""

    platform: PlatformName
    accountId: str
    drawing: Drawing
    html: str


class Drawings(Shape):
    """What the networks show of a post; `notice` says how far to trust it, `errors` what acceptance would say.

    `undrawn` has the accounts whose drawings an answer of this size has no room for: ask for fewer at a time.
    `style` is the style sheet of all of them, where the query asked for it apart.
    """

    success: bool
    valid: bool
    errors: list[Problem]
    notice: str
    platforms: list[DrawnTarget]
    undrawn: list[str]
    style: str = Maybe
