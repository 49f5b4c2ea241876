"""The pages a person would see: a post with its comments, a community, a profile, the front page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.reddit import subreddits
from polypost.sandbox.networks.reddit.subreddits import Subreddit
from polypost.sandbox.networks.reddit.things import Things, lookup, visible
from polypost.sandbox.simkit import (
    Network,
    Pages,
    SimPost,
    Sketch,
)

SHOWN = 60
_MARKS = re.compile(
    r"!\[(?:img|gif|video)\]\((?P<asset>[a-z0-9]+)(?: \"(?P<caption>[^\"]*)\")?\)"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>https?://[^\s)]+)\)"
    r"|(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]])"
    r"|\*\*(?P<bold>[^*\n]+)\*\*|\*(?P<italic>[^*\n]+)\*|`(?P<code>[^`\n]+)`"
)


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, things: Things) -> None:
        self._pages = pages
        self._things = things
        self._net = net

    async def post(self, request: Request) -> Response:
        """A post; a deleted one is still there, without what it said."""
        post = lookup(self._net, request.path_params["id"], deleted=True)
        if post is None or not visible(post):
            return self._pages.missing("page not found")
        comments = [self._things.comment(each)["data"] for each in self._things.comments(post)]
        view = self._view(post)
        for each in comments:
            each["html"] = markdown(each["body"])
        return self._pages.render(
            "post.html",
            post=view,
            comments=comments,
            title=f"{view['title']} : {view['place']}",
            author=self._net.accounts.get(post.account_id),
            sketches=() if view["gone"] else [_sketch(post, view)],
        )

    async def community(self, request: Request) -> Response:
        """`/r/<name>/`."""
        found = subreddits.find(self._net, request.path_params["sr"])
        if found is None or found.door is not None:
            return self._pages.missing("This community is not open to you.")
        posts = self._net.posts.of_thread(found.name.casefold())[::-1]
        shown = [post for post in posts if visible(post) and not post.raw["removed"]]
        return self._list(f"{found.prefixed}: {found.title}", shown, _facts(found))

    async def profile(self, request: Request) -> Response:
        """`/user/<name>/`."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("Nobody on Reddit goes by that name.")
        posts = [post for post in self._net.posts.by_account(account.id, limit=SHOWN) if visible(post)]
        facts = [f"u/{account.username}", f"{account.data['link_karma']} karma", f"{len(posts)} posts"]
        return self._list(account.name, posts, facts)

    async def front(self, _request: Request) -> Response:
        """`/`: the communities."""
        rows = [(each, _facts(each)) for each in subreddits.DEMO]
        return self._pages.render("front.html", rows=rows, title="Communities")

    def _list(self, title: str, posts: list[SimPost], facts: list[str]) -> Response:
        views = [self._view(post) for post in posts[:SHOWN]]
        return self._pages.render("list.html", posts=views, facts=facts, title=title)

    def _view(self, post: SimPost) -> dict[str, Any]:
        raw = post.raw
        account = self._net.accounts.get(post.account_id)
        community = subreddits.find(self._net, raw["sr"])
        gone = "[deleted]" if post.deleted else "[removed by moderators]" if raw["removed"] else None
        parent = lookup(self._net, raw["crosspost_parent"], deleted=True) if raw["crosspost_parent"] else None
        inline = (
            {item["media_id"]: post.media[n] for n, item in enumerate(raw["items"])}
            if raw["kind"] == "self"
            else {}
        )
        tags = [("NSFW", raw["nsfw"]), ("Spoiler", raw["spoiler"])]
        return {
            "id": post.id,
            "kind": raw["kind"],
            "title": raw["title"],
            "body": markdown(gone or raw["body"], inline.get),
            "gone": gone is not None,
            "place": community.prefixed if community else f"r/{raw['sr']}",
            "place_url": f"{community.path}/" if community else "/",
            "author": None if post.deleted else account.username if account else raw.get("author"),
            "account_id": post.account_id,
            "time": post.created,
            "url": post.permalink,
            "link": raw["url"],
            "domain": urlsplit(raw["url"]).hostname if raw["url"] else None,
            "flair": raw["flair_text"],
            "tags": [name for name, on in tags if on],
            "media": [] if gone or inline else post.media,
            "captions": raw["items"] if raw["kind"] == "gallery" else [],
            "poster": raw["poster"],
            "loops": raw["kind"] == "videogif",
            "poll": raw["poll"],
            "parent": self._view(parent) if parent and parent.raw["kind"] != "crosspost" else None,
            "score": self._things.score(post),
            "count": len(self._things.comments(post)),
        }


def _sketch(post: SimPost, view: dict[str, Any]) -> Sketch:
    raw = post.raw
    return Sketch(
        text=raw["body"],
        title=raw["title"],
        media=view["media"],
        captions=[item.get("caption") or "" for item in view["captions"]],
        card={"url": raw["url"]} if raw["url"] and raw["kind"] == "link" else None,
        poll=raw["poll"]["options"] if raw["poll"] else (),
        covered=bool(view["tags"]),
    )


def markdown(text: str, inline: Callable[[str], Any] = lambda _: None) -> Markup:
    """The most usual marks of a text as safe HTML; `inline` gives the file behind an asset in the text."""
    parts: list[Markup] = []
    end = 0
    for match in _MARKS.finditer(text):
        parts += (escape(text[end : match.start()]), _marked(match, inline))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def _marked(match: re.Match[str], inline: Callable[[str], Any]) -> Markup:
    found = match.groupdict()
    if found["asset"]:
        item = inline(found["asset"])
        if item is None:
            return escape(match.group())
        return Markup('<img src="/_sandbox/media/{}?type={}" alt="{}">').format(
            item["blob"], item["mime"], found["caption"] or ""
        )
    if found["target"] or found["url"]:
        target = found["target"] or found["url"]
        return Markup('<a href="{}" rel="nofollow noopener">{}</a>').format(target, found["label"] or target)
    tag = next(name for name in ("bold", "italic", "code") if found[name])
    element = {"bold": "b", "italic": "i", "code": "code"}[tag]
    return Markup(f"<{element}>{{}}</{element}>").format(found[tag])  # noqa: S704  # our own names


def _facts(found: Subreddit) -> list[str]:
    takes = {"any": "text and links", "link": "links only", "self": "text only"}[found.takes]
    facts = [
        takes,
        *(f"no {name}" for name in ("images", "videos", "galleries", "polls") if not getattr(found, name)),
    ]
    facts += [f"flair: {flair.text}" for flair in found.flairs]
    facts += ["flair required"] if found.flair_required else []
    facts += [found.rules.guidelines] if found.rules.guidelines else []
    facts += ["restricted"] if found.restricted else []
    return facts + ([found.door] if found.door else [])
