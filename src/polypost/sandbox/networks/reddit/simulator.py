"""The Reddit simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.reddit import errors
from polypost.sandbox.networks.reddit.auth import MISSING_SCOPE, WINDOW_USED, Auth
from polypost.sandbox.networks.reddit.browse import PRIVATE_MARKS, Browse
from polypost.sandbox.networks.reddit.library import Library
from polypost.sandbox.networks.reddit.reading import Reading
from polypost.sandbox.networks.reddit.submit import AT_SUBMISSION, MARKS, Submit
from polypost.sandbox.networks.reddit.things import Things, base36
from polypost.sandbox.networks.reddit.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Wording, always, each_path

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
FIRST_ID = 36**5
# Beyond what publishing asks for: what people's own scripts do with their accounts.
DAILY = ("vote", "save", "report", "subscribe", "privatemessages", "modposts", "account")
SORTS = ("new", "hot", "top", "rising", "controversial")


class RedditSimulator(Simulator):
    """Reddit on one port: www and oauth.reddit.com, the two buckets, the sockets of redditmedia.com.

    Eleven communities: `sandbox` and `test` take everything, the others each have a rule of their own, and `u_<name>` is an
    account's profile. What is an API call and what a page is told by the token.
    """

    platform = "reddit"
    look = Look("Reddit", "#c2380f", __package__)
    wording = Wording(
        error=errors.accident,
        rate_limited=errors.posting_too_fast,
        duplicate=partial(errors.body_error, "ALREADY_SUB", "url"),
        token_dead=errors.unauthorized,
        read_limited=errors.too_many_until,
    )
    _auth: Auth
    scopes = ("identity", "submit", "read", "flair", "edit", "history", "mysubreddits", *DAILY)
    own_faults = (
        *AT_SUBMISSION, "media_failed", "no_socket", "socket_closed", "removed", MISSING_SCOPE, WINDOW_USED,
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        things = Things(net)
        auth = Auth(net, self.pages, self.gate)
        self._auth = auth
        self._library = Library(net, auth)
        self._submit = Submit(net, self.pages, auth, things, self._library)
        self._reading = Reading(net, auth, things)
        self._browse = Browse(net, auth, things, self._reading)
        self._web = Web(net, self.pages, things)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        auth, reading, web = self._auth, self._reading, self._web
        return [
            *_api("/api/v1/authorize", auth.authorize, "GET", "POST"),
            Route("/api/v1/authorize.compact", auth.authorize, methods=["GET", "POST"]),
            *_api("/api/v1/access_token", auth.token, "POST"),
            *_api("/api/v1/revoke_token", auth.revoke, "POST"),
            *_api("/api/v1/me", reading.me, "GET"),
            *_api("/api/v1/{sr}/post_requirements", reading.requirements, "GET"),
            *_api("/api/info", reading.info, "GET"),
            *self._changes(),
            *self._looking_around(),
            *self._communities(),
            *_api("/user/{username}/about", reading.person, "GET"),
            *_api("/user/{username}/submitted", _either(reading.submitted, web.profile), "GET"),
            *_api("/user/{username}", _either(reading.submitted, web.profile), "GET"),
            *_api("/u/{username}", web.profile, "GET"),
            *_api("/subreddits/mine/{where}", reading.mine, "GET"),
            *_api("/comments/{id}", _either(reading.comments, web.post), "GET"),
            *_api("/comments/{id}/{slug}", _either(reading.comments, web.post), "GET"),
            *_api("/user/{username}/comments/{id}/{slug}", _either(reading.comments, web.post), "GET"),
            Route("/gallery/{id}", web.post),
            Route("/api/{rest:path}", always(partial(errors.plain, 404)), methods=METHODS),
            # The buckets take their forms at the root.
            Route("/", self._library.receive, methods=["POST"]),
            Route("/", _either(self._browse.front, web.front), methods=["GET"]),
            Route("/{asset}", self._submit.socket),
        ]

    def _changes(self) -> list[Route]:
        submit, library = self._submit, self._library
        return [
            *_api("/api/submit", submit.submit, "POST"),
            *_api("/api/submit_gallery_post", submit.gallery, "POST"),
            *_api("/api/submit_poll_post", submit.poll, "POST"),
            *_api("/api/media/asset", library.lease, "POST"),
            *_api("/api/convert_rte_body_format", library.convert, "POST"),
            *_api("/api/comment", submit.comment, "POST"),
            *_api("/api/editusertext", submit.edit, "POST"),
            *_api("/api/del", submit.delete, "POST"),
            *_api("/api/sendreplies", submit.notify, "POST"),
            *_api("/api/vote", submit.nothing, "POST"),
            *(route for name in MARKS for route in _api(f"/api/{name}", submit.mark, "POST")),
        ]

    def _looking_around(self) -> list[Route]:
        browse, web = self._browse, self._web
        lists = [
            *(f"/subreddits/{where}" for where in ("search", "popular", "new", "default")),
            "/api/subreddit_autocomplete_v2",
        ]
        orders = ("best", *SORTS, "r/all", "r/popular", *(f"r/all/{order}" for order in SORTS))
        return [
            *_api("/search", browse.search, "GET"),
            *_api("/r/{sr}/search", browse.search, "GET"),
            *(route for path in lists for route in _api(path, browse.subreddit_search, "GET")),
            *_api("/api/search_reddit_names", browse.subreddit_names, "GET", "POST"),
            *(
                route
                for order in orders
                for route in _api(f"/{order}", _either(browse.front, web.front), "GET")
            ),
            *_api("/user/{username}/overview", _either(browse.overview, web.profile), "GET"),
            *_api("/user/{username}/comments", _either(browse.person_comments, web.profile), "GET"),
            *(
                route
                for where in ("saved", "hidden", "upvoted", "downvoted")
                for route in _api(f"/user/{{username}}/{where}", browse.private_list, "GET")
            ),
            *_api("/r/{sr}/comments", _either(browse.community_comments, web.community), "GET"),
            *_api("/duplicates/{id}", browse.duplicates, "GET"),
            *_api("/message/{box}", browse.messages, "GET"),
            *_api("/api/v1/me/karma", browse.karma, "GET"),
            *_api("/api/v1/me/prefs", browse.preferences, "GET"),
            *_api("/api/v1/me/trophies", browse.trophies, "GET"),
            *_api("/api/v1/user/{username}/trophies", browse.trophies, "GET"),
            *_api("/api/v1/scopes", browse.scopes, "GET"),
            *_api("/api/username_available", browse.name_available, "GET"),
            *(route for name in PRIVATE_MARKS for route in _api(f"/api/{name}", browse.mark, "POST")),
        ]

    def _communities(self) -> list[Route]:
        reading, web = self._reading, self._web
        return [
            *_api("/r/{sr}/about", reading.about, "GET"),
            *_api("/r/{sr}/about/rules", reading.rules, "GET"),
            *_api("/r/{sr}/api/link_flair_v2", reading.link_flair, "GET"),
            *_api("/r/{sr}/api/flairselector", reading.flair_selector, "POST"),
            *_api("/r/{sr}/api/selectflair", self._submit.select_flair, "POST"),
            *_api("/r/{sr}/comments/{id}", _either(reading.comments, web.post), "GET"),
            *_api("/r/{sr}/comments/{id}/{slug}", _either(reading.comments, web.post), "GET"),
            *_api("/r/{sr}/comments/{id}/{slug}/{comment}", _either(reading.comments, web.post), "GET"),
            *(
                route
                for sort in SORTS
                for route in _api(f"/r/{{sr}}/{sort}", _either(reading.new, web.community), "GET")
            ),
            *_api("/r/{sr}", _either(reading.new, web.community), "GET"),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`, with the karma of somebody who has been there for a while."""
        data = {"number": number, "link_karma": 120 + number}
        return self.net.accounts.demo(number, id=base36(FIRST_ID + 7 * number), data=data)

    def example(self, account: Account) -> dict[str, Any]:
        """A post goes to some community."""
        return {"subreddit": "sandbox"}

    def profile_path(self, username: str) -> str:
        """People's pages."""
        return f"/user/{username}/"


def _api(path: str, handler: Handler, *methods: str) -> list[Route]:
    """A path in the three ways in which clients write it."""
    return each_path((f"{path}.json", f"{path}/", path), handler, *methods)


def _either(api: Handler, page: Handler) -> Handler:
    """The same path on two hosts: with a token it is the API's, without it the web's."""

    async def choose(request: Request) -> Response:
        wants_data = "authorization" in request.headers or request.url.path.endswith(".json")
        return await (api if wants_data else page)(request)

    return choose
