"""Pinterest's ports and paths put together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.pinterest import errors
from polypost.sandbox.networks.pinterest.analytics import Analytics
from polypost.sandbox.networks.pinterest.audience import Audience
from polypost.sandbox.networks.pinterest.auth import Auth, tag
from polypost.sandbox.networks.pinterest.boards import Boards
from polypost.sandbox.networks.pinterest.pins import AT_CREATION, Pins
from polypost.sandbox.networks.pinterest.rates import READ, Rates
from polypost.sandbox.networks.pinterest.shelf import Shelf, account_id, demo_id
from polypost.sandbox.networks.pinterest.uploads import Uploads
from polypost.sandbox.networks.pinterest.views import account_view
from polypost.sandbox.networks.pinterest.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Wording, each_path

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
ACCOUNT_TYPES = ("BUSINESS", "PINNER")


class PinterestSimulator(Simulator):
    """Pinterest on one port: www.pinterest.com, api.pinterest.com, its sandbox, and the upload bucket at once.

    Demo account 1 is a business, account 2 a person, and so on in turn. Each has two public boards and a secret one.
    """

    platform = "pinterest"
    look = Look("Pinterest", "#ad081b", __package__)
    wording = Wording(
        error=partial(errors.answer, "accident"),
        rate_limited=errors.rate_limited,
        # Pinterest itself takes the same pin twice without a word.
        duplicate=partial(errors.answer, "duplicate"),
        token_dead=partial(errors.answer, "authentication"),
    )
    _auth: Auth
    scopes = (
        "boards:read", "boards:read_secret", "boards:write", "boards:write_secret", "pins:read",
        "pins:read_secret", "pins:write", "pins:write_secret", "user_accounts:read",
    )  # fmt: skip
    own_faults = (
        "trial_access", *AT_CREATION, "missing_scope", "refresh_token_kept",
        "policy_expired", "upload_unseen", "processing_failed",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        shelf = Shelf(net)
        auth = Auth(net, self.pages, self.gate, Rates(net))
        self._shelf = shelf
        self._auth = auth
        self._boards = Boards(net, auth, shelf)
        self._uploads = Uploads(net, auth)
        self._pins = Pins(net, auth, shelf, self._boards, self._uploads)
        self._analytics = Analytics(net, auth, self._pins)
        self._audience = Audience(net, auth, shelf, self._boards)
        self._web = Web(net, self.pages, shelf)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        web = self._web
        return [
            Route("/", self._uploads.receive, methods=["POST"]),
            *each_path(("/oauth", "/oauth/"), self._auth.authorize, "GET", "POST"),
            *self._api(),
            Route("/v5/{rest:path}", _nowhere, methods=METHODS),
            *each_path(("/pin/{id}", "/pin/{id}/"), web.pin, "GET"),
            *each_path(("/{username}", "/{username}/"), web.profile, "GET"),
            *each_path(("/{username}/{slug}", "/{username}/{slug}/"), web.board, "GET"),
        ]

    def _api(self) -> list[Route]:
        boards, pins, uploads = self._boards, self._pins, self._uploads
        return [
            *_v5("/oauth/token", POST=self._auth.token),
            *_v5("/oauth/token/revoke", POST=self._auth.revoke),
            *_v5("/user_account", GET=self._user_account),
            *self._surroundings(),
            *_v5("/boards", GET=boards.list, POST=boards.create),
            *_v5("/boards/{board_id}", GET=boards.get, PATCH=boards.change, DELETE=boards.delete),
            *_v5("/boards/{board_id}/pins", GET=boards.pins),
            *_v5("/boards/{board_id}/sections", GET=boards.sections, POST=boards.create_section),
            *_v5(
                "/boards/{board_id}/sections/{section_id}",
                PATCH=boards.change_section,
                DELETE=boards.delete_section,
            ),
            *_v5("/boards/{board_id}/sections/{section_id}/pins", GET=boards.pins),
            *_v5("/media", GET=uploads.list, POST=uploads.register),
            *_v5("/media/{media_id}", GET=uploads.get),
            *_v5("/pins", GET=pins.list, POST=pins.create),
            *_v5("/pins/analytics", GET=self._analytics.many),
            *_v5("/pins/{pin_id}", GET=pins.get, PATCH=pins.change, DELETE=pins.delete),
            *_v5("/pins/{pin_id}/analytics", GET=self._analytics.one),
            *_v5("/pins/{pin_id}/save", POST=pins.save),
        ]

    def _surroundings(self) -> list[Route]:
        audience, account = self._audience, "/user_account"
        return [
            *_v5(f"{account}/analytics", GET=self._analytics.account),
            *_v5(f"{account}/analytics/top_pins", GET=self._analytics.top_pins),
            *_v5(f"{account}/analytics/top_video_pins", GET=self._analytics.top_videos),
            *_v5(f"{account}/followers", GET=audience.users),
            *_v5(f"{account}/following", GET=audience.users),
            *_v5(f"{account}/following/boards", GET=audience.nothing),
            *_v5(f"{account}/websites", GET=audience.nothing),
            *_v5(f"{account}/businesses", GET=audience.businesses),
            *_v5("/users/{username}/interests/follow", GET=audience.nothing),
            *_v5("/ad_accounts", GET=audience.ad_accounts),
            *_v5("/search/pins", GET=audience.search_pins),
            *_v5("/search/boards", GET=audience.search_boards),
        ]

    async def _user_account(self, request: Request) -> Response:
        caller = self._auth.enter(request, READ, "user_accounts:read")
        boards = len(self._shelf.of(caller.account))
        return JSONResponse(account_view(self.net, caller.account, boards))

    def open_account(self, number: int) -> Account:
        """Demo account `number`, whose ids are the same in every sandbox."""
        account = self.net.accounts.demo(
            number,
            id=account_id(number),
            data={
                "number": number,
                "account_type": ACCOUNT_TYPES[(number - 1) % 2],
                "followers": 340 + 7 * number,
            },
        )
        self._shelf.open(account)
        return account

    def example(self, account: Account) -> dict[str, Any]:
        """The account's first board, without which there is no pin."""
        return {"boardId": demo_id(account, 1)}

    def profile_path(self, username: str) -> str:
        """With the slash that Pinterest's own addresses have."""
        return f"/{username}/"


def _v5(path: str, **handlers: Handler) -> list[Route]:
    """A path of the API with and without a slash at its end."""
    return [
        Route(f"/v5{path}{end}", handler, methods=[method])
        for end in ("", "/")
        for method, handler in handlers.items()
    ]


async def _nowhere(request: Request) -> Response:
    tag(request)
    return errors.answer("path")
