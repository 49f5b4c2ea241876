"""Pages that show what a network would show: a post, a profile, a request for consent. No outside resources."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from polypost import clock
from polypost.sandbox.simkit.accounts import Account
from polypost.sandbox.simkit.content import Media
from polypost.sandbox.simkit.sketches import Draw, Sketch

# The texts are other people's: whatever they hold, no script runs.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; media-src *; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    # So much that a form of ours is known as ours at the control surface, which is another origin.
    "referrer-policy": "strict-origin",
}
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_TAG = Markup('<span class="tag">{}</span>')
# The path and query that a page was asked for by: where its buttons lead back to.
here: ContextVar[str] = ContextVar("here", default="/")
_TAGS = re.compile(r"(?<!\w)[#@][\w.]+")


@dataclass(frozen=True, slots=True)
class Look:
    """How a network's pages are told apart: its name and one colour that carries white text.

    `package` is the one whose `templates` folder is asked before the shared one; `missing` is said of what is not there.
    """

    name: str
    accent: str
    package: str | None = None
    missing: str = "This post does not exist or was deleted."


@dataclass(frozen=True, slots=True)
class Controls:
    """The sandbox's own buttons on pages: faults of one network, or of all without `platform`, the clock, and comments.

    `url` is the control surface's address, `home` that of the pages, `rules` names the faults that are switched on.
    """

    url: str
    home: str
    rules: Callable[[], list[str]]
    platform: str | None = None
    faults: tuple[str, ...] = ()
    comments: bool = False


@dataclass(frozen=True, slots=True)
class PostView:
    """One post on a page. `html` wins over `text`; `counts` are label → number; `poll` is option → votes."""

    account_id: str
    author: str
    username: str
    author_url: str
    url: str
    time: datetime
    text: str = ""
    html: Markup | None = None
    media: list[Media] = field(default_factory=list)
    poll: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    focus: bool = False
    deleted: bool = False

    @property
    def body(self) -> Markup:
        """The text as HTML with links."""
        return self.html if self.html is not None else linkify(self.text)


def linkify(text: str, show: Callable[[str], tuple[str, str]] = lambda url: (url, url)) -> Markup:
    """Text as safe HTML: links become anchors, tags and mentions are coloured. `show` gives (target, label)."""
    parts: list[Markup] = []
    end = 0
    for match in _LINK.finditer(text):
        parts.append(_coloured(text[end : match.start()]))
        target, label = show(match.group())
        parts.append(Markup('<a href="{}" rel="nofollow noopener">{}</a>').format(target, label))
        end = match.end()
    parts.append(_coloured(text[end:]))
    return Markup("").join(parts)


def _coloured(text: str) -> Markup:
    parts: list[Markup] = []
    end = 0
    for match in _TAGS.finditer(text):
        parts += (escape(text[end : match.start()]), _TAG.format(match.group()))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


class Pages:
    """Renders a network's templates, and those that all share, with its look."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.controls: Controls | None = None
        self.draw: Draw | None = None
        loaders = [PackageLoader(p) for p in (look.package, "polypost.sandbox.simkit") if p]
        self._env = Environment(
            loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self._env.filters["when"] = lambda instant: f"{instant:%-d %b %Y, %H:%M} UTC"

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        author: Account | None = None,
        sketches: Sequence[Sketch] = (),
        **values: Any,
    ) -> HTMLResponse:
        """A page from a template, with a drawing of the posts that are sketched."""
        if self.draw is not None and sketches:
            values["drawing"] = self.draw(author, sketches)
        values |= {"look": self.look, "controls": self.controls, "now": clock.now()}
        if self.controls is not None:
            values |= {"rules": self.controls.rules(), "back": f"{self.controls.home}{here.get()}"}
        return HTMLResponse(self._env.get_template(template).render(values), status, headers=HEADERS)

    def post(
        self,
        views: Iterable[PostView],
        *,
        title: str,
        profile: bool = False,
        author: Account | None = None,
        sketches: Sequence[Sketch] = (),
    ) -> HTMLResponse:
        """A page with posts from top to bottom: one post, its thread, or (`profile`) what an account has posted."""
        posts = list(views)
        return self.render(
            "posts.html", posts=posts, title=title, profile=profile, author=author, sketches=sketches
        )

    def missing(self, what: str | None = None, *, status: int = 404, away: str | None = None) -> HTMLResponse:
        """The page for something that is not there, or cannot be; `away` is where its link leads."""
        title = what or self.look.missing
        return self.render("posts.html", status=status, posts=[], title=title, profile=False, away=away)
