"""What only looks: oneself, people, communities, lists, posts with their comments."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.reddit import errors, subreddits
from polypost.sandbox.networks.reddit.auth import Auth, Caller
from polypost.sandbox.networks.reddit.limits import limit
from polypost.sandbox.networks.reddit.things import COMMENT, Things, listing, lookup, say, visible
from polypost.sandbox.simkit import Account, Network, SimPost, exchange

Thing = dict[str, Any]
# More than anybody posts to a sandbox; lists are cut after what is not shown has been left out.
DEPTH = 1_000


class Reading:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, things: Things) -> None:
        self._auth = auth
        self._things = things
        self._net = net

    async def me(self, request: Request) -> Response:
        """`GET /api/v1/me`."""
        caller = await self._auth.enter(request, "identity")
        if caller.account is None:
            raise errors.forbidden("user_required")
        return say(caller.params, self._things.person(caller.account, own=True))

    async def person(self, request: Request) -> Response:
        """`GET /user/<name>/about`."""
        caller, account = await self.named(request, "read")
        return say(caller.params, {"kind": "t2", "data": self._things.person(account, own=False)})

    async def submitted(self, request: Request) -> Response:
        """`GET /user/<name>/submitted`."""
        caller, account = await self.named(request, "history")
        posts = self._net.posts.by_account(account.id, limit=DEPTH, until=exchange(request).listed_until())
        return self.page(caller, posts)

    async def new(self, request: Request) -> Response:
        """`GET /r/<name>/new` and its other orders, which are the same here."""
        caller = await self._auth.enter(request, "read")
        found = subreddits.enter(self._net, request.path_params["sr"])
        until = exchange(request).listed_until()
        posts = [post for post in self._net.posts.of_thread(found.name.casefold()) if post.created <= until]
        return self.page(caller, [post for post in reversed(posts) if not post.raw["removed"]])

    async def named(self, request: Request, scope: str) -> tuple[Caller, Account]:
        """The caller, and the person in the path. Raises Refused."""
        caller = await self._auth.enter(request, scope)
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            raise errors.not_found()
        return caller, account

    def page(self, caller: Caller, posts: list[SimPost]) -> Response:
        """Posts as a list of things, cut as asked for."""
        reader = caller.account.id if caller.account else None
        # What is cut off is not built: every post counts its comments.
        shown = [{"data": {"name": f"t3_{post.id}"}, "post": post} for post in posts if visible(post)]
        page, more = page_of(caller, shown)
        things = [self._things.post(each["post"], reader=reader) for each in page]
        return say(caller.params, listing(things, after=more))

    async def about(self, request: Request) -> Response:
        """`GET /r/<name>/about`."""
        caller = await self._auth.enter(request, "read")
        found = subreddits.enter(self._net, request.path_params["sr"])
        return say(caller.params, self._things.community(found))

    async def rules(self, request: Request) -> Response:
        """`GET /r/<name>/about/rules`."""
        caller = await self._auth.enter(request, "read")
        found = subreddits.enter(self._net, request.path_params["sr"])
        text = found.rules.guidelines
        rule = {
            "kind": "link",
            "description": text,
            "short_name": "Guidelines",
            "violation_reason": "Guidelines",
            "created_utc": 1_750_000_000.0,
            "priority": 0,
        }
        return say(caller.params, {"rules": [rule] if text else [], "site_rules": [], "site_rules_flow": []})

    async def requirements(self, request: Request) -> Response:
        """`GET /api/v1/<name>/post_requirements`."""
        caller = await self._auth.enter(request, "submit")
        found = subreddits.enter(self._net, request.path_params["sr"])
        return say(caller.params, subreddits.requirements(found))

    async def link_flair(self, request: Request) -> Response:
        """`GET /r/<name>/api/link_flair_v2`."""
        caller = await self._auth.enter(request, "flair")
        found = subreddits.enter(self._net, request.path_params["sr"])
        return say(caller.params, subreddits.flair_templates(found))

    async def flair_selector(self, request: Request) -> Response:
        """`POST /r/<name>/api/flairselector`."""
        caller = await self._auth.enter(request, "flair")
        found = subreddits.enter(self._net, request.path_params["sr"])
        current = {
            "flair_css_class": "",
            "flair_template_id": None,
            "flair_text": "",
            "flair_position": "right",
        }
        return say(caller.params, {"current": current, "choices": subreddits.flair_choices(found)})

    async def mine(self, request: Request) -> Response:
        """`GET /subreddits/mine/subscriber`: the demo communities that anybody may read."""
        caller = await self._auth.enter(request, "mysubreddits")
        found = [each for each in subreddits.DEMO if each.door is None]
        return say(caller.params, listing([self._things.community(each) for each in found]))

    async def info(self, request: Request) -> Response:
        """`GET /api/info`: things by their full names."""
        caller = await self._auth.enter(request, "read")
        names = [name for name in caller.params.text("id").split(",") if name][: limit("listing_max")]
        found = [thing for name in names if (thing := self._thing(caller, name)) is not None]
        return say(caller.params, listing(found))

    def _thing(self, caller: Caller, name: str) -> Thing | None:
        kind, _, bare = name.partition("_")
        if kind == "t1":
            comment = self._net.documents.get(COMMENT, bare)
            return self._things.comment(comment) if comment else None
        if kind == "t5":
            known = next((each for each in subreddits.DEMO if each.id == bare), None)
            return self._things.community(known) if known else None
        post = lookup(self._net, bare, deleted=True) if kind == "t3" else None
        reader = caller.account.id if caller.account else None
        return self._things.post(post, reader=reader) if post and visible(post) else None

    async def comments(self, request: Request) -> Response:
        """`GET /comments/<id>`: the post and its comments, as two lists."""
        caller = await self._auth.enter(request, "read")
        thing = self._thing(caller, f"t3_{request.path_params['id']}")
        post = lookup(self._net, request.path_params["id"], deleted=True)
        if thing is None or post is None:
            raise errors.not_found()
        below = self._things.comments(post)
        tree = self._tree(f"t3_{post.id}", [self._things.comment(each) for each in below])
        return say(caller.params, [listing([thing]), listing(tree)])

    def _tree(self, parent: str, comments: list[Thing]) -> list[Thing]:
        """The comments below `parent`, each with those below it."""
        own = [each for each in comments if each["data"]["parent_id"] == parent]
        for each in own:
            if replies := self._tree(each["data"]["name"], comments):
                each["data"]["replies"] = listing(replies)
        return own


def page_of(caller: Caller, things: list[Thing]) -> tuple[list[Thing], str | None]:
    """The things after the one that `after` names, as many as `limit` says, and the name to go on from."""
    after, size = caller.params.text("after"), _size(caller)
    if after:
        names = [thing["data"]["name"] for thing in things]
        full = after if "_" in after else f"t3_{after}"
        things = things[names.index(full) + 1 :] if full in names else things
    page = things[:size]
    return page, page[-1]["data"]["name"] if len(things) > size else None


def _size(caller: Caller) -> int:
    text = caller.params.text("limit")
    asked = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else limit("listing_default")
    return min(asked or limit("listing_default"), limit("listing_max"))
