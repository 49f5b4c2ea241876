"""How Facebook shows a page's post: in the feed, as a reel, as a story."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.facebook.options import FacebookOptions
from polypost.platforms.facebook.spec import SPEC
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import comment, counted, kind_of

_READ = date(2026, 11, 26)
_PREVIEWS = "Automattic/wp-calypso, packages/social-previews"
_IN_THE_APP = "The app and facebook.com, as remembered"
_GUIDES = "Guides of 2025-26; Meta publishes nothing"
_REELS = "Meta, Reels Publishing, 30 Jul 2026"
_ADS = (
    "Meta Ads Guide, placements in reels and stories: a figure for ads, and none is published for other posts"
)

_figure = kit.figures_read(_READ, _IN_THE_APP)
_seen = kit.figures_read(_READ, _PREVIEWS, "seen")
_ad = kit.figures_read(_READ, _ADS, "documented")
_RATIO = "width / height"
_PART = "part of the side"
_UPRIGHT = kit.Single(ratio=kit.Figure(9 / 16, _RATIO, _REELS, _READ, "documented"), fit="contain")
_CLEAR = kit.Clear(_ad(0.14, _PART), _ad(0.06, _PART), _ad(0.35, _PART), _ad(0.06, _PART))
_BOX = _figure(1, _RATIO)
_GRID = _figure(1, _RATIO)
_SCREEN = _figure(360)


def show(draft: Draft) -> kit.Shown:
    """The one post, on the surface of its kind; a story has no text."""
    options: FacebookOptions = draft.options
    kind = kind_of(draft.media, "photo", "photos")
    kind = "photo" if kind == "gif" else kind
    if options.link and not draft.media:
        kind = "link"
    surface = options.content_type or "feed"
    notes: tuple[str, ...] = (
        () if options.shown else ("Not published: only those who manage the page see it.",)
    )
    if options.story and draft.text.strip():
        notes += ("A story takes no text: it is left out.",)
    part = kit.Part(
        text="" if options.story else draft.text,
        title=options.title,
        media=draft.media,
        alts=alt_texts(SPEC, draft.media, options.alt_texts),
        poster=options.video_thumbnail_url,
        card=kit.Card(options.link) if options.link else None,
        notes=notes + comment(options.first_comment),
        counted=None if options.story else counted(SPEC, len(draft.text)),
    )
    return kit.Shown(surface, kind if surface == "feed" else surface, [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="stacked",
            text=kit.Fold(
                "See more",
                lines=_seen(5, "lines", _GUIDES),
                characters=_seen(477, "characters", f"{_GUIDES}; {_PREVIEWS}: 440"),
            ),
            title=kit.Fold(),
            single=kit.Single(least=_figure(4 / 5, _RATIO)),
            several=kit.Several(
                "grid",
                tiles={
                    2: kit.Tiles(("ab",), _BOX),
                    3: kit.Tiles(("aa", "bc"), _BOX),
                    4: kit.Tiles(("ab", "cd"), _BOX),
                    5: kit.Tiles(("aaabbb", "ccddee"), _BOX),
                },
            ),
            card=kit.CardLook(
                "large",
                ratio=_seen(1.91, _RATIO),
                title_lines=_figure(2, "lines"),
                title_characters=_seen(110, "characters"),
                description_lines=_figure(1, "lines"),
                description_characters=_seen(200, "characters"),
                radius=_figure(0),
                upper=True,
            ),
            grid=_GRID,
            bleed=True,
        ),
        "reel": kit.Surface(
            layout="upright",
            text=kit.Fold("See more", lines=_figure(1, "lines")),
            single=_UPRIGHT,
            clear=_CLEAR,
            column=_SCREEN,
        ),
        "story": kit.Surface(
            layout="upright",
            text=kit.Fold(),
            single=_UPRIGHT,
            clear=_CLEAR,
            column=_SCREEN,
            named_above=True,
        ),
    },
    column=_seen(500),
    avatar=_figure(40),
    text_size=_figure(15),
    text_line=_figure(20),
    left=_figure(16),
    right=_figure(16),
    gap=_figure(8),
    radius=_figure(0),
    media_gap=_figure(2),
    colour=kit.Colour("#0064d1", _IN_THE_APP, _READ, "believed"),
    show=show,
)
