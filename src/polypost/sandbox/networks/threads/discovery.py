"""For apps that search and watch, and people who look for a place or embed a post: search, mentions, profiles, places."""

from __future__ import annotations

from urllib.parse import urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.threads import errors, places
from polypost.sandbox.networks.threads.auth import MENTIONS, PLACES, PROFILES, SEARCH, Auth, Caller
from polypost.sandbox.networks.threads.nodes import HOST, REPOST, Nodes, gone
from polypost.sandbox.networks.threads.paging import EARLIEST, LATEST, instant, listed, window
from polypost.sandbox.networks.threads.publishing import SEARCHES, SHORTCODE, Publishing
from polypost.sandbox.simkit import Account, Network, SimPost

ACCOUNTS, POSTS_EACH = 100, 50
TYPES, MODES = ("TOP", "RECENT"), ("KEYWORD", "TAG")
EMBED_WIDTH = 658
EMBEDDED = Markup(
    '<blockquote class="text-post-media" data-text-post-permalink="{url}" data-text-post-version="0"'
    ' id="ig-tp-{code}"><a href="{url}" target="_blank">View on Threads</a></blockquote>'
)


class Discovery:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, nodes: Nodes, publishing: Publishing) -> None:
        self._auth = auth
        self._nodes = nodes
        self._net = net
        self._publishing = publishing

    async def search(self, request: Request) -> Response:
        """`GET /keyword_search`: posts with a word, or under a topic."""
        caller = await self._auth.enter(request, SEARCH)
        word = caller.params.text("q").strip().casefold()
        mode = caller.params.text("search_mode") or MODES[0]
        if not word:
            raise errors.invalid("The parameter q is required")
        if mode not in MODES or (caller.params.text("search_type") or TYPES[0]) not in TYPES:
            raise errors.invalid("Param search_type or search_mode is not one of the known values")
        since, until = instant(caller, "since", EARLIEST), instant(caller, "until", LATEST)
        found = [
            post
            for post in self._everybody()
            if since <= post.created <= until
            and (
                word == (post.raw["topic"] or "").casefold()
                if mode == "TAG"
                else word in post.text.casefold()
            )
        ]
        return listed(self._nodes, request, caller, window(caller, found))

    async def mentions(self, request: Request) -> Response:
        """`GET /{user}/mentions`: posts of others that name the account."""
        caller = await self._auth.own(request, MENTIONS)
        name = f"@{caller.account.username}".casefold()
        found = [
            post
            for post in self._everybody()
            if post.account_id != caller.account.id
            and name in (word.strip(".,;:!?") for word in post.text.casefold().split())
        ]
        return listed(self._nodes, request, caller, window(caller, found))

    async def lookup(self, request: Request) -> Response:
        """`GET /profile_lookup`: a public profile by its exact name."""
        caller = await self._auth.enter(request, PROFILES)
        return JSONResponse(self._nodes.profile(self._named(caller)))

    async def posts(self, request: Request) -> Response:
        """`GET /profile_posts`: what a public profile has posted."""
        caller = await self._auth.enter(request, PROFILES)
        account = self._named(caller)
        found = [post for post in self._of(account) if post.parent is None]
        return listed(self._nodes, request, caller, window(caller, found))

    async def places(self, request: Request) -> Response:
        """`GET /location_search`: places by name, by a point, or both."""
        caller = await self._auth.enter(request, PLACES)
        # Meta's collection says q, its reference says query.
        text = caller.params.text("q") or caller.params.text("query")
        near = _point(caller)
        if not text.strip() and near is None:
            raise errors.invalid("Either q or latitude and longitude must be given")
        self._publishing.spend(caller, SEARCHES)
        asked = errors.parse(caller.params.text("fields"))
        return JSONResponse({"data": [places.shown(place, asked) for place in places.search(text, near)]})

    async def oembed(self, request: Request) -> Response:
        """`GET /oembed`: the HTML that shows a post on another page."""
        params = await self._auth.anyone(request)
        code = urlsplit(params.text("url")).path.rstrip("/").rpartition("/")[2]
        document = self._net.documents.get(SHORTCODE, code)
        post = self._net.posts.get(document.body["media"]) if document else None
        if post is None or gone(post):
            raise errors.invalid("Param url must be the address of a public post")
        html = EMBEDDED.format(url=HOST + post.permalink, code=code)
        return JSONResponse(
            {
                "version": "1.0",
                "type": "rich",
                "html": html,
                "provider_name": "Threads",
                "provider_url": f"{HOST}/",
                "width": EMBED_WIDTH,
            }
        )

    def _named(self, caller: Caller) -> Account:
        name = caller.params.text("username").strip().removeprefix("@")
        account = self._net.accounts.by_username(name) if name else None
        if account is None:
            raise errors.invalid("Param username must be the exact name of a public profile")
        return account

    def _of(self, account: Account) -> list[SimPost]:
        posts = self._net.posts.by_account(account.id, limit=POSTS_EACH)
        return [post for post in posts if not gone(post) and post.raw["media_type"] != REPOST]

    def _everybody(self) -> list[SimPost]:
        found = [post for account in self._net.accounts.all(ACCOUNTS) for post in self._of(account)]
        return sorted(found, key=lambda post: -post.seq)


def _point(caller: Caller) -> tuple[float, float] | None:
    given = [caller.params.text(name) for name in ("latitude", "longitude")]
    if not any(given):
        return None
    try:
        latitude, longitude = map(float, given)
    except ValueError as error:
        raise errors.invalid("Params latitude and longitude must be numbers, and both be given") from error
    return latitude, longitude
