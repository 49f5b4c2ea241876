"""The dashboard as an ASGI application: who is signed in, what they may do, and what a browser may do with the page."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlencode, urlsplit

import structlog
from starlette.applications import Starlette
from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from polypost.access import Principal, Project, passwords, people
from polypost.access.people import ROLES, Person, Role, Session
from polypost.dashboard import forms
from polypost.dashboard.catalogue import ENGLISH, Translated, direction, language_for, phrase, several, words
from polypost.dashboard.forms import AGAIN, LARGEST
from polypost.dashboard.rail import RAIL, Entry
from polypost.dashboard.render import rendered, static_files
from polypost.entrance.address import own_address
from polypost.entrance.services import Services, services
from polypost.errors import (
    ApiError,
    Forbidden,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    PolypostError,
    Problem,
    TooManyRequests,
    Unauthorized,
)
from polypost.intake import Submitter
from polypost.outbound import on_behalf_of

log = structlog.get_logger("polypost.dashboard")
HOME = "/dashboard"
# Of the number of a page.
MOST_DIGITS = 6
# What a browser may load: our own files alone. `nonce` is for the style sheets of drawings.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors {frames}; base-uri 'none'"
)
_HEADERS = {
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
Least = Role | None
# Somebody's own: their browser's address bar, or a page of ours.
_OWN = frozenset({"none", "same-origin"})
_PACKING = 5


class Page(NamedTuple):
    """An address of the dashboard: `least` is the role that it needs in the project, None for whoever is signed in.

    An `open` one is for people who are not, an `operator` one for who runs the server. Paths with `{project}` are about
    one project. `sure` is for what cannot be undone: the password is asked for when it was not given a short while ago.
    `largest` is in bytes of the form.
    The address of a `secret` one is told to nobody: neither by browsers nor by the log.
    """

    method: str
    path: str
    serve: Callable[[Visit], Awaitable[Response]]
    least: Least = None
    open: bool = False
    sure: bool = False
    largest: int = LARGEST
    operator: bool = False
    secret: bool = False


@dataclass(slots=True)
class Visit:
    """A request of somebody: signed in but on `open` pages, in a project where the path names one."""

    request: Request
    services: Services
    secret: str | None = None
    session: Session | None = None
    project: Project | None = None
    role: Role | None = None
    projects: Sequence[tuple[Project, Role]] = ()
    form: FormData = field(default_factory=FormData)
    fresh: bool = False
    _token: str = ""

    @property
    def person(self) -> Person:
        """Who is signed in."""
        assert self.session is not None
        return self.session.person

    @property
    def here(self) -> Project:
        """The project that the page is about."""
        assert self.project is not None
        return self.project

    @property
    def who(self) -> Principal:
        """The person as who asks in this project."""
        assert self.role is not None
        return people.principal_of(self.person, self.here, self.role)

    @property
    def token(self) -> str:
        """What forms of this browser carry, so that no other site's are taken; one for all of an answer."""
        self._token = self._token or forms.token(self.secret or "")
        return self._token

    @property
    def nonce(self) -> str:
        """The word by which style sheets of this answer are known as ours."""
        found = self.request.scope.setdefault("polypost.nonce", secrets.token_urlsafe(16))
        return cast("str", found)

    @property
    def partial(self) -> bool:
        """Whether a part of a page is asked for, to be put into one that is there."""
        return "x-part" in self.request.headers

    @property
    def address(self) -> str:
        """Where the request came from, as far as trusted proxies tell."""
        peer = self.request.client.host if self.request.client else ""
        return self.services.proxies.client(peer, self.request.headers)

    @property
    def language(self) -> str:
        """The language that the words are in: the browser's, where there is a catalogue of it."""
        return language_for(self.request.headers.get("accept-language", ""))

    @property
    def direction(self) -> str:
        """How it is written."""
        return "rtl" if self.asked("dir") == "rtl" else direction(self.language)

    def words(self, text: str) -> str:
        """A sentence in the language of the visit."""
        return words(text, self.language)

    def several(self, one: str, many: str, count: int) -> str:
        """A sentence about one thing or several."""
        return several(one, many, count, self.language)

    def may(self, least: Role) -> bool:
        """Whether the role is at least this one."""
        return self.role is not None and ROLES.index(self.role) <= ROLES.index(least)

    @property
    def rail(self) -> list[Entry]:
        """Where the rail leads this person, in this project: the pages that there are and that the role may see."""
        places = cast("Mapping[str, Role]", self.request.scope["polypost.places"])
        return [entry for entry in RAIL if entry.key in places and self.may(places[entry.key])]

    @property
    def base(self) -> str:
        """The address of this server, without a slash at its end."""
        return own_address(self.request, self.services.settings)

    def submitter(self) -> Submitter:
        """The person as who hands something in; a form that is sent twice is one thing."""
        # What our pages write there has 22 characters; a store's column takes 255 of what anybody else does.
        return Submitter(self.who, self.said("once")[:64] or None)

    def said(self, name: str) -> str:
        """A field of the form; empty where there is none."""
        found = self.form.get(name)
        return found if isinstance(found, str) else ""

    def asked(self, name: str) -> str:
        """A word of the query; empty where there is none."""
        return self.request.query_params.get(name, "")

    @property
    def page_asked(self) -> int:
        """Which page of a list is asked for, from 0; the first where no list has the one that is said."""
        said = self.asked("page")
        return int(said) if said.isascii() and said.isdecimal() and len(said) <= MOST_DIGITS else 0

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def url(self, *parts: str, **query: str) -> str:
        """An address in this project."""
        place = "/".join(map(_quoted, (self.here.id, *parts)))
        return f"{HOME}/{place}" + (f"?{urlencode(query)}" if query else "")

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page, or a part of one."""
        return Response(rendered(self, template, values, self.language), status, media_type="text/html")

    def go(self, url: str) -> Response:
        """Lead on after a form was taken."""
        if self.partial:
            return Response(status_code=204, headers={"x-lead-to": url})
        return RedirectResponse(url, 303)


class _RoleTooLow(Translated, Forbidden):
    """This needs another role."""

    code = "role_too_low"


class Dashboard:
    """The pages of all rooms, behind sessions and roles."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self.pages = tuple(pages)
        inside = "/{project}/"
        self._places = {
            page.path.removeprefix(inside): page.least
            for page in self.pages
            if page.method == "GET" and page.path.startswith(inside)
        }
        routes: list[BaseRoute] = [Route(HOME + "/static/{name}", _static)]
        routes += [
            Route(HOME + page.path.rstrip("/"), self._served(page), methods=[page.method])
            for page in self.pages
        ]
        self._resumable = [
            compile_path(HOME + page.path)[0]
            for page in self.pages
            if page.method == "POST" and not page.open and not page.sure
        ]
        self._app = application(routes)
        self._packed = GZipMiddleware(self._app, compresslevel=_PACKING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["polypost.app"], scope["polypost.places"] = scope["app"], self._places
        scope["polypost.resumable"] = self._resumable
        # What another site had somebody ask for could be guessed by its length, word by word.
        own = Headers(scope=scope).get("sec-fetch-site", "none") in _OWN
        await (self._packed if own else self._app)(scope, receive, send)

    def _served(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            request.scope["polypost.secret"] = page.secret
            visit = await _visit(request)
            if visit.session is None and not page.open:
                return await _signed_out_meanwhile(visit, page) or _to_sign_in(visit)
            if page.method != "GET":
                visit.form = await forms.read(request, page.largest)
                _require_own_form(visit)
            _require_words(visit)
            if not page.open:
                await _enter(visit, page.least)
            if page.operator and not visit.person.operator:
                raise _RoleTooLow(visit.words("Only the operator of the server may do this."))
            try:
                answer = None if not page.sure else await _asked_again(visit)
                answer = answer or await page.serve(visit)
            except Exception as error:
                if isinstance(error, (PolypostError, HTTPException)):
                    raise
                log.exception("a page failed", path=HOME + page.path)
                said = phrase("Something went wrong on the server. Try again; its log says why.")
                answer = _error(request, 500, said)
            return _with_forms(visit, answer)

        return serve


def application(routes: Sequence[BaseRoute]) -> Starlette:
    """Pages with the headers that all of ours have, and our page for what goes wrong."""
    return Starlette(
        routes=routes,
        middleware=[Middleware(_Headers)],
        exception_handlers=cast("Any", {PolypostError: _refused, HTTPException: _missing}),
    )


async def _visit(request: Request) -> Visit:
    rooms = services_of(request)
    request.state.visit = visit = Visit(request, rooms)
    if secret := request.cookies.get(cookie_name(rooms)):
        visit.session = found = await rooms.store.read(lambda db: people.session(db, secret))
        if found is not None:
            visit.secret = secret
            if people.is_stale(found):
                await rooms.store.write(lambda db: people.touch(db, found.id))
    if visit.session is None:
        # Forms of who is not signed in are known as ours by a word that says nothing else.
        visit.secret = request.cookies.get(forms_name(rooms))
        visit.fresh = visit.secret is None and request.method == "GET"
        visit.secret = secrets.token_urlsafe(16) if visit.fresh else visit.secret
    return visit


async def _enter(visit: Visit, least: Least) -> None:
    """Put the visit into the project of its path. Raises NotFound, Forbidden."""
    visit.projects = await visit.services.store.read(lambda db: people.projects_of(db, visit.person))
    named = visit.request.path_params.get("project")
    if named is None:
        return
    for project, role in visit.projects:
        if project.id == named:
            visit.project, visit.role = project, role
    if visit.project is None:
        raise NotFound(
            phrase("There is no such project, or you are no member of it."), code="project_not_found"
        )
    if least is not None and not visit.may(least):
        raise _RoleTooLow(
            visit.words("This needs the role %(least)s; yours here is %(role)s.")
            % {"least": least, "role": visit.role},
            next_step=visit.words("Ask an owner of the project to change your role."),
        )
    on_behalf_of(visit.project.id)


def services_of(request: Request) -> Services:
    """The rooms behind the dashboard."""
    return services(Request({"type": "http", "app": request.scope["polypost.app"]}))


def cookie_name(rooms: Services) -> str:
    """The name of the session's cookie: one that only this host may set, where the address is safe."""
    return "__Host-polypost" if is_safe(rooms) else "polypost-session"


def forms_name(rooms: Services) -> str:
    """The name of the cookie by which forms of who is not signed in are known."""
    return f"{cookie_name(rooms)}-forms"


def is_safe(rooms: Services) -> bool:
    """Whether browsers reach this server by https."""
    return (rooms.settings.public_url or "").startswith("https://")


def signed_in(visit: Visit, secret: str, url: str) -> Response:
    """Lead on with a new session, which no word that was known before leads to."""
    return with_session(visit, secret, RedirectResponse(url, 303))


def with_session(visit: Visit, secret: str, answer: Response) -> Response:
    """The answer with the cookie of a new session."""
    _keep(visit, answer, cookie_name(visit.services), secret)
    return answer


def _with_forms(visit: Visit, answer: Response) -> Response:
    """The answer with the cookie by which forms of who is not signed in are known, where there is none yet."""
    if visit.fresh:
        _keep(visit, answer, forms_name(visit.services), visit.secret or "")
    return answer


def resumable(visit: Visit, path: str) -> bool:
    """Whether the path is that of a form which can be sent again after signing in."""
    return any(each.match(path) for each in visit.request.scope["polypost.resumable"])


def _keep(visit: Visit, answer: Response, name: str, value: str) -> None:
    answer.set_cookie(name, value, path="/", secure=is_safe(visit.services), httponly=True, samesite="lax")


def signed_out(visit: Visit, url: str) -> Response:
    """Lead on without a session, and let the browser forget what it was shown."""
    answer = RedirectResponse(url, 303, headers={"clear-site-data": '"cache"'})
    answer.delete_cookie(
        cookie_name(visit.services), path="/", secure=is_safe(visit.services), httponly=True, samesite="lax"
    )
    return answer


def _quoted(part: str) -> str:
    """A part of a path; most are ids and names of pages, of which a large page has hundreds."""
    return part if part.isascii() and part.isidentifier() else quote(part, safe="")


def local(url: str) -> str:
    """An address of the dashboard itself; its beginning in place of any other."""
    parts = _parsed(url)
    inside = parts is not None and parts[:2] == ("", "") and parts[2].startswith(f"{HOME}/")
    return url if inside and "\\" not in url else f"{HOME}/"


def _to_sign_in(visit: Visit) -> Response:
    request = visit.request
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    url = f"{HOME}/sign-in" + (f"?{urlencode({'next': back})}" if request.method == "GET" else "")
    if visit.partial:
        # The page stays as it is, so that nothing typed is lost.
        raise Unauthorized(
            phrase("You are signed out."),
            code="signed_out",
            next_step=phrase("Sign in in another tab, then go on here."),
        )
    return RedirectResponse(url, 303)


async def _signed_out_meanwhile(visit: Visit, page: Page) -> Response | None:
    """The form for signing in, with what was sent by who did not know that the session had ended; None for all others."""
    request, rooms = visit.request, visit.services
    secret = request.cookies.get(cookie_name(rooms))
    if not secret or visit.partial or not resumable(visit, request.url.path):
        return None
    # Who has not been here may send no more than for signing in.
    known = await rooms.store.read(lambda db: people.has_been_session(db, secret))
    try:
        visit.form = await forms.read(request, page.largest if known else LARGEST)
    except (PayloadTooLarge, HTTPException):
        return None
    _require_words(visit)
    if not _is_own_form(visit, secret):
        return None
    visit.secret = request.cookies.get(forms_name(rooms))
    visit.fresh = visit.secret is None
    visit.secret = visit.secret or secrets.token_urlsafe(16)
    packed = forms.Sent.of(request.url.path, visit.form).packed()
    problem = visit.words("You were signed out meanwhile.")
    if not packed:
        problem += " " + visit.words(
            "What you had sent is too long to be carried along: go back, and copy it."
        )
    values = {"name": "", "someone": True, "back": f"{HOME}/", "problem": problem, "sent": packed}
    return _with_forms(visit, visit.page("sign_in.html", 401, **values))


def _require_words(visit: Visit) -> None:
    """Pass when no word has what no text may have: PostgreSQL keeps no NUL. Raises InvalidRequest."""
    words = (*visit.request.path_params.values(), *visit.request.query_params.values(), *visit.form.values())
    if any(isinstance(each, str) and "\0" in each for each in words):
        raise InvalidRequest([Problem("form", "has a NUL character.", "Take it out and send it again.")])


async def known(visit: Visit, name: str, password: str) -> Person:
    """Who signs in with these. Raises Unauthorized, TooManyRequests."""
    visit.services.signing.attempt(visit.address, people.folded(name))
    found = await visit.services.store.read(lambda db: people.credentials(db, name))
    if not await passwords.matches(password, found[1] if found else None) or found is None:
        raise Unauthorized(
            visit.words("Name and password do not belong together."),
            next_step=visit.words(
                "Whoever runs the server makes a link for a new one: polypost people recover NAME."
            ),
        )
    return found[0]


async def _asked_again(visit: Visit) -> Response | None:
    """The page that asks for the password; None where it was given, now or a short while ago."""
    session = visit.session
    if session is None or session.sure:
        return None
    wrong, status, headers = "", 403, {}
    if password := visit.said(AGAIN):
        try:
            await known(visit, visit.person.name, password)
        except Unauthorized:
            wrong = visit.words("This is not your password.")
        except TooManyRequests as error:
            wrong, status, headers = error.message, error.status, dict(error.headers)
        else:
            await visit.services.store.write(lambda db: people.confirm(db, session.id))
            return None
    sent = [
        (name, value)
        for name, value in visit.form.multi_items()
        if isinstance(value, str) and name not in {"token", AGAIN}
    ]
    answer = visit.page("confirm.html", status, sent=sent, wrong=wrong)
    answer.headers.update(headers)
    return answer


def _require_own_form(visit: Visit) -> None:
    """Pass when the request comes from a page of ours. Raises Forbidden."""
    if not visit.secret or not _is_own_form(visit, visit.secret):
        raise Forbidden(
            phrase("This form is not of this session."),
            code="foreign_form",
            next_step=phrase("Load the page again and send it anew."),
        )


def _is_own_form(visit: Visit, secret: str) -> bool:
    """Whether the form comes from a page of ours that was made for the session with this secret."""
    headers = visit.request.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    # Browsers tell no origin where they tell no address, on secret pages; who knows that address needs no forgery.
    untold = origin == "null" and visit.request.scope.get("polypost.secret")
    own = site in {None, "same-origin"} and (untold or _same_origin(visit, origin))
    return own and forms.is_token(visit.said("token") or headers.get("x-token", ""), secret)


def _same_origin(visit: Visit, origin: str | None) -> bool:
    if origin is None:
        return True
    own = {visit.request.headers.get("host"), urlsplit(visit.services.settings.public_url or "").netloc}
    parts = _parsed(origin)
    # `null`, which pages without an address send, has no name either.
    return parts is not None and bool(parts[1]) and parts[1] in own


def _parsed(url: str) -> tuple[str, str, str] | None:
    """Scheme, host and path of an address; None of what is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc, parts.path


def _static(request: Request) -> Response:
    found = static_files().get(request.path_params["name"])
    if found is None:
        raise NotFound(phrase("There is no such file."))
    lasting = {"cache-control": "public, max-age=31536000, immutable"}
    encoding = {}
    body = found.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, encoding = found.packed, {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(body, media_type=found.mime, headers=lasting | encoding)


class _Headers:
    """What every answer says to a browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                nonce = scope.get("polypost.nonce")
                policy = POLICY.format(
                    nonce=f" 'nonce-{nonce}'" if nonce else "",
                    frames="'self'" if scope.get("polypost.framed") else "'none'",
                )
                further = {**_HEADERS, "content-security-policy": policy}
                if scope.get("polypost.secret"):
                    further["referrer-policy"] = "no-referrer"
                message["headers"] += [
                    (name.encode(), value.encode())
                    for name, value in further.items()
                    if name.encode() not in given
                ]
            await send(message)

        await self._app(scope, receive, marked)


async def _refused(request: Request, error: PolypostError) -> Response:
    status = error.status if isinstance(error, ApiError) else 500
    further = error.next_step if error.next_step not in str(error) else ""
    said = (str(error), further)
    own = isinstance(error, Translated)
    return _error(request, status, *said, own=own, headers=getattr(error, "headers", None))


async def _missing(request: Request, error: HTTPException) -> Response:
    missing = phrase("There is no such page: check its address.")
    otherwise = phrase("This page takes no such request.")
    return _error(request, error.status_code, missing if error.status_code == 404 else otherwise)


def _error(
    request: Request, status: int, *said: str, own: bool = False, headers: Mapping[str, str] | None = None
) -> Response:
    """The page that says what went wrong; `own` sentences are translated already."""
    visit = getattr(request.state, "visit", None) or Visit(request, services_of(request))
    # What stands in no catalogue is the API's.
    told = [
        (text, text == each and not own and visit.language != ENGLISH)
        for each in said
        if (text := visit.words(each))
    ]
    answer: Response = visit.page("error.html", status, said=told)
    answer.headers.update(headers or {})
    return answer
