"""The inbox: comments under posts and private messages, read from the networks when somebody looks, and answered once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Row
from starlette.responses import Response

from polypost.analytics import selection
from polypost.conversations.messages import Inbox
from polypost.dashboard.curl import curl
from polypost.dashboard.pages.accounts import MOST, network_name
from polypost.dashboard.saying import sentences
from polypost.dashboard.web import Page, Visit
from polypost.entrance import conversations
from polypost.errors import ApiError, KeyReused
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.platforms.abilities import (
    Comment,
    Comments,
    Conversation,
    HidesComments,
    Message,
    Messages,
    Person,
    RemovesComments,
    Slice,
)
from polypost.platforms.registry import connector
from polypost.posts import queries

T = TypeVar("T")
PER_PAGE = PART = 25
# How long a page waits for a network.
SECONDS = 20.0
OUTCOME_UNKNOWN = "outcome_unknown"


class Able(NamedTuple):
    """What a network lets an account do."""

    comments: bool
    hides: bool
    removes: bool
    messages: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """Words that were not sent, where they were meant to go, and why; with `doubt` they may be out all the same."""

    to: str
    text: str
    once: str
    why: str
    doubt: bool = False


class Spoken(NamedTuple):
    """Our post whose comments are read, where it is one of ours."""

    post_id: str
    content: str
    url: str | None


async def inbox(visit: Visit) -> Response:
    """The accounts with comments or messages; no network is asked."""
    project_id = visit.here.id
    _, found = await visit.services.store.browse(
        project_id, lambda db: integrations.list_integrations(db, project_id, limit=MOST, sort="asc")
    )
    able = [(each, able_of(each.platform)) for each in found]
    return visit.page(
        "inbox.html",
        accounts=[(each, may) for each, may in able if may.comments or may.messages],
        network_name=network_name,
        curl=curl(visit, "/v1/comments?platform=instagram&accountId=ACCOUNT_ID&postId=NETWORKS_POST_ID"),
        place="inbox",
    )


async def account(visit: Visit) -> Response:
    """An account's posts, of each of which the comments can be read; no network is asked."""
    page, account_id = visit.page_asked, visit.path("account")

    def read(db: Connection) -> tuple[Integration, Sequence[Row[Any]]]:
        found = integrations.get(db, visit.here.id, account_id)
        first = page * PER_PAGE
        return found, queries.published_on(db, visit.here.id, account_id, limit=PER_PAGE + 1, offset=first)

    found, posts = await visit.services.store.browse(visit.here.id, read)
    return visit.page(
        "inbox_account.html",
        account=found,
        network=network_name(found.platform),
        may=able_of(found.platform),
        posts=posts[:PER_PAGE],
        page=page,
        more=len(posts) > PER_PAGE,
        place="inbox",
    )


async def comments(visit: Visit) -> Response:
    """The comments under a post, as its network shows them now."""
    return await _comments(visit)


async def comment(visit: Visit) -> Response:
    """Write under the post, or in answer to a comment; sent once."""
    visit.who.require("publish")
    found, to = await _account(visit), visit.said("comment")
    raw = {
        "platform": found.platform,
        "accountId": found.id,
        "text": _text(visit),
        "postId": visit.said("post"),
    }
    if to:
        raw["commentId"] = to
    try:
        await conversations.comment(visit.services, _submitter(visit), raw)
    except ApiError as error:
        return await _comments(visit, _status(error), typed=_typed(visit, error, to))
    return visit.go(_here(visit, "comments", done="sent"))


async def hide(visit: Visit) -> Response:
    """Hide a comment from the public, or show it again."""
    visit.who.require("publish")
    found, hidden = await _account(visit), visit.said("hidden") == "yes"
    try:
        await visit.services.commenting.hide(
            visit.here.id, found.platform, found.id, visit.said("comment"), hidden=hidden
        )
    except ApiError as error:
        return await _comments(visit, _status(error), wrong=(visit.said("comment"), _said(visit, error)))
    return visit.go(_here(visit, "comments", done="hidden" if hidden else "shown"))


async def remove(visit: Visit) -> Response:
    """Delete a comment on its network, with the answers to it."""
    visit.who.require("publish")
    found = await _account(visit)
    try:
        await visit.services.commenting.remove(visit.here.id, found.platform, found.id, visit.said("comment"))
    except ApiError as error:
        return await _comments(visit, _status(error), wrong=(visit.said("comment"), _said(visit, error)))
    return visit.go(_here(visit, "comments", done="deleted"))


