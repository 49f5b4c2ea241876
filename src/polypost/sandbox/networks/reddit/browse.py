"""For scripts and publishers that look around: search, front pages, histories, and the small facts about oneself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.reddit import errors, subreddits
from polypost.sandbox.networks.reddit.auth import SCOPES, Auth, Caller
from polypost.sandbox.networks.reddit.reading import DEPTH, Reading, page_of
from polypost.sandbox.networks.reddit.subreddits import Subreddit
from polypost.sandbox.networks.reddit.things import COMMENT, Things, listing, lookup, say, visible
from polypost.sandbox.simkit import Network, SimPost, exchange

Thing = dict[str, Any]
# Marks that only their maker sees, with the scope that each asks for.
PRIVATE_MARKS = {
    "save": "save",
    "unsave": "save",
    "hide": "report",
    "unhide": "report",
    "report": "report",
    "subscribe": "subscribe",
    "follow_post": "subscribe",
    "read_all_messages": "privatemessages",
    "read_message": "privatemessages",
}


class Browse:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, things: Things, reading: Reading) -> None:
        self._auth = auth
        self._things = things
        self._net = net
        self._reading = reading

    async def front(self, request: Request) -> Response:
        """`GET /new` and the other orders of the front page: everybody's posts, newest first."""
        caller = await self._auth.enter(request, "read")
        return self._reading.page(caller, self._everything(request))

    async def search(self, request: Request) -> Response:
        """`GET /search` and `GET /r/<name>/search`: posts in whose title or text all words occur."""
        caller = await self._auth.enter(request, "read")
        if caller.params.text("type") == "sr":
            return self._communities(caller, caller.params.text("q"))
        within = request.path_params.get("sr")
        found = self._everything(request)
        if within is not None and caller.params.text("restrict_sr") not in {"0", "false", "off"}:
            name = subreddits.enter(self._net, within).name.casefold()
            found = [post for post in found if post.thread == name]
        words = caller.params.text("q").casefold().split()
        return self._reading.page(
            caller, [post for post in found if all(word in post.text.casefold() for word in words)]
        )

    async def subreddit_search(self, request: Request) -> Response:
        """`GET /subreddits/search` and the lists of all communities."""
        caller = await self._auth.enter(request, "read")
        return self._communities(caller, caller.params.text("q") or caller.params.text("query"))

    async def subreddit_names(self, request: Request) -> Response:
        """`POST /api/search_reddit_names`."""
        caller = await self._auth.enter(request, "read")
        wanted = caller.params.text("query").casefold()
        exact = caller.params.text("exact") in {"1", "true", "True"}
        names = [each.name for each in _open() if each.name == wanted or (not exact and wanted in each.name)]
        return say(caller.params, {"names": names})

    async def overview(self, request: Request) -> Response:
        """`GET /user/<name>/overview`: posts and comments together."""
        caller, account = await self._reading.named(request, "history")
        reader = caller.account.id if caller.account else None
        posts = self._net.posts.by_account(account.id, limit=DEPTH, until=exchange(request).listed_until())
        things = [self._things.post(post, reader=reader) for post in posts if visible(post)]
        things += self._comments(lambda body: body["author_id"] == account.id)
        return _newest(caller, things)

    async def person_comments(self, request: Request) -> Response:
        """`GET /user/<name>/comments`."""
        caller, account = await self._reading.named(request, "history")
        return _newest(caller, self._comments(lambda body: body["author_id"] == account.id))

    async def private_list(self, request: Request) -> Response:
        """`GET /user/<name>/saved` and the like: marks have no effect here, so nothing is on it."""
        caller, account = await self._reading.named(request, "history")
        if caller.account is None or caller.account.id != account.id:
            raise errors.forbidden("private")
        return say(caller.params, listing([]))

    async def community_comments(self, request: Request) -> Response:
        """`GET /r/<name>/comments`."""
        caller = await self._auth.enter(request, "read")
        found = subreddits.enter(self._net, request.path_params["sr"])
        everybody = self._comments(lambda _body: True)
        return _newest(caller, [each for each in everybody if each["data"]["subreddit"] == found.name])

    async def duplicates(self, request: Request) -> Response:
        """`GET /duplicates/<id>`: the post, and its crossposts."""
        caller = await self._auth.enter(request, "read")
        post = lookup(self._net, request.path_params["id"])
        if post is None:
            raise errors.not_found()
        crossposts = [each for each in self._everything(request) if each.raw["crosspost_parent"] == post.id]
        both = [listing([self._things.post(each) for each in some]) for some in ([post], crossposts)]
        return say(caller.params, both)

    async def messages(self, request: Request) -> Response:
        """`GET /message/inbox` and its other boxes, which are empty."""
        caller = await self._auth.enter(request, "privatemessages")
        return say(caller.params, listing([]))

    async def karma(self, request: Request) -> Response:
        """`GET /api/v1/me/karma`."""
        caller = await self._auth.enter(request, "mysubreddits")
        karma = {"sr": "sandbox", "link_karma": caller.person.data["link_karma"], "comment_karma": 20}
        return say(caller.params, {"kind": "KarmaList", "data": [karma]})

    async def preferences(self, request: Request) -> Response:
        """`GET /api/v1/me/prefs`."""
        await self._auth.enter(request, "identity")
        return JSONResponse({"lang": "en", "over_18": False, "nightmode": False, "country_code": "WF"})

    async def trophies(self, request: Request) -> Response:
        """`GET /api/v1/me/trophies` and other people's: nobody has any here."""
        caller = await self._auth.enter(request, "identity")
        return say(caller.params, {"kind": "TrophyList", "data": {"trophies": []}})

    async def scopes(self, request: Request) -> Response:
        """`GET /api/v1/scopes`, open to everybody."""
        names = request.query_params.get("scopes", "").replace(",", " ").split() or sorted(SCOPES)
        known = [name for name in names if name in SCOPES]
        return JSONResponse({name: {"id": name, "name": name, "description": name} for name in known})

    async def name_available(self, request: Request) -> Response:
        """`GET /api/username_available`: a bare true or false."""
        user = request.query_params.get("user", "")
        return JSONResponse(self._net.accounts.by_username(user) is None)

    async def mark(self, request: Request) -> Response:
        """`POST /api/save` and other marks that only their maker would see: taken, and without effect."""
        name = request.url.path.strip("/").split("/")[1].removesuffix(".json")
        await self._auth.enter(request, PRIVATE_MARKS[name])
        return JSONResponse({})

    def _everything(self, request: Request) -> list[SimPost]:
        found = self._net.posts.of_everybody(exchange(request).listed_until())
        return [post for post in found if not post.raw["removed"]]

    def _communities(self, caller: Caller, words: str) -> Response:
        wanted = words.casefold()
        found = [each for each in _open() if wanted in each.name or wanted in each.title.casefold()]
        page, more = page_of(caller, [self._things.community(each) for each in found])
        return say(caller.params, listing(page, after=more))

    def _comments(self, wanted: Callable[[Thing], bool]) -> list[Thing]:
        found = [each for each in self._net.documents.all(COMMENT) if wanted(each.body)]
        return [self._things.comment(each) for each in found if not each.body["deleted"]]


def _open() -> list[Subreddit]:
    return [each for each in subreddits.DEMO if each.door is None]


def _newest(caller: Caller, things: list[Thing]) -> Response:
    things.sort(key=lambda thing: thing["data"]["created"], reverse=True)
    page, more = page_of(caller, things)
    return say(caller.params, listing(page, after=more))
