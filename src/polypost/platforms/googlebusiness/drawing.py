"""How Google shows a business's post in the panel beside the search results."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.googlebusiness.options import GoogleBusinessOptions
from polypost.platforms.googlebusiness.spec import SPEC
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.drawn_words import counted

_READ = date(2026, 11, 26)
_GUIDES = "Guides of 2025-26: 80 to 100 characters; one says 250 to 300"
_ON_THE_PAGE = "Google's search results, as remembered"
_KINDS = {"STANDARD": "text", "EVENT": "event", "OFFER": "offer"}

_figure = kit.figures_read(_READ, _ON_THE_PAGE)
_seen = kit.figures_read(_READ, _GUIDES, "seen")


def show(draft: Draft) -> kit.Shown:
    """The one post; an offer has no button."""
    options: GoogleBusinessOptions = draft.options
    action = "LEARN_MORE" if options.call_to_action_type == "GET_OFFER" else options.call_to_action_type
    kind = _KINDS[options.topic]
    notes = [_time(options)] if options.event_start_date else []
    notes += [f"Code: {options.offer_coupon_code}"] if options.offer_coupon_code else []
    notes += [options.offer_terms_conditions] if options.offer_terms_conditions else []
    part = kit.Part(
        text=draft.text,
        title=options.event_title,
        media=draft.media[:1],
        button=None if action is None or kind == "offer" else action.replace("_", " ").capitalize(),
        notes=tuple(notes),
        counted=counted(SPEC, len(draft.text)),
    )
    return kit.Shown("panel", "photo" if kind == "text" and draft.media else kind, [part])


def _time(options: GoogleBusinessOptions) -> str:
    begin = f"{options.event_start_date} {options.event_start_time or ''}".strip()
    end = f"{options.event_end_date or ''} {options.event_end_time or ''}".strip()
    return f"{begin} to {end}" if end else begin


DRAWING = kit.Drawing(
    surfaces={
        "panel": kit.Surface(
            layout="stacked",
            text=kit.Fold("Read more", characters=_seen(100, "characters")),
            title=kit.Fold(),
            single=kit.Single(ratio=_seen(4 / 3, "width / height", "Guides of 2025-26; cropped")),
            below=True,
        )
    },
    column=_figure(400),
    avatar=_figure(40),
    text_size=_figure(14),
    text_line=_figure(20),
    title_size=_figure(16),
    title_line=_figure(22),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(12),
    radius=_figure(8),
    media_gap=_figure(0),
    colour=kit.Colour("#1a73e8", _ON_THE_PAGE, _READ, "believed"),
    coloured=(),
    show=show,
)
