"""Drafts that wait for approval: asking for it, sending back, and what was said of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, exists, insert, or_, select, update

from polypost import access, clock
from polypost.access import Principal, grants, people
from polypost.approvals.tables import (
    APPROVED,
    RETURNED,
    WAITING,
    RemarkRow,
    RequestRow,
    approval_links,
    approval_remarks,
    approval_requests,
)
from polypost.approvals.versions import version_of
from polypost.errors import Conflict, InvalidRequest, Problem
from polypost.posts import changes, drafts
from polypost.posts.orders import When
from polypost.posts.tables import PostRow, posts
from polypost.storage import new_id, row_of, rows_of, upsert

# Characters of a note or a comment.
LONGEST = 2000
# What a page shows of what was said about its drafts, the newest.
MOST_REMARKS = 500
ASKED = "asked"
# What each remark is called in the log of the project.
ACTS = {
    ASKED: "approval_asked",
    RETURNED: "draft_sent_back",
    APPROVED: "draft_approved",
    "linked": "approval_link_made",
    "unlinked": "approval_link_revoked",
}


@dataclass(frozen=True, slots=True)
class By:
    """Who says something: a person or an API key by `id`; the holder of a `link`, for whom stands the person who gave it."""

    id: str
    name: str
    link: str | None = None

    @property
    def is_person(self) -> bool:
        """Whether it is no API key."""
        return self.id.startswith("usr_")


class Hour(NamedTuple):
    """When a draft goes out once it is approved: at an hour, in the next free slot of the queue, or at once."""

    when: When | None = None
    queue: bool = False


class Pending(NamedTuple):
    """A draft about which somebody decides."""

    post: PostRow
    request: RequestRow

    @property
    def passed(self) -> bool:
        """Whether its hour is over."""
        return self.post.scheduled_for is not None and self.post.scheduled_for <= clock.now()


def ask(
    db: Connection, project_id: str, post_id: str, by: By, *, text: str = "", hour: Hour | None = None
) -> None:
    """Put a draft up for approval, at the `hour` that it had before if none is given; the same once more changes nothing.

    Raises NotFound, Conflict when it is no draft, InvalidRequest for a note that is too long.
    """
    text = checked(text, "note")
    drafts.held(db, project_id, post_id)
    before, now = of_post(db, project_id, post_id), clock.now()
    queue = before is not None and before.queue
    if hour is not None:
        queue = hour.queue
        unset = {"scheduled_for": None, "local_time": None, "tzdata": None, "warning": None}
        changes.touch(db, post_id, now, **(changes.when_values(hour.when) if hour.when else unset))
    version = version_now(db, project_id, post_id, queue=queue)
    again = before is not None and (before.state, before.version) == (WAITING, version)
    if again and (not text or repeats(db, project_id, post_id, ASKED, text)):
        return
    row = {"post_id": post_id, "project_id": project_id, "state": WAITING, "queue": queue}
    upsert(db, approval_requests, ["post_id"], [row | {"version": version, "changed_at": now}])
    changes.touch(db, post_id, now)
    last = said_of(db, project_id, [post_id])[post_id][-1:]
    if last and not by.is_person and (last[0].kind, last[0].made_by) == (ASKED, by.id):
        # A program that writes its draft again and again asks once.
        mine = and_(approval_remarks.c.id == last[0].id, approval_remarks.c.project_id == project_id)
        db.execute(update(approval_remarks).where(mine).values(at=now, text=text or last[0].text))
    else:
        remark(db, project_id, post_id, ASKED, by, text)


def of_key(who: Principal) -> Callable[[Connection, str], None] | None:
    """What is written with a draft of an API key: one that may not publish has its drafts wait by themselves."""
    if who.may("publish"):
        return None

    def also(db: Connection, post_id: str) -> None:
        ask(db, who.project.id, post_id, by_key(db, who))

    return also


def by_key(db: Connection, who: Principal) -> By:
    """An API key, or an agent that a person let in, as who asks."""
    known = {key.id: key.name for key in access.list_keys(db, who.project.id)}
    return By(who.key_id, known.get(who.key_id) or grants.name_of(db, who.project.id, who.key_id))


def send_back(db: Connection, project_id: str, post_id: str, version: str, by: By, text: str) -> None:
    """Say what has to change; the same once more changes nothing.

    Raises NotFound, Conflict when nothing waits or the draft is another one by now, InvalidRequest without a comment.
    """
    text = checked(text, "comment")
    if not text:
        raise InvalidRequest([Problem("comment", "Say what has to change.", code="missing")])
    found = pending(db, project_id, post_id, lock=True)
    require_version(db, found, version)
    if found.request.state == RETURNED and repeats(db, project_id, post_id, RETURNED, text):
        return
    decide(db, found, RETURNED, version, by, text)


def decide(db: Connection, found: Pending, state: str, version: str, by: By, text: str) -> None:
    """Note what became of a version of a draft, and end the links to it."""
    post, now = found.post, clock.now()
    mine = and_(approval_requests.c.post_id == post.id, approval_requests.c.project_id == post.project_id)
    db.execute(update(approval_requests).where(mine).values(state=state, version=version, changed_at=now))
    given = and_(approval_links.c.post_id == post.id, approval_links.c.project_id == post.project_id)
    db.execute(update(approval_links).where(given, approval_links.c.ended.is_(None)).values(ended=state))
    changes.touch(db, post.id, now)
    remark(db, post.project_id, post.id, state, by, text)


def of_post(db: Connection, project_id: str, post_id: str) -> RequestRow | None:
    """The request for a post; None where there never was one."""
    mine = and_(approval_requests.c.post_id == post_id, approval_requests.c.project_id == project_id)
    return row_of(db, select(approval_requests).where(mine), RequestRow)


def pending(db: Connection, project_id: str, post_id: str, *, lock: bool = False) -> Pending:
    """The draft and its request. Raises NotFound, Conflict when there is nothing to decide."""
    post, request = changes.load(db, project_id, post_id, lock=lock), of_post(db, project_id, post_id)
    if request is None or request.state == APPROVED or post.status != "draft":
        raise Conflict(
            "This post does not wait for approval any more.",
            code="not_waiting",
            next_step="Look at its page: somebody else may have decided.",
        )
    return Pending(post, request)


def require_version(db: Connection, found: Pending, version: str) -> None:
    """Pass when the draft still is what somebody saw. Raises Conflict."""
    post, request = found
    if version_now(db, post.project_id, post.id, queue=request.queue) != version:
        raise Conflict(
            "This draft was changed since you looked at it.",
            code="draft_changed",
            next_step="Look at it again, then decide.",
        )


def version_now(db: Connection, project_id: str, post_id: str, *, queue: bool) -> str:
    """What a draft is at this moment. Raises NotFound."""
    post = changes.load(db, project_id, post_id)
    return version_of(post, changes.targets_of(db, project_id, post_id), queue=queue)


def listed(db: Connection, project_id: str, state: str, *, limit: int, offset: int = 0) -> list[RequestRow]:
    """Requests in a state: what waits longest first, of the others what was decided last."""
    there = and_(posts.c.id == approval_requests.c.post_id, posts.c.project_id == project_id)
    query = (
        select(approval_requests)
        .join(posts, there)
        .where(
            approval_requests.c.state == state,
            approval_requests.c.project_id == project_id,
            posts.c.deleted_at.is_(None),
        )
    )
    if state != APPROVED:
        query = query.where(posts.c.status == "draft")
    at = approval_requests.c.changed_at if state == WAITING else approval_requests.c.changed_at.desc()
    return rows_of(
        db, query.order_by(at, approval_requests.c.post_id).limit(limit).offset(offset), RequestRow
    )


def said_of(db: Connection, project_id: str, post_ids: Sequence[str]) -> dict[str, list[RemarkRow]]:
    """What was said of these posts, oldest first; of very much the newest."""
    found: dict[str, list[RemarkRow]] = {post_id: [] for post_id in post_ids}
    of_these = (approval_remarks.c.project_id == project_id, approval_remarks.c.post_id.in_(list(found)))
    newest = (
        select(approval_remarks)
        .where(*of_these)
        .order_by(approval_remarks.c.at.desc(), approval_remarks.c.id.desc())
    )
    for row in reversed(rows_of(db, newest.limit(MOST_REMARKS), RemarkRow) if found else []):
        found[row.post_id].append(row)
    return found


def remark(db: Connection, project_id: str, post_id: str, kind: str, by: By, text: str = "") -> None:
    """Put what somebody did, and said, on the draft's page and into the project's log."""
    row = {"id": new_id("rem"), "project_id": project_id, "post_id": post_id, "at": clock.now()}
    said = {"kind": kind, "made_by": by.id, "name": by.name, "link_id": by.link, "text": text}
    db.execute(insert(approval_remarks).values(**row, **said))
    if by.is_person:
        detail = {"post": post_id, "note": text or None, "by_link": by.name if by.link else None}
        people.note(db, ACTS[kind], person_id=by.id, project_id=project_id, **detail)


def repeats(db: Connection, project_id: str, post_id: str, kind: str, text: str) -> bool:
    """Whether this is what was said of the post last."""
    said = said_of(db, project_id, [post_id])[post_id]
    return bool(said) and (said[-1].kind, said[-1].text) == (kind, text)


def checked(text: str, path: str) -> str:
    """What somebody says, as it is kept. Raises InvalidRequest for too much."""
    text = text.replace("\r\n", "\n").strip()
    if len(text) > LONGEST:
        problem = Problem(path, f"has more than {LONGEST:,} characters", "Shorten it.", "text_too_long")
        raise InvalidRequest([problem])
    return text


def clean(db: Connection) -> None:
    """Forget requests for what has got its hour otherwise, or was deleted."""
    gone = or_(posts.c.deleted_at.is_not(None), posts.c.status != "draft")
    elsewhere = exists().where(posts.c.id == approval_requests.c.post_id, gone)
    db.execute(delete(approval_requests).where(approval_requests.c.state.in_([WAITING, RETURNED]), elsewhere))


def forget(db: Connection, project_id: str, post_ids: Sequence[str]) -> None:
    """Take what was asked and said of these posts out of the store."""
    for table in (approval_links, approval_remarks, approval_requests):
        db.execute(delete(table).where(table.c.project_id == project_id, table.c.post_id.in_(post_ids)))
