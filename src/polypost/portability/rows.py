"""Every row of a project, table by table, in pages: whatever table there is belongs to projects, or is named here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select

from polypost.access import tables as access
from polypost.analytics import tables as analytics
from polypost.approvals import tables as approvals
from polypost.bulk import tables as bulk
from polypost.conversations import sent
from polypost.credits import tables as credits
from polypost.events import outbox
from polypost.integrations import tables as integrations
from polypost.media import tables as media
from polypost.planning import tables as planning
from polypost.posts import tables as posts
from polypost.storage import STEP, Store, as_dict, metadata
from polypost.webhooks import tables as webhooks

_ROOMS = (access, analytics, approvals, bulk, sent, credits, integrations, media, planning, posts, webhooks)
# Who signs in, and which processes there are, is the server's own.
OF_THE_SERVER = frozenset({"people", "sessions", "servers", "workers", "oauth_clients", "lives", "able"})

# A row by the names of its columns.
Told = Mapping[str, Any]


def tables() -> list[Table]:
    """All tables with rows of projects but the list of projects itself; those that refer to others come first."""
    known = {table for room in _ROOMS for table in vars(room).values() if isinstance(table, Table)} | {outbox}
    ours = [each for each in reversed(metadata.sorted_tables) if each in known]
    return [each for each in ours if each.name not in OF_THE_SERVER and each is not access.projects]


def of_project(table: Table, project_id: str) -> ColumnElement[bool]:
    """The rows of a table that belong to a project."""
    if table is posts.lanes:
        rows = integrations.integrations
        accounts = select(rows.c.id).where(rows.c.project_id == project_id)
        return table.c.integration_id.in_(accounts)
    if table is access.oauth_tokens:
        given = access.oauth_grants
        return table.c.grant_id.in_(select(given.c.id).where(given.c.project_id == project_id))
    return table.c.project_id == project_id


async def pages(store: Store, table: Table, project_id: str) -> AsyncIterator[Sequence[Told]]:
    """A project's rows in the order of their key; each page is read by itself, so that nobody waits for all of them."""
    last: Told | None = None
    while True:
        page = await store.read(_page(table, project_id, last))
        if page:
            yield page
            last = page[-1]
        if len(page) < STEP:
            return


def _page(table: Table, project_id: str, last: Told | None) -> Any:
    query: Select[Any] = select(table).where(of_project(table, project_id))
    if last is not None:
        query = query.where(_behind(table, last))
    query = query.order_by(*table.primary_key).limit(STEP)

    def read(db: Connection) -> Sequence[Told]:
        return [as_dict(row) for row in db.execute(query)]

    return read


def _behind(table: Table, last: Told) -> ColumnElement[bool]:
    """Greater by the key than that row, column by column: not every store compares keys of several as one."""
    key = list(table.primary_key)
    same: list[ColumnElement[bool]] = []
    ways = []
    for column in key:
        value = last[column.name]
        ways.append(and_(*same, column > value))
        same.append(column == value)
    return or_(*ways)


def exactly(table: Table, rows: Sequence[Told]) -> ColumnElement[bool]:
    """These rows by their keys."""
    key = list(table.primary_key)
    if len(key) == 1:
        return key[0].in_([row[key[0].name] for row in rows])
    return or_(*(and_(*(column == row[column.name] for column in key)) for row in rows))
