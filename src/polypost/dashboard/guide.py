"""The documentation as pages, searchable without any other server: `/docs/guide`, and `/llms.txt` for programs that read."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from polypost.dashboard import GUIDE as HOME
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.web import Visit, application, services_of
from polypost.entrance.address import own_address
from polypost.errors import NotFound

INDEX = "README"
# Of the index; what stands below it is for who wants more.
OPTIONAL = "Decisions"
LONGEST_QUESTION = 200
MOST_WORDS = 8
MOST_FOUND = 30
_AROUND = 90
_IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}
_NO_SLUG = re.compile(r"[^\w\- ]")
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[\w./:-]*\w")


class Entry(NamedTuple):
    """A page in the index: its name, its path without the ending, and its part of the index."""

    title: str
    path: str
    part: str


class Section(NamedTuple):
    """What stands under one heading: `anchor` is the heading's own address in the page, `text` has no marks."""

    anchor: str
    heading: str
    depth: int
    text: str


class Found(NamedTuple):
    """A section that has all words that were asked for, and where the first of them stands."""

    entry: Entry
    section: Section
    before: str
    word: str
    after: str

    @property
    def url(self) -> str:
        """Where it is read."""
        return f"{HOME}/{self.entry.path}#{self.section.anchor}"


@dataclass(frozen=True, slots=True)
class Text:
    """A page of the documentation: as it is written, as HTML, and by section."""

    title: str
    source: str
    html: Markup
    sections: Sequence[Section]


