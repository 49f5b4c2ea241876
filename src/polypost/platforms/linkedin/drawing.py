"""How LinkedIn shows a post: three lines of text, pictures in tiles, link cards made of our own words, polls."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import comment, counted, kind_of
from polypost.platforms.kit.spans import merged
from polypost.platforms.kit.spans import spans as plain_spans
from polypost.platforms.linkedin import text
from polypost.platforms.linkedin.options import LinkedInOptions
from polypost.platforms.linkedin.spec import SPEC

_READ = date(2026, 11, 26)
_PREVIEWS = "Automattic/wp-calypso, packages/social-previews"
_FOLD = "J. Espirian, September 2024; wp-calypso; postkio, May 2026. One guide says 5 lines on a desktop"
_ON_THE_PAGE = "linkedin.com in a browser, as remembered"
_HELP = "LinkedIn help as guides of 2024-26 quote it"
_DAYS = {"ONE_DAY": "1 day", "THREE_DAYS": "3 days", "SEVEN_DAYS": "1 week", "FOURTEEN_DAYS": "2 weeks"}

_figure = kit.figures_read(_READ, _ON_THE_PAGE)
_seen = kit.figures_read(_READ, _PREVIEWS, "seen")
_RATIO = "width / height"
_BOX = _figure(1, _RATIO)


def show(draft: Draft) -> kit.Shown:
    """The one post."""
    options: LinkedInOptions = draft.options
    marks = [
        kit.Span(each.begin, each.end, "mention", each.urn)
        for each in text.spans(draft.text, options.mentioned)
    ]
    poll = options.poll
    card = None
    if options.article_url:
        card = kit.Card(options.article_url, options.card_title, options.article_description)
    kind = kind_of(draft.media, several="multi-image")
    kind = "poll" if poll else "article" if card else "reshare" if options.reshare_urn else kind
    part = kit.Part(
        text=draft.text,
        title=options.document_title,
        # The picture of an article is its card's.
        media=() if card else draft.media,
        alts=alt_texts(SPEC, draft.media, options.alt_text),
        card=kit.Card(card.url, card.title, card.description, draft.media[0].url)
        if card and draft.media
        else card,
        poll=None
        if poll is None
        else kit.Poll(tuple(poll.options), poll.question, _DAYS[poll.duration or "THREE_DAYS"]),
        spans=merged([*marks, *(span for span in plain_spans(draft.text) if span.kind != "mention")]),
        notes=(("A reshared post stands here.",) if options.reshare_urn else ())
        + comment(options.first_comment),
        counted=counted(SPEC, len(draft.text)),
    )
    return kit.Shown("feed", kind, [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="stacked",
            text=kit.Fold("…more", lines=_seen(3, "lines", _FOLD), characters=_seen(500, "characters")),
            title=kit.Fold(),
            single=kit.Single(least=_seen(4 / 5, _RATIO, _HELP), most=_seen(3, _RATIO, _HELP)),
            several=kit.Several(
                "grid",
                tiles={
                    2: kit.Tiles(("ab",), _BOX),
                    3: kit.Tiles(("aa", "bc"), _BOX),
                    4: kit.Tiles(("aaa", "aaa", "bcd"), _BOX),
                },
            ),
            card=kit.CardLook(
                "large",
                ratio=_seen(1.91, _RATIO),
                title_lines=_figure(2, "lines"),
                radius=_seen(8),
                host_last=True,
            ),
            bleed=True,
        )
    },
    column=_seen(555),
    avatar=_figure(48),
    text_size=_seen(14),
    text_line=_seen(20),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(8),
    radius=_seen(0),
    media_gap=_figure(2),
    colour=kit.Colour("#0a66c2", _ON_THE_PAGE, _READ, "believed"),
    bold=True,
    show=show,
)
