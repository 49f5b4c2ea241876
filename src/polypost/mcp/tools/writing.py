"""Tools that judge, draw and write posts; none of them publishes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from polypost import clock
from polypost.approvals import asking
from polypost.drawing import Drawn
from polypost.drawing.model import DrawnPart, DrawnText
from polypost.entrance.callers import require, require_post
from polypost.errors import InvalidRequest, Problem
from polypost.intake.bodies import Closed, Time, Zone
from polypost.intake.door import KeptDraft
from polypost.intake.partial_validation import aside
from polypost.integrations import service as integrations
from polypost.mcp import shown
from polypost.mcp.text import visible
from polypost.mcp.tool import MOST_TARGETS, Answer, Call, Key, PostId, Tool
from polypost.posts import queries
from polypost.posts.drawings import drawings
from polypost.posts.orders import order_of

# Whoever may do more may also ask what would be said to it.
_TO_LOOK = ("read", "draft", "publish")
_PARTS = 5
_TO_WRITE = ("draft", "publish")
# Keys of a stored body that speak of its hour; an edit that says none leaves it as it is.
_HOUR = frozenset({"publishNow", "scheduledFor", "scheduledAt", "timezone", "profileId", "queue"})
_POST = {
    "content": "We open at nine.",
    "platforms": [{"platform": "bluesky", "accountId": "int_…"}],
}


class CheckArguments(Closed):
    """What `check_post` takes beside the post."""

    probeMedia: bool = Field(default=False, description="Fetch and measure the media too.")


class PreviewArguments(Closed):
    """What `preview_post` takes beside the post, or instead of it."""

    postId: PostId | None = Field(default=None, description="A stored post, instead of the rest.")


class DraftArguments(Closed):
    """What `create_draft` takes beside the post."""

    idempotencyKey: Key


class EditArguments(Closed):
    """What `edit_post` takes beside what is to be different."""

    postId: PostId
    idempotencyKey: Key
    scheduledFor: Time | None = Field(default=None, description="Another hour, of a scheduled post.")
    timezone: Zone | None = None


async def check(call: Call, asked: CheckArguments, body: dict[str, Any]) -> Answer:
    """What publishing this would say; nothing is stored."""
    require(call.who, *_TO_LOOK, by_profile=True)
    run = await call.rooms.intake.preview(call.who, _timed(body), probe=asked.probeMedia)
    facts = shown.said(
        {
            "problems": shown.problems(run.problems),
            "credits": {"price": run.said.price, "remaining": run.said.left} if run.known else None,
            "changes": list(run.changes),
        }
    )
    if run.problems:
        return Answer(
            f"Nothing was stored. {len(run.problems)} problems.",
            "Mend them by path, then check again.",
            facts,
        )
    return Answer("Nothing was stored. The post fits.", "create_draft keeps it.", facts)


async def preview(call: Call, asked: PreviewArguments, body: dict[str, Any]) -> Answer:
    """What each network would show."""
    if asked.postId is None:
        require(call.who, *_TO_LOOK, by_profile=True)
        run = await call.rooms.intake.preview(call.who, _timed(body), probe=False)
        order, found, facts, problems = run.order, run.found, run.facts, run.problems
        if not run.known:
            raise InvalidRequest(problems)
        large = run.large
    else:
        if body:
            hint = "Send postId alone, or the post without it."
            raise InvalidRequest([Problem("postId", "stands beside a post", hint, "conflicting")])
        await require_post(call.rooms, call.who, asked.postId, *_TO_LOOK)
        post_id, project_id = asked.postId, call.project_id

        def read(db: Connection) -> tuple[queries.Shown, Mapping[str, Any]]:
            stored = queries.one(db, project_id, post_id)
            ids = [each.integration_id for each in stored.targets]
            return stored, integrations.find(db, project_id, ids)

        stored, found = await call.rooms.store.read(read)
        order = order_of(stored.post, stored.targets)
        facts, problems, large = {}, [], False
    drawn = await aside(
        large or len(order.targets) > 1,
        lambda: [
            {"accountId": target.integration_id} | _drawn(each)
            for target, each in islice(drawings(order, found, facts), MOST_TARGETS)
        ],
    )
    further = max(0, len(order.targets) - MOST_TARGETS) or None
    told = {"problems": shown.problems(problems), "platforms": drawn, "furtherPlatforms": further}
    says = "Show it to your user; create_draft keeps it." if asked.postId is None else "Show it to your user."
    return Answer("Drawn from each network's numbers; nothing was stored.", says, shown.said(told))


def _drawn(drawn: Drawn) -> dict[str, Any]:
    return shown.said(
        {
            "platform": drawn.platform,
            "surface": drawn.surface,
            "parts": [_part(each) for each in drawn.parts[:_PARTS]],
            "furtherParts": drawn.hidden_parts + max(0, len(drawn.parts) - _PARTS) or None,
        }
    )


def _part(part: DrawnPart) -> dict[str, Any]:
    media = part.media
    return shown.said(
        {
            "title": part.title.visible if part.title else None,
            "text": visible(part.text.visible, 600) if part.text else None,
            "folded": _folded(part.text),
            "media": [each.type for each in media.items] if media else None,
            "card": part.card.domain if part.card else None,
            "button": part.button,
            "notes": list(part.notes),
        }
    )


def _folded(text: DrawnText | None) -> str | None:
    return f"The rest is behind '{text.more}'." if text is not None and text.folded else None


async def draft(call: Call, asked: DraftArguments, body: dict[str, Any]) -> Answer:
    """Keep a draft."""
    require(call.who, *_TO_WRITE, by_profile=True)
    kept = await call.rooms.intake.keep_draft(
        call.submitter(asked.idempotencyKey), body, asking.of_key(call.who)
    )
    return _kept(call, kept, "Kept as a draft; nothing is published.")


async def edit(call: Call, asked: EditArguments, body: dict[str, Any]) -> Answer:
    """Change what is named, and leave the rest: a draft, a scheduled post, or what failed."""
    await require_post(call.rooms, call.who, asked.postId, *_TO_WRITE)
    intake, submitter = call.rooms.intake, call.submitter(asked.idempotencyKey)
    project_id, post_id = call.project_id, asked.postId
    found = await call.rooms.store.read(lambda db: queries.one(db, project_id, post_id))
    hour = shown.said({"scheduledFor": asked.scheduledFor, "timezone": asked.timezone})
    status = found.post.status
    if status == "draft":
        if asked.scheduledFor is not None:
            hint = "Use schedule_post: it gives a draft its hour."
            raise InvalidRequest([Problem("scheduledFor", "is not a draft's", hint, "conflicting_times")])
        whole = _whole(found, body) | hour
        kept = await intake.edit_draft(submitter, post_id, whole, asking.of_key(call.who))
        return _kept(call, kept, "The draft is changed; nothing is published.")
    require(call.who, "publish", by_profile=True)
    if status == "scheduled":
        if hour and not body:
            moved = await intake.reschedule(submitter, post_id, hour)
        else:
            moved = await intake.edit(submitter, post_id, _whole(found, body) | hour)
        facts = shown.said(
            {"postId": post_id, "scheduledFor": moved.at and clock.iso(moved.at), "note": moved.note}
        )
        return Answer("The scheduled post is changed.", shown.NEXT["scheduled"], facts, moved.replayed)
    if hour:
        hint = "What failed is tried again at once."
        raise InvalidRequest([Problem("scheduledFor", "is not possible any more", hint, "conflicting_times")])
    changed = await intake.mend(submitter, post_id, body)
    facts = shown.post(call, changed.post)
    return Answer(
        "What failed is changed and tried again.", "get_post tells what came of it.", facts, changed.replayed
    )


def _whole(found: queries.Shown, changes: dict[str, Any]) -> dict[str, Any]:
    """The body that was handed in, with the changes; a post that was made otherwise needs text and platforms."""
    raw = found.post.raw if isinstance(found.post.raw, dict) else {}
    # A draft has a zone without an hour.
    hour = _HOUR - {"timezone"} if found.post.status == "draft" else _HOUR
    return {name: value for name, value in raw.items() if name not in hour} | changes


def _timed(body: dict[str, Any]) -> dict[str, Any]:
    """The post as one that goes out now, where it does not say when."""
    return (
        body if {"scheduledFor", "scheduledAt", "publishNow"} & body.keys() else body | {"publishNow": True}
    )


def _kept(call: Call, kept: KeptDraft, happened: str) -> Answer:
    facts = shown.post(call, kept.post) | shown.said({"warnings": shown.problems(kept.warnings)})
    if kept.warnings:
        says = "Mend the warnings with edit_post: as it is it cannot be published."
    elif call.who.may("publish"):
        says = shown.NEXT["draft"]
    else:
        facts["approvalPage"] = call.page("approvals", kept.post.post.id)
        says = "Your key may not publish. Ask your user to decide on approvalPage, then look with get_post."
    return Answer(happened, says, facts, kept.replayed)


TOOLS = (
    Tool(
        "check_post",
        "Check a post",
        "What publishing this would say, with every problem by path. Stores nothing.",
        CheckArguments,
        check,
        post=True,
        outside=True,
        example=_POST,
    ),
    Tool(
        "preview_post",
        "Preview a post",
        "What each network would show: where the text folds, parts of a thread, link card. Stores nothing.",
        PreviewArguments,
        preview,
        post=True,
        example={"postId": "post_…"},
    ),
    Tool(
        "create_draft",
        "Create a draft",
        "Keep a post as a draft. Publishes nothing.",
        DraftArguments,
        draft,
        post=True,
        writes=True,
        example=_POST | {"idempotencyKey": "opening-3f9a61c2"},
    ),
    Tool(
        "edit_post",
        "Edit a post",
        "Change what you name of a draft or a scheduled post. Of a post that failed it changes what failed and TRIES IT AGAIN "
        "AT ONCE. What is out stays.",
        EditArguments,
        edit,
        post=True,
        writes=True,
        destructive=True,
        outside=True,
        example={"postId": "post_…", "content": "We open at ten.", "idempotencyKey": "opening-later-91bd"},
    ),
)
