"""The pages a person would see: a post in its conversation, and a profile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.threads import places
from polypost.sandbox.networks.threads.nodes import gone, metrics, poll_votes
from polypost.sandbox.networks.threads.publishing import SHORTCODE
from polypost.sandbox.networks.threads.text import links
from polypost.sandbox.simkit import (
    Account,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
    of_author,
)

ON_PROFILE = 60
SPOILER = Markup('<span class="spoiler" tabindex="0" title="Spoiler">{}</span>')
STYLE_TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "highlight": "mark"}


@dataclass(frozen=True, slots=True)
class View:
    """One post as a page shows it."""

    post: SimPost
    author: str
    username: str
    body: Markup
    focus: bool = False
    joined: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    link: tuple[str, str] | None = None
    poll: list[tuple[str, int]] = field(default_factory=list)
    article: Markup | None = None
    quoted: View | None = None
    place: str | None = None
    notes: tuple[str, ...] = ()
    likes: int = 0
    replies: int = 0
    reposter: str | None = None


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages) -> None:
        self._pages = pages
        self._net = net

    async def post(self, request: Request) -> Response:
        """`/@{username}/post/{shortcode}`: what it answers, the post, what answers it."""
        found = self._net.documents.get(SHORTCODE, request.path_params["shortcode"])
        post = None if found is None else self._net.posts.get(found.body["media"])
        if post is None or gone(post):
            return self._pages.missing()
        thread = self._net.posts.of_thread(post.thread or post.id)
        by_id = {each.id: each for each in thread}
        above, at = [], post
        while at.parent and (parent := by_id.get(at.parent)):
            above.append(parent)
            at = parent
        below = [
            # The author's own chain shows with what others say to any of its posts.
            each
            for each in thread
            if each.seq > post.seq and each.parent in {post.id, *_chain(post, thread)}
        ]
        shown = [*reversed(above), post, *(each for each in below if not each.raw["hidden"])]
        # A line leads from a post to the next one where that answers it.
        ends = [*(each.parent for each in shown[1:]), None]
        views = [
            self._view(each, focus=each.id == post.id, joined=end == each.id)
            for each, end in zip(shown, ends, strict=True)
        ]
        name = self._author(post)[0]
        return self._pages.render(
            "post.html",
            views=views,
            comment_on=post.id,
            title=f"{name} on Threads",
            author=self._net.accounts.get(post.account_id),
            sketches=[_sketch(each) for each in of_author(post, thread)],
        )

    async def profile(self, request: Request) -> Response:
        """`/@{username}`: the account's posts and reposts, newest first."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("This profile does not exist.")
        posts = self._net.posts.by_account(account.id, limit=ON_PROFILE)
        views = [self._view(post) for post in posts if post.parent is None and not gone(post)]
        return self._pages.render(
            "profile.html", account=account, views=views, title=f"{account.name} (@{account.username})"
        )

    def _author(self, post: SimPost) -> tuple[str, str]:
        account: Account | None = self._net.accounts.get(post.account_id)
        if account is not None:
            return account.name, account.username
        stranger = post.raw.get("author", {})
        return stranger.get("name", post.account_id), stranger.get("username", post.account_id)

    def _view(self, post: SimPost, *, focus: bool = False, joined: bool = False, deep: bool = True) -> View:
        name, username = self._author(post)
        reposted = self._net.posts.get(post.raw["reposted"] or "")
        if reposted is not None and deep:
            inner = self._view(reposted, focus=focus, deep=False)
            return _reposted(inner, name)
        options = post.raw["options"]
        quoted = self._net.posts.get(post.raw["quoted"] or "") if deep else None
        place = places.find(options.get("location_id", ""))
        return View(
            post=post,
            author=name,
            username=username,
            body=_body(post.text, options.get("text_entities", [])),
            focus=focus,
            joined=joined,
            options=options,
            link=_card(post),
            poll=_poll(post),
            article=_article(options.get("text_attachment")),
            quoted=self._view(quoted, deep=False) if quoted else None,
            place=place.name if place else None,
            notes=_notes(post),
            likes=metrics(post)["likes"],
            replies=self._net.posts.count_replies(post.id),
        )


def _reposted(view: View, by: str) -> View:
    return View(**{name: getattr(view, name) for name in View.__slots__ if name != "reposter"}, reposter=by)


def _chain(post: SimPost, thread: list[SimPost]) -> set[str]:
    """The author's own replies that continue a post."""
    chain, last = set(), post.id
    for each in thread:
        if each.parent == last and each.account_id == post.account_id:
            chain.add(each.id)
            last = each.id
    return chain


def _body(text: str, entities: list[dict[str, Any]]) -> Markup:
    """The text with links, its spoilers covered until they are touched."""
    parts, at = [], 0
    for entity in sorted(entities, key=lambda each: each["offset"]):
        begin, end = entity["offset"], entity["offset"] + entity["length"]
        parts += [linkify(text[at:begin]), SPOILER.format(text[begin:end])]
        at = end
    return Markup("").join([*parts, linkify(text[at:])])


def _sketch(post: SimPost) -> Sketch:
    card = _card(post)
    return Sketch(
        text=post.text,
        media=post.media,
        card={"url": card[0]} if card else None,
        poll=list(post.raw["options"].get("poll_attachment", {}).values()),
        covered=bool(post.raw["options"].get("is_spoiler_media")),
    )


def _card(post: SimPost) -> tuple[str, str] | None:
    link = post.raw["link"]
    if not link or post.media:
        return None
    address = link if "://" in link else f"https://{link}"
    return address, address.partition("://")[2].partition("/")[0].removeprefix("www.")


def _poll(post: SimPost) -> list[tuple[str, int]]:
    options = post.raw["options"].get("poll_attachment", {})
    votes = poll_votes(post)
    total = sum(votes.values()) or 1
    return [(text, 100 * votes[name] // total) for name, text in options.items()]


def _article(attachment: dict[str, Any] | None) -> Markup | None:
    if attachment is None:
        return None
    text, parts, at = attachment["plaintext"], [], 0
    for span in sorted(attachment.get("text_with_styling_info", []), key=lambda each: each["offset"]):
        begin, end = span["offset"], span["offset"] + span["length"]
        piece = escape(text[begin:end])
        for style in span["styling_info"]:
            piece = Markup("<{0}>{1}</{0}>").format(Markup(STYLE_TAGS[style]), piece)  # noqa: S704  # our own tags
        parts += [linkify(text[at:begin]), piece]
        at = end
    parts.append(linkify(text[at:]))
    for link in links(attachment.get("link_attachment_url", "")):
        parts.append(Markup("\n") + linkify(link))
    return Markup("").join(parts)


def _notes(post: SimPost) -> tuple[str, ...]:
    options = post.raw["options"]
    notes = []
    if options.get("is_ghost_post"):
        notes.append("Ghost post: gone after a day")
    if (control := options.get("reply_control", "everyone")) != "everyone":
        notes.append(f"Replies: {control.replace('_', ' ')}")
    if codes := options.get("allowlisted_country_codes"):
        notes.append(f"Only in {', '.join(codes)}")
    if gif := options.get("gif_attachment"):
        notes.append(f"GIF {gif['gif_id']} from {gif['provider'].capitalize()}")
    return tuple(notes)
