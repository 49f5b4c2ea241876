"""The card of a network that has no numbers of its own: everything there is, in order, folded nowhere."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit.drawing import (
    Colour,
    Drawing,
    Fold,
    Part,
    Several,
    Shown,
    Single,
    Surface,
    figures_read,
)

_READ = date(2026, 11, 28)
_SOURCE = "Polypost's own plain card"
_figure = figures_read(_READ, _SOURCE)


def show(draft: Draft) -> Shown:
    """The draft as it is, in one piece."""
    alts = [ref.alt_text for ref in draft.media]
    return Shown("post", "post", [Part(text=draft.text, media=draft.media, alts=alts)])


PLAIN = Drawing(
    surfaces={
        "post": Surface(
            layout="stacked",
            text=Fold(),
            single=Single(height=_figure(560)),
            several=Several("strip", height=_figure(220)),
        )
    },
    column=_figure(560),
    avatar=_figure(40),
    text_size=_figure(16),
    text_line=_figure(24),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(12),
    radius=_figure(12),
    media_gap=_figure(8),
    colour=Colour("#1457c0", _SOURCE, _READ, "believed"),
    show=show,
)
