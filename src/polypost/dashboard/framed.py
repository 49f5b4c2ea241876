"""Drawings of posts as a page for a frame: it loads from this server alone, and has no style outside its sheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from html import escape, unescape

from starlette.responses import Response

from polypost import drawing
from polypost.dashboard.pages import compose_media
from polypost.dashboard.web import Visit
from polypost.drawing import Drawn
from polypost.intake.partial_validation import aside
from polypost.integrations import Integration
from polypost.posts.drawings import drawings
from polypost.posts.orders import order_of
from polypost.posts.queries import Shown
from polypost.posts.tables import TargetRow

_STYLE = re.compile(r' style="([^"]*)"')
_TAG = re.compile(r"<(img|video)\b[^>]*>")
_SOURCE = re.compile(r' (src|poster)="(https?:[^"]*)"')


# Where this server's own copy of a file is, by its address and kind.
Place = Callable[[str, str], str]


def fragment(visit: Visit, drawn: Drawn, place: Place | None = None) -> str:
    """A drawing, with its pictures by way of this server: for members of the project, or at another `place`."""
    own = place or partial(compose_media.address, visit)
    return _TAG.sub(lambda tag: _own_sources(own, tag), drawing.render(drawn, styled=False))


async def stored(
    visit: Visit,
    found: Shown,
    targets: Sequence[TargetRow],
    accounts: Mapping[str, Integration],
    place: Place | None = None,
) -> Response:
    """The page of a stored post, or of some of its targets."""
    order = order_of(found.post, targets)
    if len(targets) == 1 and targets[0].own_media is not None:
        order = order._replace(media=order.targets[0].media or [])

    def draw() -> list[tuple[Integration, str]]:
        return [
            (accounts[target.integration_id], fragment(visit, drawn, place))
            for target, drawn in drawings(order, accounts, {})
            if target.integration_id in accounts
        ]

    return framed(visit, await aside(len(targets) > 1, draw))


def framed(visit: Visit, shown: Iterable[tuple[Integration, str]], *, started: bool = True) -> Response:
    """The page of these fragments; `started` says whether an account was chosen."""
    visit.request.scope["polypost.framed"] = True
    rules: list[str] = []
    named = [(account, _without_styles(html, rules)) for account, html in shown]
    style = drawing.style() + "\n".join(rules)
    return visit.page("drawings.html", shown=named, style=style, started=started)


def _own_sources(place: Place, tag: re.Match[str]) -> str:
    """Pictures by way of this server: a page loads nothing from elsewhere."""

    def own(found: re.Match[str]) -> str:
        url, _, moment = unescape(found[2]).partition("#")
        kind = "video" if tag[1] == "video" and found[1] == "src" else "image"
        own_copy = escape(place(url, kind))
        return f' {found[1]}="{own_copy}{"#" if moment else ""}{escape(moment)}"'

    return _SOURCE.sub(own, tag[0])


def _without_styles(html: str, rules: list[str]) -> str:
    """Style attributes as rules of the style sheet, since the page's policy takes no others."""

    def named(found: re.Match[str]) -> str:
        mark = f'[data-style="{len(rules)}"]'
        # Thrice, so that it wins over every other rule as the attribute would.
        rules.append(f"{mark * 3} {{ {unescape(found[1])} }}")
        return f' data-style="{len(rules) - 1}"'

    return _STYLE.sub(named, html)
