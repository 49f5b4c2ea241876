"""How Bluesky shows a post: numbers of its own app, whose source is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.bluesky import text as words
from polypost.platforms.bluesky.options import BlueskyOptions
from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import counted, kind_of

_READ = date(2026, 11, 26)
_APP = "bluesky-social/social-app, 2026: constants.ts, view/com/util/post-embeds, components/Post"
_REMEMBERED = "bsky.app in a browser, as remembered"
# How much of a link's path the app shows, and from which length on it cuts [believed].
_PATH_SHOWN, _PATH_CUT = 13, 15

_figure = kit.figures_read(_READ, _APP, "documented")
_believed = kit.figures_read(_READ, _REMEMBERED)
_RATIO = "width / height"
_BOX = _figure(2, _RATIO)


def spans(text: str) -> Iterator[kit.Span]:
    """What becomes a facet, which is all that the app marks."""
    for span in words.spans(text):
        if span.kind == "link":
            yield kit.Span(span.start, span.end, "link", span.value, _short(span.value))
        else:
            yield kit.Span(span.start, span.end, "hashtag" if span.kind == "tag" else "mention", span.value)


def _short(link: str) -> str:
    try:
        parts = urlsplit(link)
    except ValueError:
        return link
    path = ("" if parts.path == "/" else parts.path) + (f"?{parts.query}" if parts.query else "")
    return f"{parts.netloc}{path if len(path) <= _PATH_CUT else path[:_PATH_SHOWN] + '...'}"


def _part(text: str, media: tuple[MediaRef, ...], alts: list[str]) -> kit.Part:
    return kit.Part(text=text, media=media, alts=alts, counted=counted(SPEC, words.graphemes(text)))


def show(draft: Draft) -> kit.Shown:
    """The post, and those that follow it in its thread; nobody but us makes the link card."""
    options: BlueskyOptions = draft.options
    plain = _part(draft.text, draft.media, alt_texts(SPEC, draft.media, options.alt_text))
    card = options.card
    notes = [f"Content warning: {label}" for label in options.labels or ()]
    notes += ["Quotes a post"] if options.quote else []
    root = replace(
        plain,
        card=None if card is None else kit.Card(card.url, card.title, card.description, card.thumbnail_url),
        covered=bool(options.labels and draft.media),
        notes=tuple(notes),
    )
    thread = [
        _part(item.content, refs, alt_texts(SPEC, refs, item.alt_text))
        for item in options.thread
        for refs in [item.refs(draft.further)]
    ]
    kind = kind_of(draft.media, "images")
    kind = "gallery" if len(draft.media) > _MOST or options.gallery else kind
    if not draft.media and card:
        kind = "link card"
    return kit.Shown("feed", "thread" if thread else kind, [root, *thread])


_MOST = SPEC.limit("images")
_STRIP = kit.Several(
    "strip", height=_figure(300), least=_figure(2 / 3, _RATIO), most_ratio=_figure(3 / 2, _RATIO)
)
DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="beside",
            text=kit.Fold("Show more", lines=_figure(25, "lines"), breaks=True),
            single=kit.Single(least=_figure(1 / 2, _RATIO), frame=_figure(1, _RATIO)),
            several=kit.Several(
                "grid",
                tiles={
                    2: kit.Tiles(("ab",), _BOX),
                    3: kit.Tiles(("ab", "ac"), _BOX),
                    4: kit.Tiles(("ab", "cd"), _figure(3 / 2, _RATIO)),
                },
                most=_MOST,
                beyond=_STRIP,
            ),
            card=kit.CardLook(
                "large",
                ratio=_figure(1200 / 630, _RATIO),
                title_lines=_figure(3, "lines"),
                description_lines=_figure(2, "lines"),
                radius=_figure(12),
                host_last=True,
            ),
        )
    },
    column=_figure(600),
    avatar=_figure(42),
    text_size=_figure(15),
    text_line=_believed(20),
    left=_figure(18),
    right=_figure(15),
    gap=_figure(10),
    radius=_figure(12),
    media_gap=_figure(4),
    colour=kit.Colour("#006aff", _REMEMBERED, _READ, "believed"),
    badge=kit.Badge("bottom right", _figure(8), _figure(4)),
    thread_line=_figure(2),
    show=show,
    spans=spans,
)
