"""Tools that look: accounts, what networks take, posts, the calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field
from sqlalchemy import Connection

from polypost import clock
from polypost.access import SCOPES
from polypost.approvals import asking
from polypost.entrance import shapes
from polypost.entrance.callers import require, require_post
from polypost.entrance.days import Day
from polypost.errors import InvalidRequest, NotFound, Problem
from polypost.intake.bodies import Closed, PlatformName, Text, Zone
from polypost.intake.times import unknown_zone
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.mcp import shown
from polypost.mcp.schemas import options_schema
from polypost.mcp.text import visible
from polypost.mcp.tool import PER_ANSWER, Answer, Call, Place, PostId, Tool
from polypost.planning import queues
from polypost.platforms.base import Connector
from polypost.platforms.registry import connector, connectors, meant
from polypost.posts import queries, timeline

_DAYS, _MOST_DAYS, _SLOTS = 14, 62, 10
_LINES = 40
Search = Annotated[Text, Field(min_length=1, max_length=200, description="Words to look for.")]


class AccountsArguments(Closed):
    """What `list_accounts` takes."""

    platform: PlatformName | None = None
    search: Search | None = None
    cursor: Place = 0


class LimitsArguments(Closed):
    """What `get_limits` takes."""

    platform: (
        Annotated[Text, Field(max_length=40, description="All networks in short if left out.")] | None
    ) = None


class PostArguments(Closed):
    """What `get_post` takes."""

    postId: PostId
    timeline: bool = Field(default=False, description="With all that happened.")


class PostsArguments(Closed):
    """What `list_posts` takes."""

    status: Literal["draft", "scheduled", "publishing", "published", "failed", "partial"] | None = None
    search: Search | None = None
    cursor: Place = 0


class CalendarArguments(Closed):
    """What `get_calendar` takes."""

    fromDate: Day | None = Field(default=None, description="YYYY-MM-DD; today if left out.")
    toDate: Day | None = Field(default=None, description=f"{_DAYS} days later if left out.")
    timezone: Zone | None = Field(default=None, description="An IANA name; the queue's if left out.")


async def accounts(call: Call, asked: AccountsArguments, _: dict[str, Any]) -> Answer:
    """The project, what the key may do, and its accounts."""
    require(call.who, "read", by_profile=True)
    project = call.who.project

    def read(db: Connection) -> tuple[tuple[int, list[Integration]], str]:
        found = integrations.list_integrations(
            db,
            project.id,
            platforms=[asked.platform] if asked.platform else (),
            profile_ids=call.who.profiles,
            q=asked.search,
            limit=PER_ANSWER,
            offset=asked.cursor,
            sort="asc",
        )
        return found, queues.get(db, project.id, None).timezone

    (total, found), zone = await call.rooms.store.browse(project.id, read)
    facts = {
        "project": {"id": project.id, "name": project.name},
        "keyMay": list(call.who.scopes or SCOPES),
        "now": clock.now().astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        "timezone": zone,
        "accounts": [_account(each) for each in found],
        **_further(asked.cursor, len(found), total),
    }
    lost = sum(each.auth_status != "active" for each in found)
    says = "Use accountId and platform in `platforms` of a post."
    if lost:
        says = f"{lost} need to be connected again by a person: {call.page('accounts')}. {says}"
    elif not total:
        says = f"A person has to connect an account first: {call.page('accounts')}"
    return Answer(f"{total} accounts.", says, facts)


def _account(found: Integration) -> dict[str, Any]:
    return shown.said(
        {
            "accountId": found.id,
            "platform": found.platform,
            "username": visible(found.username or "", 200),
            "name": visible(found.display_name or "", 200),
            "profileId": found.profile_id,
            "works": found.auth_status == "active",
            "trouble": found.auth_failure_reason,
        }
    )


async def limits(call: Call, asked: LimitsArguments, _: dict[str, Any]) -> Answer:
    """What networks take."""
    require(call.who, "read", by_profile=True)
    if asked.platform is None:
        listed = [
            {"platform": each.spec.id, "name": each.spec.name, "textLimit": _text_limit(each)}
            for each in connectors()
        ]
        return Answer(
            f"{len(listed)} networks.", "Ask for one by platform to see all of it.", {"networks": listed}
        )
    network = connector(asked.platform)
    if network is None:
        said = f"This server has no network called '{asked.platform}'."
        raise NotFound(said, code="unknown_platform", next_step=meant(asked.platform))
    spec = network.spec
    facts = {
        "platform": spec.id,
        "name": spec.name,
        "kinds": list(spec.post_kinds),
        "textLimit": _text_limit(network),
        "limits": {key: f"{limit.value:g} {limit.unit}" for key, limit in spec.limits.items()},
        "mediaTypes": {kind: list(types) for kind, types in spec.media_types.items()},
        "platformSpecificData": options_schema(network.options),
        "quirks": list(spec.quirks),
    }
    return Answer(f"What {spec.name} takes.", "check_post says whether a post fits.", facts)


def _text_limit(network: Connector) -> str:
    limit = network.spec.limits[network.spec.text_limit]
    return f"{limit.value:g} {limit.unit}"


async def post(call: Call, asked: PostArguments, _: dict[str, Any]) -> Answer:
    """One post, and what happened to it."""
    await require_post(call.rooms, call.who, asked.postId, "read")
    project_id = call.project_id

    def read(db: Connection) -> tuple[queries.Shown, list[Any], str, list[Any]]:
        found = queries.one(db, project_id, asked.postId)
        lines = timeline.read(db, project_id, asked.postId) if asked.timeline else []
        request = asking.of_post(db, project_id, asked.postId)
        remarks = asking.said_of(db, project_id, [asked.postId])[asked.postId] if request else []
        state = request.state if request and found.post.status == "draft" else ""
        return found, lines, state, remarks

    found, lines, state, remarks = await call.rooms.store.browse(project_id, read)
    facts = shown.post(call, found)
    if asked.timeline:
        networks = {each.id: each.platform for each in found.targets}
        facts["timeline"] = [
            shown.said(
                {
                    "at": shapes.stamp(line.at),
                    "kind": line.kind,
                    "message": visible(line.message, 300),
                    "platform": networks.get(line.target_id),
                }
            )
            for line in lines[-_LINES:]
        ]
    says = shown.NEXT.get(found.post.status, "")
    if state:
        facts["approval"] = state
        facts["untrusted"] = {"remarks": [visible(each.text, 500) for each in remarks[-3:] if each.text]}
        facts["approvalPage"] = call.page("approvals", found.post.id)
        says = (
            "A person decides on approvalPage; ask for it there, and look again later."
            if state == "waiting"
            else "It was sent back: see untrusted.remarks with your user, then edit_post."
        )
    return Answer(f"The post is {found.post.status}.", says, facts)


async def posts(call: Call, asked: PostsArguments, _: dict[str, Any]) -> Answer:
    """Posts, the newest first."""
    require(call.who, "read", by_profile=True)
    filters = queries.Filters(statuses=(asked.status,) if asked.status else (), profiles=call.who.profiles)
    project_id = call.project_id

    def read(db: Connection) -> tuple[int, list[queries.Shown]]:
        page = {"limit": PER_ANSWER, "offset": asked.cursor}
        if asked.search:
            return queries.search(db, project_id, asked.search, filters, **page)[:2]
        return queries.many(db, project_id, filters, descending=True, **page)

    total, found = await call.rooms.store.browse(project_id, read)
    facts = {
        "posts": [shown.brief(call, each) for each in found],
        **_further(asked.cursor, len(found), total),
    }
    return Answer(f"{total} posts.", "get_post shows one in full.", facts)


async def calendar(call: Call, asked: CalendarArguments, _: dict[str, Any]) -> Answer:
    """What went out and will go out between two days, and where there is room."""
    require(call.who, "read", by_profile=True)
    project_id = call.project_id
    zone = (
        asked.timezone or (await call.rooms.store.read(lambda db: queues.get(db, project_id, None))).timezone
    )
    if (unknown := unknown_zone(zone)) is not None:
        raise InvalidRequest([unknown])
    first, last = _days(asked, clock.now().astimezone(ZoneInfo(zone)).date())
    since, until = _begins(first, zone), _begins(last + timedelta(days=1), zone)
    filters = queries.Filters(profiles=call.who.profiles)

    def read(db: Connection) -> tuple[queries.Stretch, list[Any]]:
        ((whole,), _) = queries.calendar(
            db,
            project_id,
            filters,
            (since, until),
            shown=lambda count: min(count, 2 * PER_ANSWER),
            limit=1000,
        )
        # The project's queues are about all of its accounts.
        free = (
            queues.free_between(db, project_id, since, until, count=_SLOTS) if not call.who.profiles else []
        )
        return whole, free

    whole, free = await call.rooms.store.browse(project_id, read)
    facts = {
        "timezone": zone,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "total": whole.total,
        "posts": [
            {
                "postId": each.id,
                "status": each.status,
                "at": each.at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"),
                "content": visible(each.content, 80),
                "platforms": sorted({target.platform for target in each.targets}),
            }
            for each in whole.posts
        ],
        "freeSlots": [
            shown.said(
                {
                    "at": each.at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes"),
                    "profileId": queue.profile_id,
                }
            )
            for queue, each in free
        ],
    }
    says = "schedule_post with scheduledFor, or with queue: true for the next free slot."
    return Answer(f"{whole.total} posts, {len(free)} free slots.", says, facts)


def _days(asked: CalendarArguments, today: date) -> tuple[date, date]:
    first = asked.fromDate or today
    last = asked.toDate or first + timedelta(days=_DAYS)
    if not first <= last <= first + timedelta(days=_MOST_DAYS):
        hint = f"Ask for at most {_MOST_DAYS} days, the first one first."
        raise InvalidRequest([Problem("toDate", "does not go with fromDate", hint, "bad_date")])
    return first, last


def _begins(day: date, zone: str) -> datetime:
    return clock.resolve_local(datetime.combine(day, time()), zone).instant


def _further(cursor: int, count: int, total: int) -> dict[str, Any]:
    end = cursor + count
    return {"total": total} | ({"nextCursor": end} if end < total and count else {})


ABOUT = (
    Tool(
        "list_accounts",
        "List accounts",
        "The connected social accounts with their ids, what this key may do, and the local time. Begin here.",
        AccountsArguments,
        accounts,
    ),
    Tool(
        "get_limits",
        "Limits of a network",
        "What a network takes: length of text, media, options for platformSpecificData, surprises.",
        LimitsArguments,
        limits,
        example={"platform": "bluesky"},
    ),
)
POSTS = (
    Tool(
        "get_post",
        "Look at a post",
        "A post's status and the result on each account, with its timeline if asked.",
        PostArguments,
        post,
        example={"postId": "post_…", "timeline": True},
    ),
    Tool(
        "list_posts",
        "List posts",
        "Posts, newest first, by status or words.",
        PostsArguments,
        posts,
        example={"status": "draft"},
    ),
    Tool(
        "get_calendar",
        "Calendar and free slots",
        "What goes out between two days, and the queue's free slots.",
        CalendarArguments,
        calendar,
        example={"fromDate": "2026-12-01", "toDate": "2026-12-07", "timezone": "Europe/Berlin"},
    ),
)
