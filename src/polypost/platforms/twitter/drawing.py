"""How X shows a post: folds, grids, link cards, threads, polls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawing import (
    Badge,
    Card,
    CardLook,
    Colour,
    Counted,
    Drawing,
    Fold,
    Part,
    Poll,
    Several,
    Shown,
    Single,
    Span,
    Surface,
    Tiles,
    figures_read,
)
from polypost.platforms.kit.drawn_words import kind_of, minutes
from polypost.platforms.kit.spans import merged, web_address, without_scheme
from polypost.platforms.kit.spans import spans as plain_spans
from polypost.platforms.twitter.options import TwitterOptions
from polypost.platforms.twitter.spec import SPEC
from polypost.platforms.twitter.text import shortened, weighted_length
from polypost.platforms.twitter.urls import find_urls

_READ = date(2026, 11, 26)
_PREVIEWS = "Automattic/wp-calypso, packages/social-previews"
_ON_THE_PAGE = "x.com in a browser, as remembered"
_PRESS = "Press of February 2023 and guides of 2025-26: longer posts end with Show more"

_figure = figures_read(_READ, _ON_THE_PAGE)
_preview = figures_read(_READ, _PREVIEWS, "seen")
# A link's own end stands behind an ellipsis [believed].
LINK_CHARACTERS = 26
_BOX = _preview(16 / 9, "width / height")


def spans(text: str) -> list[Span]:
    """What X colours: its own links, with or without a scheme, mentions and hashtags."""
    links = [
        Span(
            begin, end, "link", web_address(text[begin:end]), without_scheme(text[begin:end], LINK_CHARACTERS)
        )
        for begin, end in find_urls(text)
    ]
    return merged([*links, *(span for span in plain_spans(text) if span.kind != "link")])


def _part(text: str, media: Sequence[MediaRef], *, limit: str = "text", poll: Poll | None = None) -> Part:
    link = next((span.value for span in spans(text) if span.kind == "link"), None)
    return Part(
        text=text,
        media=media,
        alts=alt_texts(SPEC, media),
        card=Card(link) if link and poll is None else None,
        poll=poll,
        counted=Counted(weighted_length(text), SPEC.limit(limit), "weighted characters"),
    )


def show(draft: Draft) -> Shown:
    """The post, and those that follow it in its thread."""
    options: TwitterOptions = draft.options
    asked = options.poll
    poll = None if asked is None else Poll(tuple(asked.options), ends=minutes(asked.duration_minutes))
    root = _part(draft.text, draft.media, limit="long_text" if options.long_post else "text", poll=poll)
    thread = [_part(item.content, item.refs(draft.further)) for item in options.thread]
    kind = "thread" if thread else "poll" if poll else kind_of(draft.media, "images")
    return Shown("timeline", kind, [root, *thread])


DRAWING = Drawing(
    surfaces={
        "timeline": Surface(
            layout="beside",
            text=Fold(
                "Show more",
                characters=_figure(280, "weighted characters", _PRESS, "seen"),
                cut=shortened,
            ),
            single=Single(height=_figure(510)),
            several=Several(
                "grid",
                tiles={
                    2: Tiles(("ab",), _BOX),
                    3: Tiles(("ab", "ac"), _BOX),
                    4: Tiles(("ab", "cd"), _BOX),
                },
            ),
            card=CardLook(
                "large",
                ratio=_preview(1.91, "width / height"),
                title_lines=_preview(1, "lines"),
                radius=_preview(16),
            ),
            grid=_figure(1, "width / height"),
        )
    },
    column=_figure(598),
    avatar=_figure(40),
    text_size=_preview(15),
    text_line=_preview(20),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(12),
    radius=_figure(16),
    media_gap=_figure(2),
    colour=Colour("#1d9bf0", _ON_THE_PAGE, _READ, "believed"),
    badge=Badge("bottom left", _figure(13), _figure(12)),
    gif_badge=True,
    thread_line=_preview(2),
    show=show,
    spans=spans,
)
