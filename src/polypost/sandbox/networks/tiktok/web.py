"""The pages a person would see: a video, a photo post, a profile, the inbox with what waits there."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.tiktok.tasks import DIRECT, INBOX, PHOTO, Tasks
from polypost.sandbox.simkit import (
    Account,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PAGE = 60
VISIBILITY = {
    "PUBLIC_TO_EVERYONE": "Everyone",
    "MUTUAL_FOLLOW_FRIENDS": "Friends",
    "FOLLOWER_OF_CREATOR": "Followers",
    "SELF_ONLY": "Only me",
}
NOTES = {
    "disable_comment": "Comments off",
    "disable_duet": "Duet off",
    "disable_stitch": "Stitch off",
    "brand_content_toggle": "Paid partnership",
    "brand_organic_toggle": "Promotional content",
    "is_aigc": "Creator labeled as AI-generated",
    "auto_add_music": "Music added by TikTok",
}


class Web:
    """The handlers. What strangers would not see, private posts and drafts, is shown too and says so."""

    def __init__(self, net: Network, pages: Pages, tasks: Tasks) -> None:
        self._pages = pages
        self._net = net
        self._tasks = tasks

    async def post(self, request: Request) -> Response:
        """`/@{username}/video/{id}` and `/@{username}/photo/{id}`."""
        post = self._net.posts.get(request.path_params["id"])
        if post is None or post.permalink != request.url.path.rstrip("/"):
            return self._pages.missing("Video currently unavailable.")
        return self._show(post)

    async def oembed(self, request: Request) -> Response:
        """`/oembed?url=`: what another page shows of a public post."""
        path = urlsplit(request.query_params.get("url", "")).path.rstrip("/")
        post = self._net.posts.get(path.rpartition("/")[2])
        account = None if post is None else self._net.accounts.get(post.account_id)
        public = post is not None and post.raw["info"].get("privacy_level") == "PUBLIC_TO_EVERYONE"
        if post is None or account is None or post.permalink != path or not public:
            return JSONResponse({"code": 400, "message": "Something went wrong"}, 400)
        info, url = post.raw["info"], self._net.url
        quote = f'<blockquote class="tiktok-embed" cite="{url}{path}" data-video-id="{post.id}">'
        return JSONResponse(
            {
                "version": "1.0",
                "type": "video",
                "title": info.get("title") or "",
                "author_url": f"{url}/@{account.username}",
                "author_name": account.name,
                "width": "100%",
                "height": "100%",
                "html": f"{quote}<section>{escape(info.get('title') or '')}</section></blockquote>",
                "thumbnail_width": post.media[0].get("width") or 0,
                "thumbnail_height": post.media[0].get("height") or 0,
                "thumbnail_url": self._net.media_url(post.media[0]["blob"]),
                "provider_url": "https://www.tiktok.com",
                "provider_name": "TikTok",
                "author_unique_id": account.username,
                "embed_type": "video",
                "embed_product_id": post.id,
            }
        )

    async def share(self, request: Request) -> Response:
        """`/messages/{id}`: one thing that waits in a creator's inbox."""
        post = self._net.posts.get(request.path_params["id"])
        if post is None or post.raw["place"] != INBOX:
            return self._pages.missing("There is no such notification.")
        return self._show(post)

    async def messages(self, _request: Request) -> Response:
        """`/messages`: what waits in the inboxes of all demo accounts."""
        waiting = []
        for account in self._net.accounts.all():
            waiting += [(account, post) for post in self._posts(account, INBOX)]
        newest = sorted(waiting, key=lambda pair: pair[1].seq, reverse=True)[:ON_PAGE]
        return self._pages.render("messages.html", waiting=newest, title="Inbox")

    async def profile(self, request: Request) -> Response:
        """`/@{username}`: the grid."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("Couldn’t find this account.")
        posts = self._posts(account, DIRECT)
        return self._pages.render(
            "profile.html",
            account=account,
            posts=posts[:ON_PAGE],
            count=len(posts),
            visibility=VISIBILITY,
            title=f"{account.name} (@{account.username}) | TikTok",
        )

    def _posts(self, account: Account, place: str) -> list[SimPost]:
        self._tasks.settle_all(account.id)
        posts = self._net.posts.by_account(account.id, limit=1000)
        return [post for post in posts if post.raw["place"] == place]

    def _show(self, post: SimPost) -> Response:
        account = self._net.accounts.get(post.account_id)
        info: dict[str, Any] = post.raw["info"]
        inbox = post.raw["place"] == INBOX
        return self._pages.render(
            "post.html",
            account=account,
            post=post,
            photos=post.raw["medium"] == PHOTO,
            heading=info.get("title") if post.raw["medium"] == PHOTO else None,
            caption=linkify((info.get("description" if post.raw["medium"] == PHOTO else "title")) or ""),
            notes=["Waits in the inbox to be finished in the app"] if inbox else _notes(info),
            title=f"{account.name if account else 'Somebody'} on TikTok",
            author=account,
            sketches=[
                Sketch(
                    text=info.get("description" if post.raw["medium"] == PHOTO else "title") or "",
                    title=(info.get("title") or "") if post.raw["medium"] == PHOTO else "",
                    media=post.media,
                )
            ],
        )


def _notes(info: dict[str, Any]) -> list[str]:
    seen_by = VISIBILITY.get(str(info.get("privacy_level")), "Everyone")
    return [f"Seen by: {seen_by}", *(words for name, words in NOTES.items() if info.get(name))]