async def messages(visit: Visit) -> Response:
    """An account's conversations, those that were used last first."""
    found = await _account(visit)
    part, trouble = await _asked(visit, _inbox(visit, found, visit.asked("after")))
    return visit.page(
        "inbox_messages.html",
        account=found,
        network=network_name(found.platform),
        conversations=[(each, _others(part, each)) for each in part.conversations.items] if part else [],
        after=part.conversations.after if part else None,
        part=visit.asked("after"),
        called=called,
        trouble=trouble,
        here=_here(visit, "messages"),
        place="inbox",
    )


async def conversation(visit: Visit) -> Response:
    """The messages of a conversation, the newest at the end."""
    return await _conversation(visit)


async def message(visit: Visit) -> Response:
    """Send a private message, once."""
    visit.who.require("publish")
    found, to = await _account(visit), visit.said("recipient")
    raw = {"platform": found.platform, "accountId": found.id, "recipientId": to, "text": _text(visit)}
    try:
        await conversations.message(visit.services, _submitter(visit), raw)
    except ApiError as error:
        return await _conversation(visit, _status(error), typed=_typed(visit, error, to))
    return visit.go(_here(visit, "conversation", done="sent"))


def able_of(platform: str) -> Able:
    """What accounts of a network can do here."""
    network = connector(platform)
    kinds = (Comments, HidesComments, RemovesComments, Messages)
    return Able(*(isinstance(network, each) for each in kinds))


def called(person: Person | None) -> str:
    """Whoever wrote something, by name; empty where the network does not tell."""
    return "" if person is None else person.name or person.username or ""


async def _comments(
    visit: Visit, status: int = 200, *, typed: Typed | None = None, wrong: tuple[str, str] = ("", "")
) -> Response:
    found, post_id, after = await _account(visit), _given(visit, "post"), _given(visit, "after")
    if not post_id:
        return visit.go(visit.url("inbox", found.id))
    read = visit.services.commenting.read(
        visit.here.id, found.platform, found.id, post_id, limit=PART, after=after or None
    )
    part, trouble = await _asked(visit, read)
    here: Slice[Comment] = part or Slice(())
    if wrong[0] and wrong[0] not in _ids(here):
        # What it was about is not there any more, so there is no other place to say it.
        trouble, wrong = trouble or wrong[1], ("", "")
    return visit.page(
        "inbox_comments.html",
        status,
        account=found,
        network=network_name(found.platform),
        may=able_of(found.platform),
        post_id=post_id,
        ours=await visit.services.store.read(lambda db: _ours(db, visit.here.id, found.id, post_id)),
        comments=here.items,
        before=after,
        after=here.after,
        called=called,
        once=secrets.token_hex(12),
        again=secrets.token_hex(12),
        typed=typed,
        lost=typed if typed and typed.to and typed.to not in _ids(here) else None,
        wrong=wrong,
        trouble=trouble,
        here=_here(visit, "comments"),
        done=visit.asked("done"),
        place="inbox",
    )


async def _conversation(visit: Visit, status: int = 200, *, typed: Typed | None = None) -> Response:
    found, named, after = await _account(visit), _given(visit, "id"), _given(visit, "after")
    if not named:
        return visit.go(visit.url("inbox", found.id, "messages"))
    read = visit.services.messaging.read(
        visit.here.id, found.platform, found.id, named, limit=PART, after=after or None
    )

    async def both() -> tuple[Slice[Message], Inbox, Conversation | None]:
        said, listed = await asyncio.gather(read, _inbox(visit, found, _given(visit, "part")))
        here = _named(listed, named)
        if here is None and _given(visit, "part"):
            # Whoever wrote last stands at the beginning.
            listed = await _inbox(visit, found, "")
            here = _named(listed, named)
        return said, listed, here

    answer, trouble = await _asked(visit, both())
    said, listed, here = answer or (None, None, None)
    others = _others(listed, here) if listed and here else []
    return visit.page(
        "inbox_conversation.html",
        status,
        account=found,
        network=network_name(found.platform),
        named=named,
        part=_given(visit, "part"),
        messages=list(reversed(said.items)) if said else [],
        before=after,
        after=said.after if said else None,
        self_id=listed.self_id if listed else "",
        others=others,
        recipient=others[0].id if len(others) == 1 else typed.to if typed else None,
        called=called,
        once=secrets.token_hex(12),
        again=secrets.token_hex(12),
        typed=typed,
        trouble=trouble,
        here=_here(visit, "conversation"),
        done=visit.asked("done"),
        place="inbox",
    )


