"""The control surface under `/_sandbox`, and the front page."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from polypost import clock
from polypost.errors import NotConfigured
from polypost.sandbox import model
from polypost.sandbox.front import front_page, refusal_page
from polypost.sandbox.media import FILES, VIDEO, WIDE
from polypost.sandbox.room import CLOCK, Room
from polypost.sandbox.simkit import (
    ENFORCED,
    FAULTS,
    App,
    Fault,
    Simulator,
    Stranger,
    TakesComments,
    TakesMessages,
)

MOST_ACCOUNTS = 10_000
VISITOR = "Visitor"


class BadCommand(Exception):
    """The control surface cannot do this; the message says why."""


def control_app(room: Room) -> ASGIApp:
    """The app of the sandbox's own port."""
    control = Control(room)
    return Starlette(
        routes=[
            Route("/", control.front),
            Route("/_sandbox", control.about),
            Route("/_sandbox/faults", control.faults, methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/faults/{id:int}", control.remove_fault, methods=["DELETE"]),
            Route("/_sandbox/buttons", control.press, methods=["POST"]),
            Route("/_sandbox/posts", control.posts),
            Route("/_sandbox/comments", control.comment, methods=["POST"]),
            Route("/_sandbox/messages", control.message, methods=["POST"]),
            Route("/_sandbox/requests", control.requests),
            Route("/_sandbox/accounts", control.accounts),
            Route("/_sandbox/apps", control.apps, methods=["GET", "POST"]),
            Route("/_sandbox/seed", control.seed, methods=["POST"]),
            Route("/_sandbox/reset", control.reset, methods=["POST"]),
            Route("/_sandbox/limits", control.limits, methods=["GET", "POST"]),
            Route("/_sandbox/allow", control.allow, methods=["POST"]),
            Route("/_sandbox/clock", control.clock, methods=["GET", "POST"]),
            *model.routes(),
            Route("/_sandbox/hooks/{name}", control.hooks, methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/mails", control.mails),
        ],
        exception_handlers={BadCommand: _refuse},
    )


async def _refuse(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


Handler = Callable[[Request], Awaitable[Response]]


class Control:
    """The handlers; each answers JSON, and 400 with `error` for what it cannot do."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def front(self, _request: Request) -> Response:
        """The page for people."""
        return front_page(self._room)

    async def about(self, _request: Request) -> Response:
        """Every address of the sandbox."""
        urls = {platform: sim.net.url for platform, sim in self._room.simulators.items()}
        media = [f"{self._room.media_url}/{name}" for name in FILES]
        return JSONResponse(
            {
                "sandboxUrl": self._room.url,
                "sandboxUrls": urls,
                "modelUrl": f"{self._room.url}{model.PATH}",
                "mediaUrl": self._room.media_url,
                "hooksUrl": f"{self._room.media_url}/_sandbox/hooks",
                "mailUrl": self._room.mail_url,
                "demoMedia": media,
                "demoVideo": {
                    "type": "video",
                    "url": f"{self._room.media_url}/{VIDEO}",
                    "thumbnail": f"{self._room.media_url}/{WIDE}",
                },
                "faults": {p: [*FAULTS, *sim.own_faults] for p, sim in self._room.simulators.items()},
            }
        )

    async def faults(self, request: Request) -> Response:
        """List the rules, add one, or remove a network's or all."""
        if request.method == "GET":
            return JSONResponse({"faults": [rule.as_dict() for rule in self._room.faults.all()]})
        if request.method == "DELETE":
            return JSONResponse({"removed": self._room.faults.remove(platform=self._platform(request))})
        body = await _body(request, {"platform", "accountId", "fault", "times", "percent", "seconds"})
        return JSONResponse(self._add_fault(body).as_dict(), 201)

    def _add_fault(self, body: dict[str, Any]) -> Fault:
        sim = self._known(body.get("platform"))
        try:
            return self._room.faults.add(
                sim.platform,
                str(body.get("fault")),
                account_id=_typed(body, "accountId", str),
                times=_typed(body, "times", int),
                percent=_typed(body, "percent", float),
                seconds=_typed(body, "seconds", float),
                own=sim.own_faults,
            )
        except ValueError as error:
            raise BadCommand(str(error)) from error

    async def remove_fault(self, request: Request) -> Response:
        """Remove one rule."""
        return JSONResponse({"removed": self._room.faults.remove(request.path_params["id"])})

    async def posts(self, request: Request) -> Response:
        """Every post ever made visible, newest first; `platform`, `accountId` and `limit` narrow it."""
        names = self._room.usernames()
        found = self._room.posts(
            self._platform(request), request.query_params.get("accountId"), limit=_limit(request, -1)
        )
        return JSONResponse({"posts": [self._room.as_json(post, names) for post in found]})

    async def comment(self, request: Request) -> Response:
        """Somebody without an account comments on a post, or answers a comment on it."""
        body = await _body(request, {"platform", "postId", "commentId", "text", "author"})
        return JSONResponse(self._comment(body), 201)

    def _comment(self, body: dict[str, Any]) -> dict[str, Any]:
        sim = self._known(body.get("platform"))
        if not isinstance(sim, TakesComments):
            able = [name for name, each in self._room.simulators.items() if isinstance(each, TakesComments)]
            raise BadCommand(f"Comments can be made on {', '.join(able)}.")
        who = Stranger(_typed(body, "author", str) or VISITOR)
        post_id, answered = _wanted(body, "postId"), _typed(body, "commentId", str)
        try:
            made = sim.comment_by(who, post_id, _wanted(body, "text"), answered)
        except LookupError as error:
            raise BadCommand(str(error.args[0])) from error
        return {"platform": sim.platform, "author": _shown(who), **made}

    async def message(self, request: Request) -> Response:
        """Somebody without an account writes to a demo account."""
        body = await _body(request, {"platform", "accountId", "text", "from"})
        sim = self._known(body.get("platform"))
        if not isinstance(sim, TakesMessages):
            able = [name for name, each in self._room.simulators.items() if isinstance(each, TakesMessages)]
            raise BadCommand(f"Messages can be written on {', '.join(able)}.")
        who = Stranger(_typed(body, "from", str) or VISITOR)
        try:
            made = sim.message_by(who, _wanted(body, "accountId"), _wanted(body, "text"))
        except LookupError as error:
            raise BadCommand(str(error.args[0])) from error
        return JSONResponse({"platform": sim.platform, "from": _shown(who), **made}, 201)

    async def requests(self, request: Request) -> Response:
        """The latest exchanges, newest first."""
        entries = []
        for sim in self._chosen(request):
            entries += sim.net.requests.recent(_limit(request, 500))
        entries.sort(key=lambda entry: str(entry["time"]), reverse=True)
        return JSONResponse({"requests": entries})

    async def accounts(self, request: Request) -> Response:
        """The demo accounts with tokens that work; 304 for whoever knows them by their ETag."""
        chosen = self._chosen(request)
        # Dead tokens are replaced on the way: in one transaction that is one write to disk.
        with self._room.store.transaction():
            # Of the ids, not of their number: after a reset there may be as many, and others.
            ids = json.dumps([[sim.platform, *sim.net.accounts.ids()] for sim in chosen])
            tag = {"ETag": f'"{hashlib.sha256(ids.encode()).hexdigest()}"'}
            if request.headers.get("if-none-match") == tag["ETag"]:
                return Response(status_code=304, headers=tag)
            listed = [sim.credentials(a) for sim in chosen for a in sim.net.accounts.all()]
        return JSONResponse({"accounts": listed}, headers=tag)

    async def apps(self, request: Request) -> Response:
        """The registered apps, or one more: who may ask for consent, with which secret, and where people are led."""
        if request.method == "GET":
            found = [(sim, app) for sim in self._chosen(request) for app in sim.net.apps.all()]
            return JSONResponse({"apps": [_registered(sim, app) for sim, app in found]})
        body = await _body(request, {"platform", "clientId", "clientSecret", "redirectUris"})
        sim = self._known(body.get("platform"))
        if not sim.takes_apps:
            able = [name for name, each in self._room.simulators.items() if each.takes_apps]
            raise BadCommand(f"Apps can be registered here on {', '.join(able)}.")
        uris = body.get("redirectUris") or []
        if not isinstance(uris, list) or not all(isinstance(uri, str) and uri for uri in uris):
            raise BadCommand("redirectUris must be a list of texts.")
        secret = _typed(body, "clientSecret", str)
        app = sim.net.apps.register(_wanted(body, "clientId"), secret=secret, redirects=uris)
        return JSONResponse(_registered(sim, app), 201)

    async def seed(self, request: Request) -> Response:
        """Open more demo accounts on every network, or on one (`platform`)."""
        body = await _body(request, {"accounts", "platform"})
        count = _typed(body, "accounts", int)
        if count is None or not 1 <= count <= MOST_ACCOUNTS:
            raise BadCommand(f"accounts must be between 1 and {MOST_ACCOUNTS}.")
        platform = body.get("platform")
        chosen = list(self._room.simulators.values()) if platform is None else [self._known(platform)]
        with self._room.store.transaction():
            fresh = [sim.credentials(account) for sim in chosen for account in sim.seed(count)]
        return JSONResponse({"accounts": fresh}, 201)

    async def reset(self, request: Request) -> Response:
        """Forget posts, uploads, faults, requests and rate windows; `accounts: true` begins with new accounts too."""
        body = await _body(request, {"accounts"})
        anew = _typed(body, "accounts", bool) or False
        before = {platform: sim.net.accounts.count() for platform, sim in self._room.simulators.items()}
        self._room.store.clear(accounts=anew)
        self._room.store.set_setting(ENFORCED, value=True)
        self._room.faults.reload()
        if anew:
            for platform, sim in self._room.simulators.items():
                # As many as a new sandbox opens; a network that was emptied stays empty.
                sim.seed(min(before[platform], 2))
        return JSONResponse({"reset": True})

    async def hooks(self, request: Request) -> Response:
        """The webhooks that came in under a name."""
        return await self._room.inbox.hooks(request)

    async def mails(self, request: Request) -> Response:
        """The mails that came in."""
        return await self._room.inbox.mails(request)

    async def limits(self, request: Request) -> Response:
        """Whether rate and daily limits hold, and the switch."""
        if request.method == "POST":
            enforced = _typed(await _body(request, {"enforced"}), "enforced", bool)
            if enforced is None:
                raise BadCommand("enforced must be true or false.")
            self._room.store.set_setting(ENFORCED, enforced)
        return JSONResponse({"enforced": self._room.store.setting(ENFORCED, default=True)})

    async def allow(self, request: Request) -> Response:
        """Let the networks fetch media from one more address ("host:port"), until the sandbox ends."""
        address = _typed(await _body(request, {"address"}), "address", str)
        if address is None:
            raise BadCommand("address must be host:port.")
        try:
            self._room.allow(address)
        except NotConfigured as error:
            raise BadCommand(error.message) from error
        return JSONResponse({"allowed": address})

    async def clock(self, request: Request) -> Response:
        """What time it is here, and a way to let time pass."""
        if request.method == "POST":
            seconds = _typed(await _body(request, {"advance"}), "advance", float)
            if seconds is None:
                raise BadCommand("advance must be a number of seconds.")
            self._advance(seconds)
        return JSONResponse({"now": clock.iso(clock.now()), "ahead": self._room.store.setting(CLOCK, 0.0)})

    def _advance(self, seconds: float) -> None:
        try:
            clock.advance(seconds)
        except ValueError as error:
            raise BadCommand(str(error)) from error
        self._room.store.set_setting(CLOCK, clock.monotonic() - time.monotonic())

    async def press(self, request: Request) -> Response:
        """A button on a page: done, and back to the page, or a page that says why not."""
        form = {
            name: value for name, value in (await request.form()).items() if isinstance(value, str) and value
        }
        try:
            self._pressed(form)
        except BadCommand as error:
            return refusal_page(str(error), self._way_back(form.get("back", "")))
        return RedirectResponse(self._way_back(form.get("back", "")), 303)

    def _pressed(self, form: dict[str, str]) -> None:
        match form.get("press"):
            case "fault":
                numbers: dict[str, Any] = {
                    name: _number(form, name) for name in ("times", "seconds") if name in form
                }
                self._add_fault({"platform": form.get("platform"), "fault": form.get("fault"), **numbers})
            case "clear":
                self._room.faults.remove(platform=form.get("platform"))
            case "advance":
                self._advance(_number(form, "seconds"))
            case "comment":
                names = ("platform", "postId", "text", "author")
                self._comment({name: form[name] for name in names if name in form})
            case _:
                raise BadCommand("There is no such button.")

    def _way_back(self, address: str) -> str:
        """The address if it is a page of the sandbox, else its front page."""
        pages = [self._room.url, *(sim.net.url for sim in self._room.simulators.values())]
        return address if address.startswith(tuple(f"{page}/" for page in pages)) else "/"

    def _platform(self, request: Request) -> str | None:
        platform = request.query_params.get("platform")
        if platform:
            self._known(platform)
        return platform or None

    def _chosen(self, request: Request) -> list[Simulator]:
        platform = self._platform(request)
        return [self._room.simulators[platform]] if platform else list(self._room.simulators.values())

    def _known(self, platform: Any) -> Simulator:
        if not isinstance(platform, str) or platform not in self._room.simulators:
            raise BadCommand(f"platform must be one of {', '.join(self._room.simulators)}.")
        return self._room.simulators[platform]


def _registered(sim: Simulator, app: App) -> dict[str, Any]:
    # An operator's own secret may be among them, so none is shown.
    return {"platform": sim.platform, "clientId": app.client_id, "redirectUris": list(app.redirects)}


def _shown(who: Stranger) -> dict[str, str]:
    return {"id": who.id, "name": who.name, "username": who.username}


def _wanted(body: dict[str, Any], name: str) -> str:
    text = _typed(body, name, str)
    if not text:
        raise BadCommand(f"{name} must be a text that is not empty.")
    return str(text)


async def _body(request: Request, known: set[str]) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise BadCommand("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadCommand("The body must be a JSON object.")
    if unknown := sorted(set(body) - known):
        raise BadCommand(f"Unknown: {', '.join(unknown)}. Known: {', '.join(sorted(known))}.")
    return body


def _number(form: dict[str, str], name: str) -> float:
    try:
        return float(form[name])
    except (KeyError, ValueError) as error:
        raise BadCommand(f"{name} must be a number.") from error


def _typed(body: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = body.get(name)
    if value is None:
        return None
    # True is a number to Python, and none to whoever writes JSON.
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if kind is float and number:
        return float(value)
    if kind is int and number and value == int(value):
        return int(value)
    if kind not in (int, float) and isinstance(value, kind):
        return value
    words = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}
    raise BadCommand(f"{name} must be {words[kind]}.")


def _limit(request: Request, default: int) -> int:
    text = request.query_params.get("limit", "")
    if not text:
        return default
    # isdecimal alone takes the digits of every script.
    if not text.isascii() or not text.isdecimal():
        raise BadCommand("limit must be a whole number.")
    return int(text)
