"""How Mastodon's own web client shows a post: folds, warnings, media with a focus, polls, threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import kind_of, minutes
from polypost.platforms.kit.spans import first_link
from polypost.platforms.kit.spans import spans as plain_spans
from polypost.platforms.mastodon.options import MastodonOptions
from polypost.platforms.mastodon.server import limit_of
from polypost.platforms.mastodon.spec import SPEC
from polypost.platforms.mastodon.text import graphemes, length

_READ = date(2026, 11, 26)
_CLIENT = "mastodon/mastodon, web client 2023-26: status_content.jsx, media_gallery.jsx, card.jsx"
_REMEMBERED = "Mastodon's web client, as remembered"
# How much of a link is shown after its scheme [believed]; the rest is only hidden.
LINK_CHARACTERS = 30

_figure = kit.figures_read(_READ, _CLIENT, "documented")
_believed = kit.figures_read(_READ, _REMEMBERED)
_RATIO = "width / height"
_BOX = _figure(3 / 2, _RATIO)


def spans(text: str) -> Iterator[kit.Span]:
    """Links, mentions and hashtags; of `@user@domain` the client shows `@user`."""
    for span in plain_spans(text, _shown):
        short = span.value.rpartition("@")[0] if span.kind == "mention" else None
        yield kit.Span(span.start, span.end, span.kind, span.value, short or span.shown)


def _shown(link: str) -> str:
    plain = link.split("://", 1)[1].removeprefix("www.")
    return plain if len(plain) <= LINK_CHARACTERS else f"{plain[:LINK_CHARACTERS]}…"


def _part(
    text: str, media: Sequence[MediaRef], alts: list[str], account: Account, options: MastodonOptions
) -> kit.Part:
    link, warning = first_link(text), options.spoiler_text or None
    own = length(text, limit_of(account, "url_characters")) + graphemes(warning or "")
    return kit.Part(
        text=text,
        media=media,
        alts=alts,
        card=kit.Card(link) if link else None,
        warning=warning,
        covered=bool(media and (options.sensitive or warning)),
        counted=kit.Counted(own, limit_of(account, "text_characters"), "characters"),
    )


def _focus(point: str) -> tuple[float, float] | None:
    x, _, y = point.partition(",")
    return (float(x), float(y)) if y else None


def show(draft: Draft) -> kit.Shown:
    """The post, and those that follow it in its thread."""
    options: MastodonOptions = draft.options
    alts = alt_texts(SPEC, draft.media, options.alt_text)
    asked = options.poll
    poll = None
    if asked:
        poll = kit.Poll(
            tuple(asked.options), ends=minutes(asked.duration_minutes), multiple=bool(asked.multiple)
        )
    plain = _part(draft.text, draft.media, alts, draft.account, options)
    root = replace(
        plain,
        focus=[_focus(point) for point in options.focus or ()],
        card=None if poll else plain.card,
        poll=poll,
        notes=() if options.seen_by == "public" else (f"Visibility: {options.seen_by}",),
    )
    thread = [
        _part(item.content, refs, alt_texts(SPEC, refs, item.alt_text), draft.account, options)
        for item in options.thread
        for refs in [item.refs(draft.further)]
    ]
    kind = "thread" if thread else "poll" if poll else kind_of(draft.media, "images")
    return kit.Shown("feed", kind, [root, *thread])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="stacked",
            text=kit.Fold("Read more", lines=_believed(15, "lines"), over=_figure(32, "lines")),
            single=kit.Single(),
            several=kit.Several(
                "grid",
                tiles={
                    2: kit.Tiles(("ab",), _BOX),
                    3: kit.Tiles(("ab", "ac"), _BOX),
                    4: kit.Tiles(("ab", "cd"), _BOX),
                },
            ),
            card=kit.CardLook(
                "large",
                ratio=_believed(1.91, _RATIO),
                title_lines=_believed(2, "lines"),
                radius=_believed(8),
                host_last=True,
            ),
        )
    },
    column=_believed(600),
    avatar=_believed(46),
    corner=_believed(8),
    text_size=_figure(15),
    text_line=_figure(22),
    left=_believed(17),
    right=_believed(17),
    gap=_believed(10),
    radius=_believed(8),
    media_gap=_believed(2),
    colour=kit.Colour("#6364ff", _REMEMBERED, _READ, "believed"),
    badge=kit.Badge("bottom left", _believed(12), _believed(8)),
    gif_badge=True,
    poll="radio",
    show=show,
    spans=spans,
)
