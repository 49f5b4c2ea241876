"""The pages a person would see: a post, a member's and an organization's profile."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.linkedin import little
from polypost.sandbox.networks.linkedin.comments import Thread
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.people import Directory
from polypost.sandbox.networks.linkedin.social import Numbers
from polypost.sandbox.simkit import (
    Account,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PROFILE = 50
ON_POST = 20
VISIBILITY = {"CONNECTIONS": "connections only", "LOGGED_IN": "members only", "CONTAINER": "in a group"}
DAYS = {"ONE_DAY": "1 day", "THREE_DAYS": "3 days", "SEVEN_DAYS": "1 week", "FOURTEEN_DAYS": "2 weeks"}


class Web:
    """The handlers."""

    def __init__(
        self,
        net: Network,
        pages: Pages,
        composer: Composer,
        directory: Directory,
        thread: Thread,
        numbers: Numbers,
    ) -> None:
        self._pages = pages
        self._net = net
        self._composer = composer
        self._directory = directory
        self._thread = thread
        self._numbers = numbers

    async def post(self, request: Request) -> Response:
        """`/feed/update/{urn}/`."""
        post = self._composer.find(request.path_params["urn"])
        if post is None:
            return self._pages.missing("This post cannot be displayed.")
        view = self._view(post)
        return self._pages.render(
            "post.html",
            views=[view],
            heading="Post",
            title=f"{view['author']} on LinkedIn",
            author=Account(post.account_id, "", view["author"], {}, post.created),
            sketches=[self._sketch(post)],
        )

    def _sketch(self, post: SimPost) -> Sketch:
        content = post.raw["record"].get("content") or {}
        text, links = "", []
        for piece in little.read(post.raw["record"]["commentary"], self._directory.name).pieces:
            said = f"#{piece.text}" if piece.kind == "hashtag" else piece.text
            if piece.kind in {"mention", "hashtag"}:
                links.append((len(text), len(text) + len(said), piece.kind, said))
            text += said
        article, poll = content.get("article"), content.get("poll") or {}
        thumb = post.raw["thumbnail"]
        image = f"/_sandbox/media/{thumb}?type=image/jpeg" if thumb else None
        return Sketch(
            text=text,
            title=(content.get("media") or {}).get("title") or "",
            media=[] if article else post.media,
            card={
                "url": article["source"],
                "title": article.get("title") or "",
                "description": article.get("description"),
                "image": image,
            }
            if article
            else None,
            poll=[option["text"] for option in poll.get("options", [])],
            question=poll.get("question", ""),
            # The network itself looks for links and hashtags; a mention stands only in the record.
            links=links if any(kind == "mention" for _, _, kind, _ in links) else None,
        )

    async def member(self, request: Request) -> Response:
        """`/in/{vanity}/`."""
        account = self._net.accounts.by_username(request.path_params["vanity"])
        if account is None:
            return self._pages.missing()
        return self._profile(account.id)

    async def company(self, request: Request) -> Response:
        """`/company/{vanity}/`, by name or number."""
        called = self._directory.called(request.path_params["vanity"])
        return self._profile(called.urn) if called else self._pages.missing()

    def _profile(self, urn: str) -> Response:
        views = [self._view(post) for post in self._net.posts.by_account(urn, limit=ON_PROFILE)]
        name = self._directory.name(urn) or urn
        return self._pages.render(
            "post.html",
            views=views,
            heading=name,
            profile={
                "id": urn,
                "name": name,
                "vanity": self._directory.vanity(urn),
                "posts": self._net.posts.count(urn),
            },
            title=f"{name} | LinkedIn",
        )

    def _view(self, post: SimPost, *, quoted: bool = False) -> dict[str, Any]:
        record = post.raw["record"]
        content = record.get("content") or {}
        parent = (record.get("reshareContext") or {}).get("parent")
        reshared = self._composer.find(parent) if parent and not quoted else None
        numbers = self._numbers.of(post)
        return {
            "id": post.account_id,
            "author": self._directory.name(post.account_id) or post.account_id,
            "page": self._directory.page(post.account_id),
            "url": post.permalink,
            "time": post.created,
            "text": self._text(record["commentary"]),
            "media": post.media,
            "title": (content.get("media") or {}).get("title"),
            "article": content.get("article"),
            "thumbnail": post.raw["thumbnail"],
            "poll": content.get("poll"),
            "ends": DAYS.get(((content.get("poll") or {}).get("settings") or {}).get("duration", ""), ""),
            "reshared": self._view(reshared, quoted=True) if reshared else None,
            "elsewhere": parent if parent and not reshared and not quoted else None,
            "notes": _notes(post),
            "numbers": numbers,
            "comments": [
                {
                    "id": comment.body["actor"],
                    "author": self._directory.name(comment.body["actor"]) or comment.body["actor"],
                    "text": comment.body["text"],
                }
                for comment in self._thread.of(post)[:ON_POST]
            ],
        }

    def _text(self, commentary: str) -> Markup:
        parts = []
        for piece in little.read(commentary, self._directory.name).pieces:
            if piece.kind == "mention":
                anchor = Markup('<a href="{}">{}</a>')
                parts.append(anchor.format(self._directory.page(piece.urn), piece.text))
            elif piece.kind == "hashtag":
                parts.append(Markup('<span class="tag">#{}</span>').format(piece.text))
            else:
                parts.append(linkify(piece.text))
        return Markup("").join(parts)


def _notes(post: SimPost) -> list[str]:
    record = post.raw["record"]
    notes = [VISIBILITY[record["visibility"]]] if record["visibility"] in VISIBILITY else []
    if record["isReshareDisabledByAuthor"]:
        notes.append("resharing is off")
    if record["lifecycleStateInfo"]["isEditedByAuthor"]:
        notes.append("edited")
    # LinkedIn says neither of this nor of the next; the page does, so that a missing escape is seen.
    if post.raw["cut"]:
        notes.append("cut at an unescaped parenthesis")
    if post.raw["damaged"]:
        notes.append("the video is damaged: its parts were put together in the wrong order")
    return notes
