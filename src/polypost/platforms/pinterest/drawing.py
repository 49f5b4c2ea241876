"""How Pinterest shows a pin in its feed: the picture, 40 characters of title, where it leads; no description."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import Draft
from polypost.platforms.kit import drawing as kit
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.drawn_words import counted, kind_of
from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import SPEC
from polypost.platforms.pinterest.text import title_of

_READ = date(2026, 11, 26)
_HELP = "help.pinterest.com, business article pinterest-product-specs"
_ON_THE_PAGE = "pinterest.com in a browser, as remembered"

_figure = kit.figures_read(_READ, _ON_THE_PAGE)
_documented = kit.figures_read(_READ, _HELP, "documented")


def show(draft: Draft) -> kit.Shown:
    """The one pin; it has one alternative text."""
    options: PinterestOptions = draft.options
    alt = next(filter(None, alt_texts(SPEC, draft.media, [options.alt_text])), "")
    film = draft.media[0].thumbnail if draft.media else None
    part = kit.Part(
        text=draft.text,
        title=title_of(draft.text, options),
        media=draft.media,
        alts=[alt] * len(draft.media),
        poster=options.cover_image_url or film,
        card=kit.Card(options.link) if options.link else None,
        counted=counted(SPEC, len(draft.text)),
    )
    return kit.Shown("feed", kind_of(draft.media, several="carousel"), [part])


DRAWING = kit.Drawing(
    surfaces={
        "feed": kit.Surface(
            layout="pin",
            text=kit.Fold("Description: not shown in the feed", hidden=True),
            title=kit.Fold(characters=_documented(40, "characters")),
            single=kit.Single(least=_documented(2 / 3, "width / height")),
            several=kit.Several("carousel", dots=True),
            card=kit.CardLook("line", only_without_media=False),
            below=True,
        )
    },
    column=_figure(236),
    avatar=_figure(32),
    text_size=_figure(14),
    text_line=_figure(18),
    title_size=_figure(14),
    title_line=_figure(18),
    left=_figure(8),
    right=_figure(8),
    gap=_figure(8),
    radius=_figure(16),
    media_gap=_figure(0),
    colour=kit.Colour("#e60023", _ON_THE_PAGE, _READ, "believed"),
    coloured=(),
    show=show,
)
