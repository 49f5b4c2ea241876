"""For readers' apps: who likes, reposts, quotes and follows; timelines, notifications, search."""

from __future__ import annotations

from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost import clock
from polypost.sandbox.networks.bluesky.bodies import needed, read_body, whole
from polypost.sandbox.networks.bluesky.errors import invalid
from polypost.sandbox.networks.bluesky.identity import Identity
from polypost.sandbox.networks.bluesky.limits import limit
from polypost.sandbox.networks.bluesky.reading import Reading
from polypost.sandbox.networks.bluesky.records import FOLLOW, LIKE, QUOTE, REPOST, Records
from polypost.sandbox.networks.bluesky.resident import RESIDENT
from polypost.sandbox.networks.bluesky.sessions import Sessions
from polypost.sandbox.networks.bluesky.views import Views
from polypost.sandbox.simkit import Account, Network, SimPost, exchange

Item = TypeVar("Item")
PREFERENCES = "preferences"
# More than anybody posts to a sandbox.
DEPTH = 1_000
REASONS = {LIKE: "like", REPOST: "repost", QUOTE: "quote"}


class Social:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        sessions: Sessions,
        identity: Identity,
        records: Records,
        views: Views,
        reading: Reading,
    ) -> None:
        self._sessions = sessions
        self._identity = identity
        self._records = records
        self._views = views
        self._net = net
        self._reading = reading

    async def timeline(self, request: Request) -> Response:
        """`app.bsky.feed.getTimeline`: one's own posts and those of whom one follows."""
        me = self._sessions.user(request).account
        authors = {me.id, *self._followed(me)}
        posts = [post for post in self._everything(request) if post.account_id in authors]
        page, more = _page(request, posts)
        return JSONResponse({"feed": [self._reading.feed_item(post, me) for post in page], **more})

    async def actor_likes(self, request: Request) -> Response:
        """`app.bsky.feed.getActorLikes`, which people see of themselves only."""
        me = self._sessions.user(request).account
        account = self._reading.actor(needed(request, "actor"))
        if account.id != me.id:
            raise invalid("Profile not found")
        kept = self._records.of(me, LIKE, older_than=clock.now().timestamp())[::-1]
        liked = [self._records.post(str(each["value"]["subject"]["uri"])) for each in kept]
        page, more = _page(request, [post for post in liked if post is not None])
        return JSONResponse({"feed": [self._reading.feed_item(post, me) for post in page], **more})

    async def likes(self, request: Request) -> Response:
        """`app.bsky.feed.getLikes`."""
        self._sessions.reader(request)
        uri = needed(request, "uri")
        page, more = _page(request, self._records.pointing(LIKE, uri)[::-1])
        shown = [
            {
                "actor": self._views.profile_of(each["author"]),
                "createdAt": each["created"],
                "indexedAt": each["created"],
            }
            for each in page
        ]
        return JSONResponse({"uri": uri, "likes": shown, **more})

    async def reposted_by(self, request: Request) -> Response:
        """`app.bsky.feed.getRepostedBy`."""
        self._sessions.reader(request)
        uri = needed(request, "uri")
        page, more = _page(request, self._records.pointing(REPOST, uri)[::-1])
        shown = [self._views.profile_of(each["author"]) for each in page]
        return JSONResponse({"uri": uri, "repostedBy": shown, **more})

    async def quotes(self, request: Request) -> Response:
        """`app.bsky.feed.getQuotes`."""
        caller = self._sessions.reader(request)
        uri = needed(request, "uri")
        kept = self._records.pointing(QUOTE, uri)[::-1]
        found = [post for each in kept if (post := self._records.post(each["uri"])) is not None]
        page, more = _page(request, found)
        shown = [self._reading.seen(post, caller.account if caller else None) for post in page]
        return JSONResponse({"uri": uri, "posts": shown, **more})

    async def followers(self, request: Request) -> Response:
        """`app.bsky.graph.getFollowers`."""
        self._sessions.reader(request)
        account = self._reading.actor(needed(request, "actor"))
        page, more = _page(request, self._records.pointing(FOLLOW, account.id)[::-1])
        shown = [self._views.profile_of(each["author"]) for each in page]
        return JSONResponse({"subject": self._views.profile(account), "followers": shown, **more})

    async def follows(self, request: Request) -> Response:
        """`app.bsky.graph.getFollows`."""
        self._sessions.reader(request)
        account = self._reading.actor(needed(request, "actor"))
        page, more = _page(request, self._followed(account)[::-1])
        shown = [self._views.profile_of(did) for did in page]
        return JSONResponse({"subject": self._views.profile(account), "follows": shown, **more})

    async def notifications(self, request: Request) -> Response:
        """`app.bsky.notification.listNotifications`."""
        page, more = _page(request, self._notices(self._sessions.user(request).account))
        return JSONResponse({"notifications": page, "priority": False, **more})

    async def unread(self, request: Request) -> Response:
        """`app.bsky.notification.getUnreadCount`."""
        return JSONResponse({"count": len(self._notices(self._sessions.user(request).account))})

    async def seen(self, request: Request) -> Response:
        """`app.bsky.notification.updateSeen`: taken, and without effect."""
        self._sessions.user(request)
        await read_body(request, seenAt=str)
        return Response(status_code=200)

    async def search_posts(self, request: Request) -> Response:
        """`app.bsky.feed.searchPosts`: those in which all words occur."""
        caller = self._sessions.reader(request)
        words = needed(request, "q").casefold().split()
        author = request.query_params.get("author")
        only = self._reading.actor(author).id if author else None
        found = [
            post
            for post in self._everything(request)
            if all(word in post.text.casefold() for word in words) and only in {None, post.account_id}
        ]
        page, more = _page(request, found, default=25)
        shown = [self._reading.seen(post, caller.account if caller else None) for post in page]
        return JSONResponse({"posts": shown, "hitsTotal": len(found), **more})

    async def search_actors(self, request: Request) -> Response:
        """`app.bsky.actor.searchActors` and `searchActorsTypeahead`."""
        self._sessions.reader(request)
        wanted = (request.query_params.get("q") or request.query_params.get("term") or "").casefold()
        people = [*self._net.accounts.all(), RESIDENT]
        found = [each for each in people if wanted in each.username or wanted in each.name.casefold()]
        page, more = _page(request, found, default=25)
        return JSONResponse({"actors": [self._views.profile(each) for each in page], **more})

    async def preferences(self, request: Request) -> Response:
        """`app.bsky.actor.getPreferences`."""
        me = self._sessions.user(request).account
        kept = self._net.documents.get(PREFERENCES, me.id)
        return JSONResponse({"preferences": kept.body["preferences"] if kept else []})

    async def put_preferences(self, request: Request) -> Response:
        """`app.bsky.actor.putPreferences`."""
        me = self._sessions.user(request).account
        body = await read_body(request, preferences=list)
        self._net.documents.put(PREFERENCES, me.id, {"preferences": body["preferences"]}, account_id=me.id)
        return Response(status_code=200)

    def _followed(self, account: Account) -> list[str]:
        kept = self._records.of(account, FOLLOW, older_than=clock.now().timestamp())
        dids = [str(each["value"].get("subject")) for each in kept]
        return [did for did in dids if self._identity.find(did) is not None]

    def _everything(self, request: Request) -> list[SimPost]:
        return self._net.posts.of_everybody(exchange(request).listed_until())

    def _notices(self, me: Account) -> list[dict[str, Any]]:
        """What others did with an account and its posts, newest first."""
        followers = self._records.pointing(FOLLOW, me.id)
        found: list[tuple[dict[str, Any], str, str | None]] = [(each, "follow", None) for each in followers]
        for post in self._net.posts.by_account(me.id, limit=DEPTH):
            for kind, reason in REASONS.items():
                found += [(each, reason, post.id) for each in self._records.pointing(kind, post.id)]
            found += [
                (self._records.pointer(each), "reply", post.id)
                for each in self._records.thread(post)
                if each.parent == post.id
            ]
        notices = [
            self._notice(each, reason, subject)
            for each, reason, subject in found
            if each["author"] != me.id and self._records.get(each["uri"]) is not None
        ]
        return sorted(notices, key=lambda notice: str(notice["indexedAt"]), reverse=True)

    def _notice(self, pointer: dict[str, Any], reason: str, subject: str | None) -> dict[str, Any]:
        kept = self._records.get(pointer["uri"]) or {}
        return {
            "uri": pointer["uri"],
            "cid": kept["cid"],
            "author": self._views.profile_of(pointer["author"]),
            "reason": reason,
            **({"reasonSubject": subject} if subject else {}),
            "record": kept["value"],
            "isRead": False,
            "indexedAt": pointer["created"],
            "labels": [],
        }


def _page(
    request: Request, items: list[Item], *, default: int | None = None
) -> tuple[list[Item], dict[str, str]]:
    """The items from the place that `cursor` names, as many as `limit` says, and where to go on."""
    size = whole(request, "limit", default or limit("list_size"), 1, limit("list_size_max"))
    start = whole(request, "cursor", 0, 0, 10**9)
    more = {"cursor": str(start + size)} if len(items) > start + size else {}
    return items[start : start + size], more