def _inbox(visit: Visit, found: Integration, after: str) -> Awaitable[Inbox]:
    return visit.services.messaging.inbox(
        visit.here.id, found.platform, found.id, limit=PART, after=after or None
    )


async def _asked(visit: Visit, answer: Awaitable[T]) -> tuple[T | None, str]:
    """What a network answers, or why not, in words."""
    try:
        async with asyncio.timeout(SECONDS):
            return await answer, ""
    except ApiError as error:
        return None, _said(visit, error)
    except TimeoutError:
        return None, visit.words("The network has not answered in time. Load the page again.")


async def _account(visit: Visit) -> Integration:
    return await visit.services.store.read(
        lambda db: integrations.get(db, visit.here.id, visit.path("account"))
    )


def _ours(db: Connection, project_id: str, account_id: str, proof_id: str) -> Spoken | None:
    post_id = selection.ours(db, project_id, account_id, proof_id)
    if post_id is None:
        return None
    found = queries.one(db, project_id, post_id)
    urls = [each.proof_url for each in found.targets if each.integration_id == account_id]
    return Spoken(post_id, found.post.content, urls[0] if urls else None)


def _ids(part: Slice[Comment]) -> set[str]:
    return {each.id for top in part.items for each in (top, *(top.replies or ()))}


def _named(listed: Inbox, named: str) -> Conversation | None:
    return next((each for each in listed.conversations.items if each.id == named), None)


def _others(listed: Inbox, here: Conversation) -> Sequence[Person]:
    """Who takes part beside the account."""
    return [each for each in here.participants if each.id != listed.self_id]


def _given(visit: Visit, name: str) -> str:
    """What the page is about, as its form says it, or its address."""
    return visit.said(name) or visit.asked(name)


def _text(visit: Visit) -> str:
    return visit.said("text").replace("\r\n", "\n")


def _submitter(visit: Visit) -> Any:
    """Who sends; who looked after a doubt, and wants it all the same, sends another thing."""
    submitter = visit.submitter()
    return submitter._replace(key=visit.said("again")) if visit.said("again") else submitter


def _typed(visit: Visit, error: ApiError, to: str) -> Typed:
    once = visit.said("again") or visit.said("once")
    if isinstance(error, KeyReused):
        said = visit.words(
            "This form was sent before with other words, and nobody knows whether they arrived. Look there first."
        )
        return Typed(to, _text(visit), once, said, doubt=True)
    if error.code == OUTCOME_UNKNOWN:
        said = visit.words(
            "The network did not say whether it took this. It may be out: look there first. It is not sent a second "
            "time by itself."
        )
        return Typed(to, _text(visit), once, said, doubt=True)
    return Typed(to, _text(visit), once, _said(visit, error))


def _said(visit: Visit, error: ApiError) -> str:
    return " ".join(map(str, sentences(error, visit, {"platform": "", "accountId": ""})))


def _status(error: ApiError) -> int:
    return error.status if error.status < 500 else 409


def _here(visit: Visit, page: str, **more: str) -> str:
    """The address of what the page is about; after something was sent, from its beginning."""
    names = {"comments": ("post", "after"), "conversation": ("id", "part", "after"), "messages": ("after",)}[
        page
    ]
    about = {name: _given(visit, name) for name in names if _given(visit, name)}
    if more.get("done") == "sent":
        about.pop("after", None)
    return visit.url("inbox", visit.path("account"), page, **about, **more)


PAGES = (
    Page("GET", "/{project}/inbox", inbox, "viewer"),
    Page("GET", "/{project}/inbox/{account}", account, "viewer"),
    Page("GET", "/{project}/inbox/{account}/comments", comments, "viewer"),
    Page("POST", "/{project}/inbox/{account}/comments", comment, "editor"),
    Page("POST", "/{project}/inbox/{account}/comments/hide", hide, "editor"),
    Page("POST", "/{project}/inbox/{account}/comments/delete", remove, "editor", sure=True),
    Page("GET", "/{project}/inbox/{account}/messages", messages, "viewer"),
    Page("GET", "/{project}/inbox/{account}/conversation", conversation, "viewer"),
    Page("POST", "/{project}/inbox/{account}/conversation", message, "editor"),
)
