"""What is asked of a single post, or of whatever else people can comment on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from polypost.errors import NotThere, PlatformError, Rejected
from polypost.platforms.base import Run
from polypost.platforms.families.meta.errors import Gone, ParameterRefused, PermissionMissing
from polypost.platforms.families.meta.graph import Graph
from polypost.platforms.families.meta.insights import made_at
from polypost.platforms.kit.matching import CLOCK_SLACK, unclaimed
from polypost.platforms.kit.removal import not_removed


async def permalink(run: Run, graph: Graph, node: str) -> str | None:
    """The address of what was just published, with a warning where it is not told."""

    async def ask() -> str | None:
        return (await graph.get(node, fields="id,permalink")).get("permalink")

    warning = f"The post is out, but {graph.api.name} did not tell its address."
    return await run.after("permalink", ask, warning=warning)


async def remove(graph: Graph, node: str, where: str, *, first: str = "", sure: bool = False) -> None:
    """Delete a post. Raises Rejected where the network refuses that to apps; `where` a person can do it.

    `first` is what helps against a missing permission; `sure` says that what is called gone is gone.
    """
    name = graph.api.name
    try:
        if (await graph.delete(node)).get("success") is not False:
            return
    except Gone:
        # The same number stands for "not there" and for "not allowed", so only looking tells them apart.
        if sure or not await graph.shows(node):
            return
    except PermissionMissing as refused:
        raise not_removed(name, where, first=first) from refused
    except Rejected as refused:
        raise not_removed(name, where) from refused
    raise not_removed(name, where)


async def remove_comment(graph: Graph, node: str, field: str, refused: str) -> None:
    """Delete a comment, which is known by a `field` that other objects do not have. Raises NotThere, Rejected."""
    try:
        await graph.get(node, fields=f"id,{field}")
    except ParameterRefused as other:
        raise NotThere(f"This is no comment on {graph.api.name}.") from other
    if (await graph.delete(node)).get("success") is False:
        raise Rejected(refused, code="delete_refused")


async def nearest(
    run: Run, rows: Sequence[Mapping[str, Any]], started: datetime, time: str = "timestamp"
) -> Mapping[str, Any] | None:
    """The object made nearest to `started` of those that belong to no other target yet."""
    free = await unclaimed(run, (str(row["id"]) for row in rows))
    ours = [row for row in rows if str(row["id"]) in free]
    return min(ours, key=lambda row: abs(made_at(row, time) - started), default=None)


def reaches_back(rows: Sequence[Mapping[str, Any]], most: int, started: datetime) -> bool:
    """Whether a list of at most `most` objects, newest first, has everything since an attempt began."""
    return len(rows) < most or (bool(rows[-1].get("timestamp")) and made_at(rows[-1]) < started - CLOCK_SLACK)


@contextmanager
def speaking_of(
    name: str, what: str, again: str, *, who: str = "account", gone: tuple[type[PlatformError], ...] = (Gone,)
) -> Iterator[None]:
    """What refusals mean where comments and messages are spoken of. Raises NotThere, Rejected.

    `again` is what to do about a missing permission.
    """
    try:
        yield
    except gone as lost:
        said = f"{name} knows no {what} with this id, or gives this {who} no access to it."
        raise NotThere(said) from lost
    except PermissionMissing as missing:
        raise Rejected(str(missing), code="missing_permission", next_step=again) from missing
