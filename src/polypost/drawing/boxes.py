"""The boxes of pictures and videos: their ratio, and what of a file a box cuts off or leaves empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from polypost.drawing.model import DrawnItem, DrawnMedia, Sides, Thumb
from polypost.platforms.base import MediaRef
from polypost.platforms.kit.drawing import Drawing, Part, Several, Single, Surface, Tiles

Fit = Literal["cover", "contain"]


def ratio_of(ref: MediaRef) -> float | None:
    """Width by height of a file, None before it was measured."""
    facts = ref.facts
    return facts.width / facts.height if facts and facts.width and facts.height else None


def cropped(own: float | None, box: float | None, focus: tuple[float, float] | None = None) -> Sides | None:
    """What a box of that ratio cuts off a file when it is filled; None where one of them is not known."""
    if own is None or box is None:
        return None
    x, y = focus or (0.0, 0.0)
    across, down = max(0.0, 1 - box / own), max(0.0, 1 - own / box)
    # As CSS places it: `object-position` shares out what is lost.
    left, top = across * (x + 1) / 2, down * (1 - y) / 2
    return Sides(round(top, 4), round(across - left, 4), round(down - top, 4), round(left, 4))


def barred(own: float | None, box: float | None) -> Sides | None:
    """What stays empty of a box of that ratio when the whole file is in it."""
    if own is None or box is None:
        return None
    across, down = max(0.0, 1 - own / box) / 2, max(0.0, 1 - box / own) / 2
    return Sides(round(down, 4), round(across, 4), round(down, 4), round(across, 4))


@dataclass(frozen=True, slots=True)
class Boxes:
    """Draws the media of one part on one surface of a network; of an alternative text at most `most` characters."""

    drawing: Drawing
    surface: Surface
    part: Part
    width: float
    most: int

    def media(self) -> DrawnMedia | None:
        """All of them, None where there are none."""
        count = len(self.part.media)
        if not count:
            return None
        several = self.surface.several
        if count == 1 or several is None:
            return self._single(self.surface.single, count - 1)
        if several.most and several.beyond and count > several.most:
            several = several.beyond
        if several.form == "grid":
            return self._grid(several)
        return self._strip(several) if several.form == "strip" else self._row(several)

    def thumb(self) -> Thumb | None:
        """The first of them in the profile's grid."""
        if self.surface.grid is None or not self.part.media:
            return None
        ratio = self.surface.grid.value
        return Thumb(round(ratio, 4), cropped(ratio_of(self.part.media[0]), ratio, self._focus(0)))

    def _single(self, single: Single, hidden: int) -> DrawnMedia:
        own = ratio_of(self.part.media[0])
        ratio, share = single_box(single, own, self.width)
        item = self._item(0, ratio, share, single.fit)
        height = None if ratio is None else self.width * share / ratio
        return self._media("single", [item], ratio=ratio, height=height, hidden=hidden, single=single)

    def _grid(self, several: Several) -> DrawnMedia:
        media = self.part.media
        tiles = several.tiles[min(len(media), max(several.tiles))]
        boxes = cells(tiles, self.width, self.drawing.media_gap.value)
        more = len(media) - len(boxes)
        items = [
            self._item(
                place, width / height, width / self.width, "cover", more=more * (place == len(boxes) - 1)
            )
            for place, (width, height) in enumerate(boxes)
        ]
        ratio = tiles.ratio.value
        return self._media(
            "grid", items, ratio=ratio, height=self.width / ratio, hidden=more, rows=tiles.rows
        )

    def _strip(self, several: Several) -> DrawnMedia:
        assert several.height is not None
        height = several.height.value
        items = [
            self._item(place, ratio, 0 if ratio is None else height * ratio / self.width, "cover")
            for place, ref in enumerate(self.part.media)
            for ratio in [_within(ratio_of(ref), several.least, several.most_ratio)]
        ]
        return self._media("strip", items, ratio=None, height=height, several=several)

    def _row(self, several: Several) -> DrawnMedia:
        media = self.part.media
        own, _ = single_box(self.surface.single, ratio_of(media[0]), self.width)
        first: float | None = own if several.ratio is None else several.ratio.value
        items = [self._item(place, first, 1, several.fit) for place in range(len(media))]
        height = None if first is None else self.width / first
        return self._media("carousel", items, ratio=first, height=height, several=several)

    def _media(
        self,
        form: Literal["single", "grid", "carousel", "strip"],
        items: Sequence[DrawnItem],
        *,
        ratio: float | None,
        height: float | None,
        hidden: int = 0,
        rows: tuple[str, ...] = (),
        several: Several | None = None,
        single: Single | None = None,
    ) -> DrawnMedia:
        bounds = several or single
        least = bounds.least if bounds else None
        most = several.most_ratio if several else single.most if single else None
        return DrawnMedia(
            form=form,
            width=self.width,
            ratio=None if ratio is None else round(ratio, 4),
            height=None if height is None else round(height, 1),
            rows=rows,
            items=items,
            hidden=hidden,
            dots=several is not None and several.dots,
            chip=several is not None and several.chip,
            least=least.value if least else None,
            most=most.value if most else None,
            gap=self.drawing.media_gap.value,
        )

    def _focus(self, place: int) -> tuple[float, float] | None:
        return self.part.focus[place] if place < len(self.part.focus) else None

    def _item(self, place: int, box: float | None, share: float, fit: Fit, *, more: int = 0) -> DrawnItem:
        ref, part = self.part.media[place], self.part
        own, focus = ratio_of(ref), self._focus(place)
        alt = part.alts[place][: self.most] if place < len(part.alts) else ""
        return DrawnItem(
            type=ref.type,
            url=ref.url,
            poster=part.poster if ref.type == "video" and place == 0 else None,
            alt_text=alt,
            alt_badge=bool(alt and self.drawing.badge),
            gif_badge=ref.type == "gif" and self.drawing.gif_badge,
            caption=part.captions[place] if place < len(part.captions) else "",
            ratio=None if box is None else round(box, 4),
            share=round(share, 4),
            height=None if box is None else round(self.width * share / box, 1),
            fit=fit,
            crop=cropped(own, box, focus) if fit == "cover" else None,
            bars=barred(own, box) if fit == "contain" else None,
            focus=focus,
            duration=ref.facts.duration if ref.facts else None,
            more=more,
        )


