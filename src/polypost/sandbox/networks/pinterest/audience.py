"""For apps that show an account beside its Pins: who follows it, whom it follows, websites, and a search of its own."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.pinterest import errors, paging
from polypost.sandbox.networks.pinterest.auth import READ_PINS, Auth
from polypost.sandbox.networks.pinterest.boards import Boards
from polypost.sandbox.networks.pinterest.rates import READ
from polypost.sandbox.networks.pinterest.shelf import SECRET, Shelf
from polypost.sandbox.networks.pinterest.views import pin_view
from polypost.sandbox.simkit import Network

MOST_PINS = 5_000


class Audience:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, shelf: Shelf, boards: Boards) -> None:
        self._auth = auth
        self._shelf = shelf
        self._net = net
        self._boards = boards

    async def users(self, request: Request) -> Response:
        """`GET /v5/user_account/followers` and `/following`: the other demo accounts, all of whom know each other."""
        caller = self._auth.enter(request, READ, "user_accounts:read")
        others = [each for each in self._net.accounts.all(100) if each.id != caller.account.id]
        return _page(request, [{"username": each.username, "type": "user"} for each in others])

    async def nothing(self, request: Request) -> Response:
        """`GET /v5/user_account/following/boards`, `/websites`, a user's interests: the demo accounts have none."""
        self._auth.enter(request, READ, "user_accounts:read")
        return _page(request, [])

    async def businesses(self, request: Request) -> Response:
        """`GET /v5/user_account/businesses`: none is linked."""
        self._auth.enter(request, READ, "user_accounts:read")
        return JSONResponse([])

    async def ad_accounts(self, request: Request) -> Response:
        """`GET /v5/ad_accounts`: nobody here advertises."""
        self._auth.enter(request, READ, "ads:read")
        return _page(request, [])

    async def search_pins(self, request: Request) -> Response:
        """`GET /v5/search/pins`: the caller's own pins that have every word."""
        caller = self._auth.enter(request, READ, *READ_PINS, "boards:read_secret", "pins:read_secret")
        words = _words(request)
        if not words:
            raise errors.invalid("'query' is a required property")
        mine = self._net.posts.by_account(caller.account.id, limit=MOST_PINS)
        fields = ("title", "description", "link")
        hits = [pin for pin in mine if _fits(words, *(pin.raw[name] for name in fields))]
        return _page(request, [pin_view(self._net, pin, caller.account) for pin in hits])

    async def search_boards(self, request: Request) -> Response:
        """`GET /v5/search/boards`: the caller's own boards, those with every word where words are given."""
        caller = self._auth.enter(request, READ, "boards:read", "boards:read_secret")
        words, counts = _words(request), self._shelf.counts(caller.account)
        hits = [
            board
            for board in self._shelf.of(caller.account)
            if _fits(words, board.name, board.description)
            and (board.privacy != SECRET or caller.may("boards:read_secret"))
        ]
        return _page(request, [self._boards.view(caller, each, counts.get(each.id, 0)) for each in hits])


def _page(request: Request, items: list[Any]) -> Response:
    return JSONResponse(paging.answer_all(items, paging.asked(request), lambda item: item))


def _words(request: Request) -> list[str]:
    return request.query_params.get("query", "").casefold().split()


def _fits(words: list[str], *texts: str | None) -> bool:
    whole = " ".join(text or "" for text in texts).casefold()
    return all(word in whole for word in words)
