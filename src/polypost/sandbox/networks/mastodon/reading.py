"""Accounts and lists of statuses, page by page."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.mastodon.answers import PINS, Answers
from polypost.sandbox.networks.mastodon.auth import Auth
from polypost.sandbox.networks.mastodon.errors import not_found, refused
from polypost.sandbox.networks.mastodon.intake import as_flag
from polypost.sandbox.networks.mastodon.limits import limit
from polypost.sandbox.networks.mastodon.rules import DOMAIN
from polypost.sandbox.networks.mastodon.scheduled import Scheduled
from polypost.sandbox.networks.mastodon.statuses import visible
from polypost.sandbox.networks.mastodon.text import tags
from polypost.sandbox.simkit import Account, Network, SimPost, exchange

DEFAULT_PAGE = 20
MOST_READ = 2_000


class Reading:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, answers: Answers, scheduled: Scheduled) -> None:
        self._auth = auth
        self._answers = answers
        self._scheduled = scheduled
        self._net = net

    async def me(self, request: Request) -> Response:
        """`GET /api/v1/accounts/verify_credentials`."""
        caller = self._auth.user(request, "profile", "read", "read:accounts")
        return JSONResponse(self._answers.account(caller.account, own=True))

    async def account(self, request: Request) -> Response:
        """`GET /api/v1/accounts/{id}`."""
        self._auth.reader(request)
        return JSONResponse(self._answers.account(self._account(request)))

    async def lookup(self, request: Request) -> Response:
        """`GET /api/v1/accounts/lookup?acct=…`."""
        self._auth.reader(request)
        name = request.query_params.get("acct", "").removeprefix("@").removesuffix(f"@{DOMAIN}")
        account = self._net.accounts.by_username(name)
        if account is None:
            raise not_found()
        return JSONResponse(self._answers.account(account))

    def _account(self, request: Request) -> Account:
        account = self._net.accounts.get(f"{request.path_params['id']}@{DOMAIN}")
        if account is None:
            raise not_found()
        return account

    async def statuses(self, request: Request) -> Response:
        """`GET /api/v1/accounts/{id}/statuses`, newest first."""
        viewer = self._auth.reader(request)
        account, query = self._account(request), request.query_params
        posts = self._visible(request, [account], viewer)
        if as_flag(query.get("exclude_replies")):
            posts = [post for post in posts if post.parent is None]
        if as_flag(query.get("only_media")):
            posts = [post for post in posts if post.media]
        if as_flag(query.get("pinned")):
            posts = [post for post in posts if self._answers.marks(PINS, post.id)]
        return self._page(request, posts, viewer)

    async def home(self, request: Request) -> Response:
        """`GET /api/v1/timelines/home`: everybody follows everybody here."""
        caller = self._auth.user(request, "read:statuses")
        posts = self._visible(request, self._net.accounts.all(), caller.account.id)
        return self._page(request, posts, caller.account.id)

    async def public(self, request: Request) -> Response:
        """`GET /api/v1/timelines/public`."""
        viewer = self._auth.reader(request)
        posts = self._visible(request, self._net.accounts.all(), viewer)
        return self._page(request, [post for post in posts if post.raw["visibility"] == "public"], viewer)

    async def tag(self, request: Request) -> Response:
        """`GET /api/v1/timelines/tag/{tag}`."""
        viewer, wanted = self._auth.reader(request), request.path_params["tag"].lower()
        posts = self._visible(request, self._net.accounts.all(), viewer)
        public = [post for post in posts if post.raw["visibility"] == "public" and wanted in tags(post.text)]
        return self._page(request, public, viewer)

    def _visible(self, request: Request, accounts: list[Account], viewer: str | None) -> list[SimPost]:
        self._scheduled.release()
        until = exchange(request).listed_until()
        found = [
            post
            for account in accounts
            for post in self._net.posts.by_account(account.id, limit=MOST_READ, until=until)
            if visible(post, viewer)
        ]
        return sorted(found, key=lambda post: int(post.id), reverse=True)

    def _page(self, request: Request, posts: list[SimPost], viewer: str | None) -> Response:
        query = request.query_params
        size = min(_whole(query.get("limit"), DEFAULT_PAGE), limit("listing_max"))
        below = _whole(query.get("max_id"), 2**63)
        above = _whole(query.get("since_id"), 0)
        posts = [post for post in posts if above < int(post.id) < below]
        if "min_id" in query:
            # The page right above an id, not the newest one above it.
            newer = [post for post in posts if int(post.id) > _whole(query["min_id"], 0)]
            page = newer[-size:] if size else []
        else:
            page = posts[:size]
        links = []
        if page:
            for rel, name, edge in (("next", "max_id", page[-1]), ("prev", "min_id", page[0])):
                kept = [(k, v) for k, v in query.multi_items() if k not in {"max_id", "min_id", "since_id"}]
                links.append(
                    f'<{request.url.replace(query=urlencode([*kept, (name, edge.id)]))}>; rel="{rel}"'
                )
        headers = {"link": ", ".join(links)} if links else {}
        return JSONResponse([self._answers.status(post, viewer) for post in page], headers=headers)

    async def preferences(self, request: Request) -> Response:
        """`GET /api/v1/preferences`."""
        self._auth.user(request, "read:accounts")
        return JSONResponse(
            {
                "posting:default:visibility": "public",
                "posting:default:sensitive": False,
                "posting:default:language": None,
                "posting:default:quote_policy": "public",
                "reading:expand:media": "default",
                "reading:expand:spoilers": False,
                "reading:autoplay:gifs": False,
            }
        )

    async def nothing(self, request: Request) -> Response:
        """Lists that are empty here: custom emoji, rules, announcements."""
        self._auth.reader(request)
        return JSONResponse([])


def _whole(text: str | None, default: int) -> int:
    if text is None or text == "":
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        raise refused(400, "Bad Request")
    return int(text)
