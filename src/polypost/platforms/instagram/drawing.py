"""How Instagram shows a post: in the feed, as a reel, as a story."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.instagram.options import InstagramOptions, kind_of
from polypost.platforms.instagram.spec import SPEC
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import counted

_READ = date(2026, 11, 26)
_PREVIEWS = "Automattic/wp-calypso, packages/social-previews"
_IN_THE_APP = "The app and instagram.com, as remembered"
_GUIDES = "Guides of 2025-26"
_MEDIA = "Meta, IG User Media reference, 8 Oct 2026"
_ADS = (
    "Meta Ads Guide, placements in reels and stories: a figure for ads, and none is published for other posts"
)

_figure = kit.figures_read(_READ, _IN_THE_APP)
_seen = kit.figures_read(_READ, _GUIDES, "seen")
_documented = kit.figures_read(_READ, _MEDIA, "documented")
_ad = kit.figures_read(_READ, _ADS, "documented")
_RATIO = "width / height"
_PART = "part of the side"
_UPRIGHT = _documented(9 / 16, _RATIO)
_CLEAR = kit.Clear(_ad(0.14, _PART), _ad(0.06, _PART), _ad(0.35, _PART), _ad(0.06, _PART))
_GRID = _seen(3 / 4, _RATIO)
_SCREEN = _figure(360)


def show(draft: Draft) -> kit.Shown:
    """The one post, on the surface of its kind; a story has no caption."""
    options: InstagramOptions = draft.options
    kind = kind_of(options, draft.media)
    notes = tuple(f"With @{name}" for name in options.collaborators or ())
    if options.story and draft.text.strip():
        notes += ("A story takes no caption: the text is left out.",)
    described = kind in {"image", "carousel"}
    part = kit.Part(
        text="" if options.story else draft.text,
        media=draft.media,
        alts=alt_texts(SPEC, draft.media) if described else (),
        poster=options.cover_url,
        notes=notes,
        counted=None if options.story else counted(SPEC, len(draft.text)),
    )
    return kit.Shown(kind if kind in {"reel", "story"} else "feed", kind, [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="stacked",
            text=kit.Fold(
                "more",
                lines=_seen(2, "lines", _PREVIEWS),
                characters=_seen(125, "characters", f"{_GUIDES}: 125; {_PREVIEWS}: 120"),
                lead=True,
            ),
            single=kit.Single(least=_documented(4 / 5, _RATIO), most=_documented(1.91, _RATIO)),
            several=kit.Several("carousel", dots=True, chip=True),
            grid=_GRID,
            bleed=True,
            below=True,
        ),
        "reel": kit.Surface(
            layout="upright",
            text=kit.Fold("more", lines=_figure(1, "lines")),
            single=kit.Single(ratio=_UPRIGHT, fit="contain"),
            clear=_CLEAR,
            column=_SCREEN,
            grid=_GRID,
        ),
        "story": kit.Surface(
            layout="upright",
            text=kit.Fold(),
            single=kit.Single(ratio=_UPRIGHT, fit="contain"),
            clear=_CLEAR,
            column=_SCREEN,
            named_above=True,
        ),
    },
    column=_figure(470),
    avatar=_seen(32, source=_PREVIEWS),
    text_size=_figure(14),
    text_line=_figure(18),
    left=_figure(12),
    right=_figure(12),
    gap=_figure(10),
    radius=_figure(0),
    media_gap=_figure(0),
    colour=kit.Colour("rgb(0 55 107)", _PREVIEWS, _READ, "seen"),
    coloured=("mention", "hashtag"),
    show=show,
)
