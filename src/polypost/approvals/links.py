"""Links by which one person without an account sees one version of one draft, and approves it or sends it back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, insert, select, update

from polypost import clock
from polypost.access import Principal, people
from polypost.access.keys import digest
from polypost.access.people import ROLES, Person
from polypost.approvals import asking
from polypost.approvals.asking import By, Pending, pending, remark, require_version, version_now
from polypost.approvals.tables import APPROVED, RETURNED, WAITING, LinkRow, approval_links
from polypost.errors import Conflict, Gone, InvalidRequest, NotFound, Problem
from polypost.storage import new_id, row_of, rows_of

# How many days a link may last.
DAYS = (1, 7, 30)
REVOKED = "revoked"


class Opened(NamedTuple):
    """What a link leads to: a draft that waits, and who gave the link, as whom its holder decides."""

    link: LinkRow
    draft: Pending
    giver: Person
    who: Principal


def make(db: Connection, project_id: str, post_id: str, version: str, by: By, *, days: int) -> str:
    """The secret of a new link to a version of a draft. Raises NotFound, Conflict, InvalidRequest."""
    if days not in DAYS:
        hint = f"Choose among {', '.join(map(str, DAYS))}."
        raise InvalidRequest([Problem("days", "A link does not last that long.", hint)])
    found = pending(db, project_id, post_id, lock=True)
    require_version(db, found, version)
    if found.request.state != WAITING:
        raise Conflict(
            "This draft was sent back.", code="not_waiting", next_step="Ask for approval again first."
        )
    secret, now = secrets.token_urlsafe(32), clock.now()
    db.execute(
        insert(approval_links).values(
            id=new_id("apl"),
            project_id=project_id,
            post_id=post_id,
            hash=digest(secret),
            version=version,
            made_by=by.id,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    remark(db, project_id, post_id, "linked", by)
    return secret


def opened(db: Connection, secret: str, *, lock: bool = False) -> Opened:
    """What a link leads to.

    Raises Gone: it was used (code `link_approved`, `link_returned`) or revoked, is too old, or never was; who gave it
    may approve nothing any more; the draft was changed (`draft_changed`), its hour is over, or nobody waits for an answer.
    """
    link = row_of(db, select(approval_links).where(approval_links.c.hash == digest(secret)), LinkRow)
    if link is None or link.ended == REVOKED or link.expires_at <= clock.now():
        raise _ended()
    if link.ended in {APPROVED, RETURNED}:
        code = f"link_{link.ended}"
        raise Gone("This link was used.", code=code)
    part = people.part_in(db, link.project_id, link.made_by, since=link.created_at)
    if part is None or ROLES.index(part[2]) > ROLES.index("editor"):
        raise _ended()
    giver, project, role = part
    try:
        draft = pending(db, link.project_id, link.post_id, lock=lock)
    except (Conflict, NotFound) as error:
        raise _decided() from error
    if draft.request.state != WAITING:
        raise _decided()
    if draft.passed and not draft.request.queue:
        raise Gone(
            "The hour at which this post was to go out is over.",
            code="hour_passed",
            next_step="Ask for a new link.",
        )
    if version_now(db, project.id, link.post_id, queue=draft.request.queue) != link.version:
        raise Gone(
            "The post was changed after you were given this link, so it shows nothing any more.",
            code="draft_changed",
            next_step="Ask for a new link.",
        )
    return Opened(link, draft, giver, people.principal_of(giver, project, role))


def send_back(db: Connection, secret: str, name: str, text: str) -> None:
    """Say by a link what has to change, which uses it. Raises Gone, InvalidRequest without a comment."""
    link, draft, giver, _ = opened(db, secret, lock=True)
    by = By(giver.id, name, link.id)
    asking.send_back(db, link.project_id, draft.post.id, link.version, by, text)


def open_links(db: Connection, project_id: str, post_ids: Sequence[str]) -> dict[str, list[LinkRow]]:
    """The links to each of these drafts that nobody has used yet, the oldest first."""
    found: dict[str, list[LinkRow]] = {post_id: [] for post_id in post_ids}
    query = select(approval_links).where(
        approval_links.c.project_id == project_id,
        approval_links.c.post_id.in_(list(found)),
        approval_links.c.ended.is_(None),
        approval_links.c.expires_at > clock.now(),
    )
    for row in (
        rows_of(db, query.order_by(approval_links.c.created_at, approval_links.c.id), LinkRow)
        if found
        else ()
    ):
        found[row.post_id].append(row)
    return found


def revoke(db: Connection, project_id: str, post_id: str, link_id: str, by: By) -> None:
    """End a link before its time; repeating changes nothing. Raises NotFound."""
    mine = and_(
        approval_links.c.id == link_id,
        approval_links.c.post_id == post_id,
        approval_links.c.project_id == project_id,
    )
    if db.execute(select(approval_links.c.id).where(mine)).first() is None:
        raise NotFound("There is no such link.", code="link_not_found")
    if db.execute(
        update(approval_links).where(mine, approval_links.c.ended.is_(None)).values(ended=REVOKED)
    ).rowcount:
        remark(db, project_id, post_id, "unlinked", by)


def end_of(db: Connection, project_id: str, person_id: str) -> None:
    """End what somebody gave away in a project."""
    mine = and_(approval_links.c.project_id == project_id, approval_links.c.made_by == person_id)
    db.execute(update(approval_links).where(mine, approval_links.c.ended.is_(None)).values(ended=REVOKED))


def clean(db: Connection, now: datetime) -> None:
    """Forget links that ended a day ago."""
    db.execute(delete(approval_links).where(approval_links.c.expires_at < now - timedelta(days=1)))


def _ended() -> Gone:
    return Gone(
        "This link was taken back, or has ended.",
        code="link_ended",
        next_step="Ask whoever sent it to you for a new one.",
    )


def _decided() -> Gone:
    return Gone(
        "This post does not wait for an answer any more.",
        code="not_waiting",
        next_step="Ask whoever sent you the link what became of it.",
    )
