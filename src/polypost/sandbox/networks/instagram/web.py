"""The pages a person would see: a post, a reel, a story, a profile."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.networks.instagram.media import SHORTCODE
from polypost.sandbox.networks.instagram.messages import Inbox
from polypost.sandbox.networks.instagram.nodes import Nodes, is_story, metrics
from polypost.sandbox.simkit import (
    Account,
    Document,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PROFILE = 60
ON_POST = 200
NOTES = {
    "collaborators": "with {}",
    "is_paid_partnership": "Paid partnership",
    "is_ai_generated": "AI info",
    "trial_params": "Trial reel",
    "audio_name": "Audio: {}",
}


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, inbox: Inbox, nodes: Nodes) -> None:
        self._pages = pages
        self._inbox = inbox
        self._nodes = nodes
        self._net = net

    async def post(self, request: Request) -> Response:
        """`/p/{shortcode}/` and `/reel/{shortcode}/`."""
        found = self._net.documents.get(SHORTCODE, request.path_params["shortcode"])
        post = None if found is None else self._net.posts.get(found.body["media"])
        return self._pages.missing() if post is None else self._show(post)

    async def story(self, request: Request) -> Response:
        """`/stories/{username}/{id}/`, for a day."""
        post = self._net.posts.get(str(request.path_params["id"]))
        gone = post is None or not is_story(post)
        if post is None or gone or clock.now() - post.created > timedelta(hours=limit("story_hours")):
            return self._pages.missing("This story is no longer available.")
        return self._show(post)

    async def profile(self, request: Request) -> Response:
        """`/{username}/`: the grid, and the stories of the day."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("This account doesn’t exist.")
        day = clock.now() - timedelta(hours=limit("story_hours"))
        posts = self._net.posts.by_account(account.id, limit=ON_PROFILE)
        return self._pages.render(
            "profile.html",
            account=account,
            posts=[post for post in posts if not is_story(post)],
            stories=[post for post in posts if is_story(post) and post.created > day],
            count=self._net.posts.count(account.id),
            title=f"{account.name} (@{account.username})",
        )

    def _show(self, post: SimPost) -> Response:
        account = self._net.accounts.get(post.account_id)
        username = account.username if account else post.account_id
        return self._pages.render(
            "post.html",
            account=account,
            username=username,
            post=post,
            story=is_story(post),
            caption=linkify(post.text),
            cover=post.raw["cover"],
            notes=_notes(post),
            likes=metrics(post)["likes"],
            comments=self._talk(post),
            comment_on=post.id,
            title=f"{_name(account, username)} on Instagram",
            author=account,
            sketches=[
                Sketch(
                    text=post.text,
                    media=post.media,
                    poster=f"/_sandbox/media/{cover}?type=image/jpeg"
                    if (cover := post.raw["cover"])
                    else None,
                    surface="story" if is_story(post) else "reel" if post.raw["product"] == "REELS" else "",
                )
            ],
        )

    def _talk(self, post: SimPost) -> list[tuple[Document, bool]]:
        """The comments that the public sees, each before its answers, and whether it is one."""
        nodes, lines = self._nodes, []
        for each in nodes.comments_of(post.id)[:ON_POST]:
            if not each.body.get("hidden"):
                below = [answer for answer in nodes.answers_to(each) if not answer.body.get("hidden")]
                lines += [(each, False), *((answer, True) for answer in below)]
        return lines

    async def conversation(self, request: Request) -> Response:
        """`/direct/t/{conversation}/`: the account's exchange with one person."""
        found = self._inbox.shown(request.path_params["conversation"])
        account = self._net.accounts.get(found[0].account_id or "") if found else None
        if found is None or account is None:
            return self._pages.missing("This conversation doesn’t exist.")
        conversation, messages = found
        person = conversation.body["person"]
        return self._pages.render(
            "conversation.html",
            account=account,
            person=person,
            messages=messages,
            title=f"{account.name} and {person['name']}",
        )


def _name(account: Account | None, username: str) -> str:
    return account.name if account else username


def _notes(post: SimPost) -> list[str]:
    options = post.raw["options"]
    notes = []
    for name, words in NOTES.items():
        if value := options.get(name):
            text = ", ".join(f"@{each}" for each in value) if isinstance(value, list) else str(value)
            notes.append(words.format(text))
    tagged = [tag["username"] for tag in options.get("user_tags", [])]
    return notes + ([f"Tagged: {', '.join('@' + name for name in tagged)}"] if tagged else [])
