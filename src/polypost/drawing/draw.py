"""A target becomes a drawing: what is the same for all networks, by the numbers of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from polypost.drawing.boxes import Boxes
from polypost.drawing.folding import Measure, drawn_text, plain
from polypost.drawing.model import Drawn, DrawnCard, DrawnPart, DrawnText, Sides
from polypost.drawing.plain import PLAIN
from polypost.platforms.base import Account, Draft
from polypost.platforms.kit.drawing import (
    Card,
    CardLook,
    Clear,
    Colour,
    Drawing,
    Draws,
    Figure,
    Fold,
    Part,
    Shown,
    Surface,
)
from polypost.platforms.kit.spans import spans as plain_spans
from polypost.platforms.registry import connector

# More of a text than any network shows before its fold, and than a person reads in a drawing.
MOST_CHARACTERS = 5_000
MOST_PARTS = 25
# What all parts of a drawing show together, and single things in it.
_CHARACTERS, _ITEMS, _SPANS, _OPTIONS, _WORDS = 40_000, 40, 200, 20, 300


def draw(platform: str, draft: Draft, *, most: int = MOST_CHARACTERS) -> Drawn:
    """What the network shows of a draft; of each text at most `most` characters. Options that are None count as none."""
    network = connector(platform)
    drawing = network.drawing if isinstance(network, Draws) else PLAIN
    if network is not None and draft.options is None:
        # As far as no option that must be there says otherwise.
        draft = replace(draft, options=network.options.model_construct())
    return draw_shown(platform, draft.account, drawing.show(draft), most=most)


def draw_shown(platform: str, account: Account, shown: Shown, *, most: int = MOST_CHARACTERS) -> Drawn:
    """The same of posts that are already as the network shows them."""
    network = connector(platform)
    known = isinstance(network, Draws)
    drawing = network.drawing if isinstance(network, Draws) else PLAIN
    surface = drawing.surfaces[shown.surface]
    name = account.name or account.username or "Your account"
    parts = [*_bounded(shown.parts[:MOST_PARTS])]
    artist = _Artist(drawing, surface, account.username or name, min(most, _CHARACTERS // len(parts)))
    first = Boxes(drawing, surface, parts[0], artist.media_width, most)
    return Drawn(
        platform=platform,
        name=network.spec.name if network else platform,
        account=name,
        username=account.username,
        known=known,
        surface=shown.surface,
        kind=shown.kind,
        parts=[artist.part(part) for part in parts],
        hidden_parts=max(0, len(shown.parts) - MOST_PARTS),
        clear=_sides(surface.clear),
        grid=first.thumb(),
        figures=dict(figures_of(drawing, surface)),
    )


def _bounded(parts: Sequence[Part]) -> Iterator[Part]:
    """The parts with no more in them than people look at, whatever an order holds that nobody has judged yet."""
    left = _ITEMS
    for part in parts:
        poll = part.poll
        if poll is not None:
            options = tuple(option[:_WORDS] for option in poll.options[:_OPTIONS])
            poll = replace(poll, options=options, question=poll.question and poll.question[:_WORDS])
        yield replace(
            part,
            media=part.media[:left],
            captions=[caption[:_WORDS] for caption in part.captions[:left]],
            poll=poll,
            warning=part.warning and part.warning[:_WORDS],
            notes=tuple(note[:_WORDS] for note in part.notes[:_OPTIONS]),
        )
        left = max(0, left - len(part.media))


def _sides(clear: Clear | None) -> Sides | None:
    if clear is None:
        return None
    return Sides(clear.top.value, clear.right.value, clear.bottom.value, clear.left.value)


class _Artist:
    """Draws the parts of one post."""

    def __init__(self, drawing: Drawing, surface: Surface, username: str, most: int) -> None:
        self._drawing, self._surface, self._username, self._most = drawing, surface, username, most
        column = (surface.column or drawing.column).value
        inside = column - drawing.left.value - drawing.right.value
        if surface.layout in {"beside", "watch"}:
            inside -= drawing.avatar.value + drawing.gap.value
        self._width = inside
        whole = surface.bleed or surface.layout in {"upright", "watch", "pin"}
        self.media_width = column if whole else inside

    def part(self, part: Part) -> DrawnPart:
        """One of the posts."""
        drawing, surface = self._drawing, self._surface
        text = self._text(part)
        title = None
        if surface.title is not None and (said := plain(part.title or "")):
            size = (drawing.title_size or drawing.text_size).value
            title = drawn_text(said, surface.title, Measure(self._width, size), self._most, ())
        card = None
        if part.card is not None and surface.card is not None:
            hidden = surface.card.only_without_media and part.media
            card = None if hidden else _card(part.card, surface.card)
        return DrawnPart(
            text=text,
            title=title,
            counted=part.counted,
            warning=part.warning,
            covered=part.covered,
            media=Boxes(drawing, surface, part, self.media_width, self._most).media(),
            card=card,
            poll=part.poll,
            button=part.button,
            notes=part.notes,
        )

    def _text(self, part: Part) -> DrawnText | None:
        said = plain(part.text)
        if not said:
            return None
        # What a warning hides is whole once it is opened.
        fold = Fold() if part.warning else self._surface.text
        finder = self._drawing.spans or plain_spans
        found = part.spans if part.spans is not None else [*finder(said[: self._most])]
        measure = Measure(self._width, self._drawing.text_size.value)
        return drawn_text(said, fold, measure, self._most, found[:_SPANS], lead=self._username)


def domain_of(url: str) -> str:
    """The host of an address as cards show it."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    return host.removeprefix("www.")


def _card(card: Card, look: CardLook) -> DrawnCard:
    said = Card(
        card.url,
        _shortened(card.title, look.title_characters),
        _shortened(card.description, look.description_characters),
        card.image,
    )
    domain = domain_of(card.url)
    return DrawnCard(
        form=look.form,
        card=said,
        domain=domain.upper() if look.upper else domain,
        asked=card.title is None,
        ratio=look.ratio.value if look.ratio else None,
    )


def _shortened(text: str | None, most: Figure | None) -> str | None:
    end = int(most) if most else _WORDS
    return text if text is None or len(text) <= end else f"{text[: end - 1].rstrip()}…"


def figures_of(drawing: Drawing, surface: Surface) -> Iterator[tuple[str, Figure | Colour]]:
    """Every number that a drawing follows, by where it stands, as in `text.lines`."""
    for field in fields(drawing):
        if field.name != "surfaces":
            yield from _within(field.name, getattr(drawing, field.name))
    for field in fields(surface):
        yield from _within(field.name, getattr(surface, field.name))


def _within(name: str, value: Any) -> Iterator[tuple[str, Figure | Colour]]:
    if isinstance(value, Figure | Colour):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _within(f"{name}.{key}", each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _within(f"{name}.{field.name}", getattr(value, field.name))