def _within(ratio: float | None, least: object, most: object) -> float | None:
    if ratio is None:
        return None
    low, high = (getattr(each, "value", None) for each in (least, most))
    return min(max(ratio, low or ratio), high or max(ratio, low or ratio))


def single_box(single: Single, own: float | None, width: float) -> tuple[float | None, float]:
    """The ratio of a single item's box and its part of the width; the ratio is None where the file decides."""
    if single.ratio is not None:
        return single.ratio.value, 1.0
    ratio = _within(own, single.least, single.most)
    if ratio is None:
        return None, 1.0
    most = tallest(single, width)
    if 1 / ratio <= most:
        return ratio, 1.0
    # Bars stand beside what is too tall; without them the box itself gets narrower.
    return (1 / most, 1.0) if single.fit == "contain" else (ratio, most * ratio)


def tallest(single: Single, width: float) -> float:
    """How tall a single item's box may be, in parts of the media's width; infinite where nothing bounds it."""
    return min(
        single.height.value / width if single.height else float("inf"),
        1 / single.frame.value if single.frame else float("inf"),
    )


def cells(tiles: Tiles, width: float, gap: float) -> list[tuple[float, float]]:
    """Width and height of each tile, in the order of their letters."""
    rows = tiles.rows
    columns, height = len(rows[0]), width / tiles.ratio.value
    column, row = (width - gap * (columns - 1)) / columns, (height - gap * (len(rows) - 1)) / len(rows)
    found = []
    for letter in sorted(set("".join(rows))):
        across = max(line.count(letter) for line in rows)
        down = sum(letter in line for line in rows)
        found.append((across * column + (across - 1) * gap, down * row + (down - 1) * gap))
    return found