class Guide:
    """Serves the pages of the documentation to anybody, and finds words in them."""

    def __init__(self) -> None:
        self._app = application(
            [
                Route(HOME, _index),
                Route(HOME + "/{path:path}", _page),
                Route("/llms.txt", _for_programs),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["polypost.app"] = scope["app"]
        await self._app(scope, receive, send)


async def _index(request: Request) -> Response:
    question = request.query_params.get("q", "")[:LONGEST_QUESTION]
    if not question.strip():
        return await _shown(request, INDEX)
    found = await asyncio.to_thread(search, question)
    return _answer(request, "guide_found.html", question=question, found=found)


async def _page(request: Request) -> Response:
    path = request.path_params["path"]
    if path.rstrip("/") in {"", INDEX}:
        return RedirectResponse(HOME, 303)
    ending = posixpath.splitext(path)[1]
    if ending in _IMAGES:
        return Response(_file(path).read_bytes(), media_type=_IMAGES[ending])
    if ending == ".md":
        return Response(_file(path).read_bytes(), media_type="text/markdown")
    return await _shown(request, path)


async def _shown(request: Request, path: str) -> Response:
    text = await asyncio.to_thread(read, path)
    return _answer(request, "guide.html", text=text, path=path)


def _answer(request: Request, template: str, **values: Any) -> Response:
    visit = Visit(request, services_of(request))
    return visit.page(template, parts=parts(), home=HOME, index=INDEX, **values)


async def _for_programs(request: Request) -> Response:
    home = own_address(request, services_of(request).settings)
    return PlainTextResponse(await asyncio.to_thread(for_programs, home))


def for_programs(server: str) -> str:
    """The index as `llms.txt` has it (llmstxt.org), with the addresses of the pages as Markdown."""
    lines = [
        "# Polypost",
        "",
        "> A server that publishes one post to many social networks with one API call, and tells what became of it.",
        "",
        f"The API is at {server}/v1, with a key in the header `x-access-key`; agents use {server}/mcp with the same key.",
        "Every page below is Markdown; without `.md` it is the same page for people.",
    ]
    for part, entries in parts().items():
        if part != OPTIONAL:
            lines += ["", f"## {part}", ""]
            lines += [f"- [{entry.title}]({server}{HOME}/{entry.path}.md)" for entry in entries]
    lines += ["", "## Optional", "", f"- [Everything, with the decisions and why]({server}{HOME}/{INDEX}.md)"]
    return "\n".join([*lines, ""])


@cache
def _root() -> Traversable:
    """Where the pages are: in the package, or beside it where the package is run from its sources."""
    packed = resources.files("polypost").joinpath("docs")
    return packed if packed.is_dir() else Path(__file__).parents[3] / "docs"


@cache
def _files() -> Mapping[str, Traversable]:
    """Every file of the documentation by its path: nothing else is ever served."""

    def walk(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
        for each in folder.iterdir():
            if each.is_dir():
                yield from walk(each, f"{path}{each.name}/")
            else:
                yield f"{path}{each.name}", each

    return dict(walk(_root(), ""))


def _file(path: str) -> Traversable:
    found = _files().get(path)
    if found is None:
        raise NotFound(phrase("There is no such page in the documentation."))
    return found


@cache
def parts() -> Mapping[str, Sequence[Entry]]:
    """The pages by part of the index, in its order; one that is named twice stands where it is named first."""
    found: dict[str, list[Entry]] = {}
    seen: set[str] = set()
    part = ""
    for token in _parser().parse(_file(f"{INDEX}.md").read_text(encoding="utf-8")):
        if token.type != "inline":
            continue
        if (
            token.level == 1
            and token.map
            and not any(each.type == "link_open" for each in token.children or ())
        ):
            part = token.content.rstrip(":")
            continue
        for url, name in _links(token):
            path = url.removesuffix(".md")
            if path not in seen:
                seen.add(path)
                found.setdefault(part, []).append(Entry(name, path, part))
    return found


def _links(token: Token) -> Iterator[tuple[str, str]]:
    url = ""
    for each in token.children or ():
        if each.type == "link_open":
            url = str(each.attrs["href"])
        elif each.type == "text" and url:
            yield url, each.content
            url = ""


@cache
def read(path: str) -> Text:
    """A page by its path without the ending. Raises NotFound."""
    source = _file(f"{path}.md").read_text(encoding="utf-8")
    parser = _parser()
    tokens = parser.parse(source)
    sections = list(_sections(tokens))
    _lead(tokens, posixpath.dirname(path))
    html = Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704  # our own pages, and no HTML in them is taken
    return Text(sections[0].heading if sections else path, source, html, sections)


def _table(_renderer: object, _tokens: object, _index: object, _options: object, page: dict[str, int]) -> str:
    """The beginning of a table: what is wider than the page is moved by keys, too, and each has a name for that."""
    number = page["tables"] = page.get("tables", 0) + 1
    return f'<div class="scroll" role="region" aria-label="Table {number}" tabindex="0"><table>\n'


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("table_open", _table)
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    """The sections of a page; the tokens of their headings are given the anchors."""
    anchor, heading, depth = "", "", 1
    words: list[str] = []
    taken: dict[str, int] = {}
    opened: Token | None = None
    for token in tokens:
        if token.type == "heading_open":
            if heading:
                yield Section(anchor, heading, depth, _SPACE.sub(" ", " ".join(words)))
            opened, depth, words = token, int(token.tag[1:]), []
        elif token.type == "inline" and opened is not None:
            heading = plain(token)
            slug = _NO_SLUG.sub("", heading.lower()).strip().replace(" ", "-")
            taken[slug] = taken.get(slug, -1) + 1
            anchor = f"{slug}-{taken[slug]}" if taken[slug] else slug
            opened.attrSet("id", anchor)
            opened = None
        elif token.type == "inline":
            words.append(plain(token))
        elif token.type == "fence":
            words.append(token.content)
    if heading:
        yield Section(anchor, heading, depth, _SPACE.sub(" ", " ".join(words)))


def plain(token: Token) -> str:
    """What a reader sees of a line, without its marks."""
    return "".join(
        " " if each.type in {"softbreak", "hardbreak"} else each.content for each in token.children or ()
    )


def _lead(tokens: Sequence[Token], folder: str) -> None:
    """Let links and pictures lead to where the pages are served; what is not served is not linked."""
    for token in tokens:
        unserved = False
        for each in token.children or ():
            if each.type == "image":
                each.attrSet(
                    "src", f"{HOME}/{posixpath.normpath(posixpath.join(folder, str(each.attrs['src'])))}"
                )
                each.attrSet("loading", "lazy")
            elif each.type == "link_open":
                url = _served(str(each.attrs["href"]), folder)
                unserved = url is None
                if url is None:
                    each.tag, each.attrs = "span", {}
                else:
                    each.attrSet("href", url)
            elif each.type == "link_close" and unserved:
                each.tag, unserved = "span", False


def _served(url: str, folder: str) -> str | None:
    if url.startswith(("https://", "http://", "#")):
        return url
    path, _, anchor = url.partition("#")
    found = posixpath.normpath(posixpath.join(folder, path))
    if found not in _files():
        return None
    page = "" if found == f"{INDEX}.md" else f"/{found.removesuffix('.md')}"
    return f"{HOME}{page}{'#' if anchor else ''}{anchor}"


def search(question: str) -> list[Found]:
    """The sections that have every word of the question, those first in whose headings they stand."""
    words = [word.lower() for word in _WORD.findall(question)][:MOST_WORDS]
    scored: list[tuple[int, int, Found]] = []
    if not words:
        return []
    for entries in parts().values():
        for entry in entries:
            for section in read(entry.path).sections:
                if score := _score(words, entry, section):
                    scored.append((-score, len(scored), _found(words, entry, section)))
    return [found for *_, found in sorted(scored)[:MOST_FOUND]]


def _score(words: Sequence[str], entry: Entry, section: Section) -> int:
    """How well a section answers; 0 where a word is missing."""
    title, heading, text = entry.title.lower(), section.heading.lower(), section.text.lower()
    # A decision tells why; whoever searches wants to know how.
    total = 0 if entry.part == OPTIONAL else 1
    for word in words:
        found = 8 * (word in heading) + 4 * (word in title) + min(text.count(word), 3)
        if not found:
            return 0
        total += found
    return total


def _found(words: Sequence[str], entry: Entry, section: Section) -> Found:
    place = re.search("|".join(map(re.escape, words)), section.text, re.IGNORECASE)
    start, end = place.span() if place else (0, 0)
    first = max(0, start - _AROUND)
    before = ("…" if first else "") + section.text[first:start]
    last = min(len(section.text), end + _AROUND)
    after = section.text[end:last] + ("…" if last < len(section.text) else "")
    return Found(entry, section, before, section.text[start:end], after)
