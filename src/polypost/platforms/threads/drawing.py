"""How Threads shows a post: one below the other in a chain, media in a strip, polls, link cards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from polypost.platforms.base import Draft, MediaRef
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import counted, kind_of
from polypost.platforms.kit.spans import first_link, without_scheme
from polypost.platforms.kit.spans import spans as plain_spans
from polypost.platforms.threads.options import ThreadsOptions
from polypost.platforms.threads.spec import SPEC
from polypost.platforms.threads.text import threads_length

_READ = date(2026, 11, 26)
_PREVIEWS = "Automattic/wp-calypso, packages/social-previews"
_IN_THE_APP = "The app and threads.com, as remembered"
_CARDS = "zelolab, link previews on Threads, July 2023"
# A link's own end stands behind an ellipsis [believed].
LINK_CHARACTERS = 30

_figure = kit.figures_read(_READ, _IN_THE_APP)
_seen = kit.figures_read(_READ, _PREVIEWS, "seen")


def spans(text: str) -> Iterator[kit.Span]:
    """Links, mentions, and of all hashtags the first: a post has one topic."""
    topic = False
    for span in plain_spans(text, lambda link: without_scheme(link, LINK_CHARACTERS)):
        if span.kind != "hashtag" or not topic:
            yield span
        topic = topic or span.kind == "hashtag"


def _part(text: str, media: tuple[MediaRef, ...], alts: list[str], link: str | None = None) -> kit.Part:
    address = link or first_link(text)
    return kit.Part(
        text=text,
        media=media,
        alts=alts,
        card=kit.Card(address) if address else None,
        counted=counted(SPEC, threads_length(text)),
    )


def show(draft: Draft) -> kit.Shown:
    """The post, and those that follow it in its chain."""
    options: ThreadsOptions = draft.options
    plain = _part(
        draft.text, draft.media, alt_texts(SPEC, draft.media, options.alt_text), options.link_attachment
    )
    poll = kit.Poll(tuple(options.poll.options), ends="1 day") if options.poll else None
    root = replace(
        plain,
        card=None if poll else plain.card,
        poll=poll,
        covered=bool(options.spoiler_media),
        notes=tuple(_notes(options)),
    )
    thread = [
        _part(item.content, refs, alt_texts(SPEC, refs, item.alt_text))
        for item in options.thread
        for refs in [item.refs(draft.further)]
    ]
    kind = "thread" if thread else "poll" if poll else kind_of(draft.media, several="carousel")
    return kit.Shown("feed", kind, [root, *thread])


def _notes(options: ThreadsOptions) -> Iterator[str]:
    if options.topic_tag:
        yield f"Topic: {options.topic_tag}"
    if options.text_attachment:
        yield f"A text of {len(options.text_attachment.plaintext)} characters opens at a tap."
    if options.gif_attachment:
        yield f"A GIF from {options.gif_attachment.provider.capitalize()}"
    if options.quote_post_id:
        yield "Quotes a post"
    if options.ghost_post:
        yield "Disappears after a day"


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="beside",
            # Drawn whole: the app's own fold, if there is one, is unknown.
            text=kit.Fold(),
            single=kit.Single(height=_figure(430)),
            several=kit.Several("strip", height=_figure(300)),
            card=kit.CardLook(
                "large",
                ratio=_seen(1.9, "width / height", _CARDS),
                title_lines=_figure(2, "lines"),
                title_characters=_seen(120, "characters"),
                radius=_figure(8),
            ),
        )
    },
    column=_figure(620),
    avatar=_figure(36),
    text_size=_figure(15),
    text_line=_figure(21),
    left=_figure(24),
    right=_figure(24),
    gap=_figure(12),
    radius=_figure(8),
    media_gap=_figure(6),
    colour=kit.Colour("#0095f6", _IN_THE_APP, _READ, "believed"),
    thread_line=_figure(2),
    poll="rows",
    show=show,
    spans=spans,
)
