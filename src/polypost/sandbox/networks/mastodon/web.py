"""The pages a person would see: a status with its thread, and a profile."""

from __future__ import annotations

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from polypost.sandbox.networks.mastodon.answers import Answers
from polypost.sandbox.networks.mastodon.library import Library
from polypost.sandbox.networks.mastodon.rules import DOMAIN
from polypost.sandbox.networks.mastodon.scheduled import Scheduled
from polypost.sandbox.simkit import (
    Network,
    Pages,
    PostView,
    SimPost,
    Sketch,
    linkify,
    of_author,
)

ON_PROFILE = 50
SEEN_BY = {"unlisted": "quiet public", "private": "followers only", "direct": "mentioned people only"}


class Web:
    """The handlers."""

    def __init__(
        self, net: Network, pages: Pages, answers: Answers, library: Library, scheduled: Scheduled
    ) -> None:
        self._pages = pages
        self._answers = answers
        self._library = library
        self._scheduled = scheduled
        self._net = net

    async def status(self, request: Request) -> Response:
        """`/@{username}/{id}` and the status's `uri`: the status among its thread."""
        self._scheduled.release()
        post = self._net.posts.get(request.path_params["id"])
        if post is None:
            return self._pages.missing()
        thread = self._net.posts.of_thread(post.thread or post.id)
        views = [self._view(each, focus=each.id == post.id) for each in thread]
        return self._pages.post(
            views,
            title="Thread" if len(thread) > 1 else "Post",
            author=self._net.accounts.get(post.account_id),
            sketches=[self._sketch(each) for each in of_author(post, thread)],
        )

    def _sketch(self, post: SimPost) -> Sketch:
        raw = post.raw
        media = [upload.as_media() for each in raw["media_ids"] if (upload := self._library.get(each))]
        poll = self._answers.poll(post) if raw.get("poll") else None
        return Sketch(
            text=post.text,
            media=media,
            warning=raw["spoiler_text"] or "",
            covered=bool(media and raw["sensitive"]),
            poll=[option["title"] for option in poll["options"]] if poll else (),
            multiple=bool(poll and poll["multiple"]),
        )

    async def profile(self, request: Request) -> Response:
        """`/@{username}`."""
        self._scheduled.release()
        name = request.path_params["username"].removesuffix(f"@{DOMAIN}")
        account = self._net.accounts.by_username(name)
        if account is None:
            return self._pages.missing("This account doesn’t exist.")
        views = [self._view(post) for post in self._net.posts.by_account(account.id, limit=ON_PROFILE)]
        title = f"{account.name} (@{account.username}@{DOMAIN})"
        return self._pages.post(views, title=title, profile=True)

    async def actor(self, request: Request) -> Response:
        """`/users/{username}` leads to the profile."""
        return RedirectResponse(f"/@{request.path_params['username']}", 302)

    def _view(self, post: SimPost, *, focus: bool = False) -> PostView:
        account, raw = self._net.accounts.get(post.account_id), post.raw
        notes = [SEEN_BY[raw["visibility"]]] if raw["visibility"] in SEEN_BY else []
        notes += ["sensitive media"] if raw["sensitive"] and post.media else []
        notes += [str(raw["language"])] if raw["language"] else []
        notes += ["edited"] if raw.get("edited_at") else []
        notes += [f"via {raw['application']['name']}"] if raw["application"] else []
        poll = self._answers.poll(post) if raw.get("poll") else None
        shown = self._answers.counts(post)
        return PostView(
            account_id=post.account_id,
            author=account.name if account else post.account_id,
            username=f"{account.username}@{DOMAIN}" if account else post.account_id,
            author_url=f"/@{account.username}" if account else "#",
            url=post.permalink,
            time=post.created,
            html=self._written(post),
            media=[upload.as_media() for each in raw["media_ids"] if (upload := self._library.get(each))],
            poll={option["title"]: option["votes_count"] or 0 for option in poll["options"]} if poll else {},
            counts={
                "replies": self._net.posts.count_replies(post.id),
                "boosts": shown["reblogs_count"],
                "favourites": shown["favourites_count"],
                "quotes": len(raw.get("quoted_by", [])),
            },
            notes=tuple(notes),
            focus=focus,
        )

    def _written(self, post: SimPost) -> Markup:
        """The text, behind its warning where it has one, with the quoted status below."""
        html = linkify(post.text)
        if post.raw["spoiler_text"]:
            warning = Markup("<details><summary>{}</summary>{}</details>")
            html = warning.format(post.raw["spoiler_text"], html)
        quoted = self._net.posts.get(post.raw["quoted"]) if post.raw.get("quoted") else None
        if quoted is not None:
            block = Markup('<blockquote><a href="{}">{}</a></blockquote>')
            html += block.format(quoted.permalink, escape(quoted.text or "A post with media"))
        return html
