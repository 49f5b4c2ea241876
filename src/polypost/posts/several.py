"""Acceptance of several orders in one transaction of PostgreSQL, where nothing has to be asked of each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from polypost import clock
from polypost.access import Project
from polypost.credits import service as credits
from polypost.credits.funds import unlimited
from polypost.integrations import service as integrations
from polypost.observability import failpoints
from polypost.posts import accept
from polypost.posts.checks import problems_of
from polypost.posts.deliveries import OPEN, Arrival
from polypost.posts.orders import Accepted, Context, NewPost
from polypost.storage import Apart, after_commit, new_id


@dataclass(frozen=True, slots=True)
class Creation:
    """An order that is to be accepted."""

    context: Context
    project: Project
    order: NewPost

    def __call__(self, db: Connection, arrival: Arrival) -> Accepted:
        """Accept it in a transaction of its own, as `accept.create` does."""
        return accept.create(db, self.context, self.project, self.order, arrival)

    @property
    def joins(self) -> bool:
        """Whether others may share its transaction: it looks for nothing before, and locks nothing but its own post."""
        return (
            self.context.shared
            and accept.by_body(self.order)
            and not self.project.dedupe_window_seconds
            and unlimited(self.project)
            and not accept.uploads_of(self.order)
        )


def create_several(db: Connection, asked: Sequence[Creation]) -> list[Accepted | None]:
    """Accept all that can be accepted; None for an order with problems, or to which one is equal that is open.

    Raises Apart where the answer to an equal post was lost.
    """
    now, context = clock.now(), asked[0].context
    wanted = [(each.project.id, [target.integration_id for target in each.order.targets]) for each in asked]
    good = {
        place: accept.New.of(context, each.project, each.order, new_id("post"), now)
        for place, (each, found) in enumerate(zip(asked, integrations.find_all(db, wanted), strict=True))
        if not problems_of(each.order, found)
    }
    for new in good.values():
        new.post["delivery"] = OPEN
    opened = accept.insert_open(db, list(good.values())) if good else set()
    kept = {place: new for place, new in good.items() if new.post["id"] in opened}
    if kept:
        _write(db, context, list(kept.values()), now)
    return [kept[place].accepted if place in kept else None for place in range(len(asked))]


def _write(db: Connection, context: Context, news: Sequence[accept.New], now: datetime) -> None:
    entries: dict[str, list[credits.Entry]] = {}
    for new in news:
        entries.setdefault(new.post["project_id"], []).extend(new.entries)
    writes = [*credits.unlimited_reservations(entries, at=now), *accept.belongings(news, now)]
    if accept.write_open(db, news, writes, now) is not None:
        # All of it is written by now; alone, each finds whether that was its own.
        raise Apart
    for _ in news:
        failpoints.hit("P2")
    context.engine.wake(db, [wake_up for new in news for wake_up in new.wake_ups])
    for new in news:
        after_commit(db, new.tell)
