"""How a network shows a post, as data: its numbers, each with source, day and confidence, and a post as it is shown.

What is made of them is the room `drawing`. Lengths are in CSS pixels, ratios are width / height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, runtime_checkable

from polypost.platforms.base import Draft, Limit, MediaRef

# `documented` by the network or in its own source code, `seen` by others who measured or asked, `believed` by us.
Confidence = Literal["documented", "seen", "believed"]
Layout = Literal["beside", "stacked", "upright", "watch", "pin"]
# `beside` has the text beside the avatar, `upright` over a full screen; `watch` and `pin` name the account last.


@dataclass(frozen=True, slots=True)
class Figure(Limit):
    """One number of a drawing: how sure it is, its source and the day it was read."""

    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour as CSS writes it: how sure it is, its source and the day it was read."""

    value: str
    source: str
    read: date
    confidence: Confidence
    unit: str = "colour"


class ReadFigure(Protocol):
    """A number of a drawing that was read on a known day: see `figures_read`."""

    def __call__(
        self, value: float, unit: str = ..., source: str = ..., sure: Confidence = ...
    ) -> Figure: ...


def figures_read(read: date, source: str, sure: Confidence = "believed") -> ReadFigure:
    """Makes the figures of a network that were read on one day; `source` and `sure` are those of who names none."""

    def figure(value: float, unit: str = "pixels", source: str = source, sure: Confidence = sure) -> Figure:
        return Figure(value, unit, source, read, sure)

    return figure


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a text is folded; without lines and characters it is shown whole, `hidden` not at all.

    It folds after `lines` as they are rendered, or after `characters` as `cut` counts them, whichever comes first;
    where `over` is set only when it has more lines than that. `breaks` says that only written line breaks count,
    `lead` that the account's name stands in the first line.
    """

    more: str = ""
    lines: Figure | None = None
    characters: Figure | None = None
    over: Figure | None = None
    breaks: bool = False
    hidden: bool = False
    lead: bool = False
    cut: Callable[[str, int], str] | None = None


@dataclass(frozen=True, slots=True)
class Single:
    """How one picture or video stands: cropped (`cover`) or with bars (`contain`) where its ratio is outside.

    `ratio` is fixed; `least` and `most` bound its own; `height` bounds its height, and `frame` says that it gets
    narrower instead of taller than a box of this ratio.
    """

    ratio: Figure | None = None
    least: Figure | None = None
    most: Figure | None = None
    height: Figure | None = None
    frame: Figure | None = None
    fit: Literal["cover", "contain"] = "cover"


@dataclass(frozen=True, slots=True)
class Tiles:
    """A grid of items: rows of letters, one for each item, which may span; the ratio is that of the whole."""

    rows: tuple[str, ...]
    ratio: Figure


@dataclass(frozen=True, slots=True)
class Several:
    """How more than one item stands: in a grid by their number, one after the other, or in a strip of one height.

    A `ratio` of None is that of the first item, within the bounds of `Single`. More items than the largest grid has
    are counted on its last tile. Above `most` items `beyond` holds.
    """

    form: Literal["grid", "carousel", "strip"]
    tiles: Mapping[int, Tiles] = field(default_factory=dict)
    ratio: Figure | None = None
    height: Figure | None = None
    least: Figure | None = None
    most_ratio: Figure | None = None
    fit: Literal["cover", "contain"] = "cover"
    dots: bool = False
    chip: bool = False
    most: int | None = None
    beyond: Several | None = None


@dataclass(frozen=True, slots=True)
class CardLook:
    """How a link is shown below a text: a `large` picture on top, a `small` one beside, or only a `line`."""

    form: Literal["large", "small", "line"]
    ratio: Figure | None = None
    side: Figure | None = None
    title_lines: Figure | None = None
    title_characters: Figure | None = None
    description_lines: Figure | None = None
    description_characters: Figure | None = None
    radius: Figure | None = None
    upper: bool = False
    host_last: bool = False
    only_without_media: bool = True


@dataclass(frozen=True, slots=True)
class Badge:
    """The mark that says that there is an alternative text."""

    corner: Literal["bottom left", "bottom right"]
    size: Figure
    inset: Figure


@dataclass(frozen=True, slots=True)
class Clear:
    """What a network's own buttons and words cover of a full screen, as parts of its sides."""

    top: Figure
    right: Figure
    bottom: Figure
    left: Figure


@dataclass(frozen=True, slots=True)
class Surface:
    """One place where a network shows posts, and how they look there."""

    layout: Layout
    text: Fold
    single: Single
    several: Several | None = None
    title: Fold | None = None
    card: CardLook | None = None
    clear: Clear | None = None
    # The width of this surface where it is not the network's usual one, and the ratio of the profile's grid.
    column: Figure | None = None
    grid: Figure | None = None
    # Media that reach from one side of the column to the other, and a text that stands below them.
    bleed: bool = False
    below: bool = False
    # The account stands over the top of a full screen, as in stories.
    named_above: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A link, mention or hashtag of a text, from `start` to `end` in characters; `shown` is what a link is shortened to."""

    start: int
    end: int
    kind: Literal["link", "mention", "hashtag"]
    value: str
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """How long a text is as the network counts, and how long it may be."""

    length: int
    limit: int
    unit: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a link card says; None where the network asks the page, which nobody does for a drawing."""

    url: str
    title: str | None = None
    description: str | None = None
    image: str | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll before anybody has voted."""

    options: tuple[str, ...]
    question: str | None = None
    ends: str | None = None
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One of the posts that a target becomes. `warning` hides the text until it is opened.

    `spans` are what stands out of the text where the network does not look for it itself.
    `alts` go by the order of the media, as do `captions` and `focus`, the point (x, y from -1 to 1) that crops keep.
    """

    text: str = ""
    title: str | None = None
    media: Sequence[MediaRef] = ()
    alts: Sequence[str] = ()
    captions: Sequence[str] = ()
    focus: Sequence[tuple[float, float] | None] = ()
    poster: str | None = None
    card: Card | None = None
    poll: Poll | None = None
    warning: str | None = None
    covered: bool = False
    button: str | None = None
    notes: tuple[str, ...] = ()
    spans: Sequence[Span] | None = None
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A target as posts that stand below each other on one surface; `kind` is the network's word for it."""

    surface: str
    kind: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that a network's drawing needs besides the post.

    `left`, `right` are the column's padding and `gap` stands between avatar and text. `corner` None means a circle.
    `spans` finds links, mentions and hashtags; `coloured` are those that are.
    """

    surfaces: Mapping[str, Surface]
    column: Figure
    avatar: Figure
    text_size: Figure
    text_line: Figure
    left: Figure
    right: Figure
    gap: Figure
    radius: Figure
    media_gap: Figure
    colour: Colour
    show: Callable[[Draft], Shown]
    corner: Figure | None = None
    title_size: Figure | None = None
    title_line: Figure | None = None
    badge: Badge | None = None
    gif_badge: bool = False
    # A line between the avatars of a thread's posts.
    thread_line: Figure | None = None
    numbered: bool = False
    poll: Literal["pills", "radio", "rows"] = "pills"
    bold: bool = False
    coloured: tuple[str, ...] = ("link", "mention", "hashtag")
    spans: Callable[[str], Iterable[Span]] | None = None


@runtime_checkable
class Draws(Protocol):
    """A network that is drawn by its own numbers."""

    drawing: Drawing
