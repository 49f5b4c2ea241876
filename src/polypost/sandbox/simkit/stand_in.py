"""Base of every simulator: what the sandbox asks of a network's stand-in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from polypost.sandbox.simkit.accounts import Account, Code, Token
from polypost.sandbox.simkit.addresses import TidyPaths
from polypost.sandbox.simkit.avatar import avatar
from polypost.sandbox.simkit.gate import Gate
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.oauth import OAuthServer
from polypost.sandbox.simkit.pages import Look, Pages
from polypost.sandbox.simkit.store import DEMO_TOKENS
from polypost.sandbox.simkit.traffic import Traffic, Wording

Handler = Callable[[Request], Awaitable[Response]]
SHOWN_TYPES = ("image/", "video/", "audio/")


class Simulator(ABC):
    """A network's stand-in on its own port.

    A subclass gives its routes, opens accounts, has a login (`_auth`), and words the faults (`wording`). Demo tokens
    belong to the app `client_id`/`client_secret`. `own_faults` names trouble that only this network knows; its handlers
    ask for it with `exchange(request).fault(name)`.
    """

    platform: ClassVar[str]
    look: ClassVar[Look]
    scopes: ClassVar[tuple[str, ...]]
    own_faults: ClassVar[tuple[str, ...]] = ()
    # Whether the network forgives doubled slashes and one at the end, as the Graph API does.
    tidies_paths: ClassVar[bool] = False
    # Further apps of the sandbox's own, which show any secret.
    other_apps: ClassVar[tuple[str, ...]] = ()
    # Whether apps are registered at the control surface; elsewhere there are none, or they register themselves.
    takes_apps: ClassVar[bool] = True
    # Whether each kind of call has a limit of its own, as on X.
    counts_by_call: ClassVar[bool] = False
    client_id: ClassVar[str] = "sandbox-app"
    client_secret: ClassVar[str] = "sandbox-app-secret"  # noqa: S105  # printed for everybody to use
    wording: Wording
    _auth: OAuthServer

    def __init__(self, net: Network) -> None:
        self.net = net
        self.pages = Pages(self.look)
        self.gate = Gate(
            net,
            self.wording,
            self.client_id,
            self.client_secret,
            others=self.other_apps,
            counted_later=self.counts_by_call,
        )

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host of the network."""

    @abstractmethod
    def open_account(self, number: int) -> Account:
        """Add demo account `number` (from 1) to `self.net.accounts`."""

    def grant(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> tuple[Token, Token | None]:
        """Issue an access token, and a refresh token where the network has them, as its consent would."""
        return self._auth.issue(Code(account.id, client_id, "", scopes))

    def example(self, account: Account) -> dict[str, Any]:
        """The options (`platformSpecificData`) without which this account's first post would not go out."""
        return {}

    def token_extra(self, account: Account) -> dict[str, Any]:
        """What a client keeps beside this account's demo tokens: where its server is, for one."""
        return {}

    def profile_path(self, username: str) -> str:
        """The path of an account's page on the network's port."""
        return f"/{username}"

    def app(self) -> ASGIApp:
        """The ASGI app of the network's port."""
        shared = [Route("/_sandbox/media/{blob}", self._media), Route("/favicon.ico", _no_icon)]
        shared.append(Route("/_sandbox/avatar/{id:path}.png", _avatar))
        traffic = Middleware(Traffic, wording=self.wording, faults=self.net.faults, log=self.net.requests)
        tidy = [Middleware(TidyPaths)] if self.tidies_paths else []
        # Traffic stands outside: it records the path as the caller wrote it.
        return Starlette(routes=[*shared, *self.routes()], middleware=[traffic, *tidy])

    def seed(self, count: int) -> list[Account]:
        """Open `count` more demo accounts."""
        begin = self.net.accounts.count() + 1
        with self.net.store.transaction():
            # In one transaction ten thousand accounts are one write to disk.
            return [self.open_account(number) for number in range(begin, begin + count)]

    def credentials(self, account: Account) -> dict[str, Any]:
        """A demo account as `GET /_sandbox/accounts` shows it; a dead or spent token pair is replaced first."""
        access, refresh = self._demo_pair(account)
        return {
            "platform": self.platform,
            "platformUserId": account.id,
            "username": account.username,
            "name": account.name,
            "accessToken": access.value,
            "refreshToken": refresh.value if refresh else None,
            "expiresIn": access.expires_in,
            "scopes": list(access.scopes),
            "clientId": self.client_id,
            "clientSecret": self.client_secret,
            "options": self.example(account),
            "extra": self.token_extra(account),
        }

    def _demo_pair(self, account: Account) -> tuple[Token, Token | None]:
        kept = self.net.documents.get(DEMO_TOKENS, account.id)
        if kept is not None:
            access = self.net.tokens.find(kept.body["access"])
            refresh = self.net.tokens.find(kept.body["refresh"]) if kept.body["refresh"] else None
            if access and access.live and (refresh is None or refresh.live):
                return access, refresh
        access, refresh = self.grant(account, self.client_id, self.scopes)
        self.net.documents.put(
            DEMO_TOKENS, account.id, {"access": access.value, "refresh": refresh.value if refresh else None}
        )
        return access, refresh

    async def _media(self, request: Request) -> Response:
        try:
            path = self.net.blobs.path(request.path_params["blob"])
        except ValueError:
            return PlainTextResponse("There is no such file.", 404)
        kind = request.query_params.get("type", "application/octet-stream")
        if (
            not path.is_file()
            # An SVG can carry scripts.
            or "svg" in kind
            or not (kind.startswith(SHOWN_TYPES) or kind == "application/octet-stream")
        ):
            return PlainTextResponse("There is no such file.", 404)
        return FileResponse(path, media_type=kind, headers={"x-content-type-options": "nosniff"})


def each_path(paths: Iterable[str], handler: Handler, *methods: str) -> list[Route]:
    """One handler under several paths."""
    return [Route(path, handler, methods=list(methods)) for path in paths]


def always(answer: Callable[[], Response]) -> Handler:
    """A handler with the same answer to every call."""

    async def handle(_request: Request) -> Response:
        return answer()

    return handle


async def _avatar(request: Request) -> Response:
    return Response(avatar(request.path_params["id"]), media_type="image/png")


async def _no_icon(_request: Request) -> Response:
    return Response(status_code=204)
