"""How TikTok shows a post: upright and full screen, a video or photos to swipe."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.drawn_words import counted
from polypost.platforms.tiktok.check import units
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.platforms.tiktok.spec import SPEC

_READ = date(2026, 11, 26)
_IN_THE_APP = "The app, as remembered"
_GUIDES = "socaptions 2026 and other guides; TikTok publishes no figure for posts that are no ads"

_figure = kit.figures_read(_READ, _IN_THE_APP)
_seen = kit.figures_read(_READ, _GUIDES, "seen")
_RATIO = "width / height"
_PART = "part of the side"


def show(draft: Draft) -> kit.Shown:
    """The video with its caption, or the photos with title and description; a draft has neither."""
    options: TikTokOptions = draft.options
    photos = bool(draft.media) and draft.media[0].type != "video"
    text, title, most = draft.text, None, "caption_units"
    if photos:
        title, most = draft.text, "photo_title_units"
        text = options.description or ""
    notes: tuple[str, ...] = ()
    if options.draft and not photos:
        text, notes = "", ("A draft in the app: the text is left out.",)
    part = kit.Part(
        text=text,
        title=title,
        media=draft.media,
        notes=notes,
        counted=counted(SPEC, units(draft.text), most),
    )
    return kit.Shown("screen", "draft" if options.draft else "photos" if photos else "video", [part])


DRAWING = kit.Drawing(
    surfaces={
        "screen": kit.Surface(
            layout="upright",
            text=kit.Fold("more", lines=_figure(2, "lines")),
            title=kit.Fold(),
            single=kit.Single(ratio=_figure(9 / 16, _RATIO), fit="contain"),
            several=kit.Several("carousel", ratio=_figure(9 / 16, _RATIO), fit="contain", dots=True),
            clear=kit.Clear(
                top=_seen(250 / 1920, _PART),
                right=_seen(170 / 1080, _PART),
                bottom=_seen(420 / 1920, _PART),
                left=_seen(60 / 1080, _PART),
            ),
            grid=_figure(3 / 4, _RATIO),
        )
    },
    column=_figure(360),
    avatar=_figure(48),
    text_size=_figure(15),
    text_line=_figure(20),
    title_size=_figure(15),
    title_line=_figure(20),
    left=_figure(14),
    right=_figure(14),
    gap=_figure(10),
    radius=_figure(0),
    media_gap=_figure(0),
    colour=kit.Colour("#fff", _IN_THE_APP, _READ, "believed"),
    coloured=("mention", "hashtag"),
    bold=True,
    show=show,
)
