"""How YouTube shows a video: a thumbnail with its title in feeds, the description below; or upright as a Short."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.drawn_words import comment, counted
from polypost.platforms.youtube.check import is_short, title_of
from polypost.platforms.youtube.options import YouTubeOptions
from polypost.platforms.youtube.spec import SPEC

_READ = date(2026, 11, 26)
_ON_THE_PAGE = "The app and youtube.com, as remembered"
_GUIDES = "Guides of 2025-26"
_HELP = "support.google.com/youtube/answer/1722171"
_AS_TIKTOK = "Drawn as TikTok's: YouTube shows its own only in pictures"

_figure = kit.figures_read(_READ, _ON_THE_PAGE)
_seen = kit.figures_read(_READ, _GUIDES, "seen")
_guess = kit.figures_read(_READ, _AS_TIKTOK)
_RATIO = "width / height"
_PART = "part of the side"


def show(draft: Draft) -> kit.Shown:
    """The video; a Short as soon as its measured size and length make it one."""
    options: YouTubeOptions = draft.options
    film = draft.media[0] if draft.media else None
    short = film is not None and is_short(film.facts)
    part = kit.Part(
        text="" if short else draft.text,
        title=title_of(draft.text, options),
        media=draft.media,
        poster=film.thumbnail if film and not short else None,
        notes=comment(options.first_comment)
        + (() if options.privacy == "public" else (f"Visibility: {options.privacy}",)),
        counted=counted(SPEC, len(draft.text.encode("utf-8", "surrogatepass"))),
    )
    return kit.Shown("short" if short else "feed", "short" if short else "video", [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="watch",
            text=kit.Fold(
                "...more", characters=_seen(157, "characters", f"{_GUIDES}: 100 to 157 of the description")
            ),
            title=kit.Fold(
                lines=_seen(2, "lines", f"{_GUIDES}: 60-70 characters on a desktop, 40-50 on a phone")
            ),
            single=kit.Single(
                ratio=_figure(16 / 9, _RATIO, f"{_HELP}: the player fits with bars", "documented"),
                fit="contain",
            ),
            grid=_figure(16 / 9, _RATIO),
            below=True,
        ),
        "short": kit.Surface(
            layout="upright",
            text=kit.Fold(),
            title=kit.Fold(characters=_seen(40, "characters")),
            single=kit.Single(ratio=_figure(9 / 16, _RATIO), fit="contain"),
            clear=kit.Clear(
                top=_guess(250 / 1920, _PART),
                right=_guess(170 / 1080, _PART),
                bottom=_guess(420 / 1920, _PART),
                left=_guess(60 / 1080, _PART),
            ),
            grid=_figure(9 / 16, _RATIO),
        ),
    },
    column=_figure(360),
    avatar=_figure(36),
    text_size=_figure(14),
    text_line=_figure(20),
    title_size=_figure(16),
    title_line=_figure(22),
    left=_figure(12),
    right=_figure(12),
    gap=_figure(12),
    radius=_figure(12),
    media_gap=_figure(0),
    colour=kit.Colour("#065fd4", _ON_THE_PAGE, _READ, "believed"),
    show=show,
)
