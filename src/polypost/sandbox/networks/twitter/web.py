"""The pages a person would see: a post with its thread, and a profile."""

from __future__ import annotations

import html

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.twitter.answers import Answers
from polypost.sandbox.simkit import Network, Pages, PostView, SimPost, Sketch, linkify, of_author

ON_PROFILE = 50


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, answers: Answers) -> None:
        self._pages = pages
        self._answers = answers
        self._net = net

    async def post(self, request: Request) -> Response:
        """`/{username}/status/{id}` and `/i/web/status/{id}`: the post among its thread."""
        post = self._net.posts.get(request.path_params["id"])
        if post is None:
            return self._pages.missing()
        thread = self._net.posts.of_thread(post.thread or post.id)
        views = [self._view(each, focus=each.id == post.id) for each in thread]
        return self._pages.post(
            views,
            title="Thread" if len(thread) > 1 else "Post",
            author=self._net.accounts.get(post.account_id),
            sketches=[_sketch(each) for each in of_author(post, thread)],
        )

    async def profile(self, request: Request) -> Response:
        """`/{username}`."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("This account doesn’t exist.")
        views = [self._view(post) for post in self._net.posts.by_account(account.id, limit=ON_PROFILE)]
        return self._pages.post(views, title=f"{account.name} (@{account.username})", profile=True)

    def _view(self, post: SimPost, *, focus: bool = False) -> PostView:
        account = self._net.accounts.get(post.account_id)
        metrics = self._answers.metrics(post)
        links = {
            entity["url"]: (entity["expanded_url"], entity["display_url"])
            for entity in post.raw["entities"].get("urls", [])
            if "media_key" not in entity
        }
        text = post.raw["text"]
        for entity in post.raw["entities"].get("urls", []):
            if "media_key" in entity:
                text = text.replace(entity["url"], "")
        poll = post.raw.get("poll")
        notes = [label for name, label in NOTES.items() if post.raw.get(name)]
        if poll:
            notes.append(f"poll for {poll['duration_minutes']} minutes")
        return PostView(
            account_id=post.account_id,
            author=account.name if account else post.account_id,
            username=account.username if account else post.account_id,
            author_url=f"/{account.username}" if account else "#",
            url=post.permalink,
            time=post.created,
            html=linkify(html.unescape(text).strip(), lambda url: links.get(url, (url, url))),
            media=post.media,
            poll=dict.fromkeys(poll["options"], 0) if poll else {},
            counts={
                "replies": metrics["reply_count"],
                "reposts": metrics["retweet_count"],
                "likes": metrics["like_count"],
                "views": metrics["impression_count"],
            },
            notes=tuple(notes),
            focus=focus,
        )


def _sketch(post: SimPost) -> Sketch:
    text, card = post.raw["text"], None
    for entity in post.raw["entities"].get("urls", []):
        if "media_key" in entity:
            text = text.replace(entity["url"], "")
        else:
            text = text.replace(entity["url"], entity["expanded_url"])
            card = card or {"url": entity["expanded_url"]}
    poll = post.raw.get("poll")
    return Sketch(text=html.unescape(text), media=post.media, card=card, poll=poll["options"] if poll else ())


NOTES = {
    "community_id": "in a community",
    "reply_settings": "replies limited",
    "made_with_ai": "made with AI",
    "paid_partnership": "paid partnership",
    "for_super_followers_only": "subscribers only",
}
