"""What an answer shows of a post: its networks one by one, with figures or with why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select

from polypost import clock
from polypost.analytics import metrics, rates, selection
from polypost.analytics.metrics import NOTHING, Kept, Rest
from polypost.analytics.rates import Counted
from polypost.analytics.selection import Ordered, Own
from polypost.errors import ReconnectRequired
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.platforms.abilities import Metrics, MetricsSource
from polypost.platforms.registry import connector
from polypost.posts.tables import posts


@dataclass(frozen=True, slots=True)
class NoMetrics:
    """Why there are no figures, or none newer than those shown: a code of ours and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A post on one network; `measured_at` is when the network told the figures."""

    platform: str
    integration_id: str
    proof_id: str
    url: str | None
    counted: Counted
    measured_at: datetime | None
    unavailable: NoMetrics | None


@dataclass(frozen=True, slots=True)
class Analysed:
    """A post with its figures; `post_id` is ours, None for one that was read from a network."""

    source: Literal["postpeer", "platform"]
    post_id: str | None
    content: str | None
    published_at: datetime | None
    entries: Sequence[Entry]

    @property
    def aggregated(self) -> Metrics:
        """The figures over all networks."""
        return rates.total(entry.counted for entry in self.entries)


def of_page(db: Connection, project_id: str, own: Own | None, ordered: Sequence[Ordered]) -> list[Analysed]:
    """These posts as an answer shows them, in their order."""
    mine = _own_posts(db, project_id, own, [each.post_id for each in ordered if each.post_id is not None])
    live: dict[str, list[str]] = {}
    for each in ordered:
        if each.integration_id is not None and each.proof_id is not None:
            live.setdefault(each.integration_id, []).append(each.proof_id)
    theirs = {
        (integration_id, proof_id): _live_post(row)
        for integration_id, ids in live.items()
        for proof_id, row in selection.live_rows(db, project_id, integration_id, ids).items()
    }
    found = []
    for each in ordered:
        # What was taken away since it was counted is left out.
        shown = mine.get(each.post_id or "") or theirs.get((each.integration_id or "", each.proof_id or ""))
        found += [shown] if shown is not None else []
    return found


def _own_posts(
    db: Connection, project_id: str, own: Own | None, post_ids: Sequence[str]
) -> dict[str, Analysed]:
    if own is None or not post_ids:
        return {}
    rows = selection.targets_of(db, project_id, own, post_ids)
    if not rows:
        return {}
    wanted = [selection.wanted_of(row) for row in rows]
    known = metrics.kept(db, project_id, wanted)
    accounts = integrations.find(db, project_id, dict.fromkeys(row.integration_id for row in rows))
    now = clock.now()
    changed = {each.id: each.updated_at for each in accounts.values()}
    resting = metrics.resting(db, project_id, changed, now)
    query = select(posts.c.id, posts.c.content).where(
        posts.c.project_id == project_id, posts.c.id.in_(list(post_ids))
    )
    texts = {row.id: row.content for row in db.execute(query)}
    made: dict[str, list[Row[Any]]] = {}
    for row in rows:
        made.setdefault(row.post_id, []).append(row)
    return {
        post_id: Analysed(
            "postpeer",
            post_id,
            texts.get(post_id),
            min(row.published_at for row in targets),
            [_entry(row, accounts, known, resting, now) for row in targets],
        )
        for post_id, targets in made.items()
    }


def _entry(
    row: Row[Any],
    accounts: Mapping[str, Integration],
    known: Mapping[tuple[str, str], Kept],
    resting: Mapping[str, Rest],
    now: datetime,
) -> Entry:
    kept = known.get((row.integration_id, row.proof_id))
    account = accounts.get(row.integration_id)
    why = _why(account, row.platform, kept, row.published_at, now)
    if why is not None and why.code == "not_measured_yet" and (rest := resting.get(row.integration_id)):
        why = NoMetrics(rest.code, rest.message)
    return Entry(
        platform=row.platform,
        integration_id=row.integration_id,
        proof_id=row.proof_id,
        url=row.proof_url,
        counted=kept.counted if kept is not None else NOTHING,
        measured_at=kept.measured_at if kept is not None else None,
        unavailable=why,
    )


def _why(
    account: Integration | None, platform: str, kept: Kept | None, published_at: datetime, now: datetime
) -> NoMetrics | None:
    """Why there are no fresh figures; None when there are."""
    if (never := why_never(account, platform)) is not None:
        return never
    network = connector(platform)
    name = network.spec.name if network is not None else platform
    if not metrics.is_fresh(kept, published_at, now):
        return NoMetrics("not_measured_yet", f"{name} has not told them yet. Ask again in a minute.")
    if kept is not None and not kept.known:
        return NoMetrics("post_gone", f"{name} shows this account no post with this id any more.")
    return None


def why_never(account: Integration | None, platform: str) -> NoMetrics | None:
    """Why an account's network is not asked for figures at all; None where it is."""
    network = connector(platform)
    name = network.spec.name if network is not None else platform
    if account is None:
        return NoMetrics("account_disconnected", "The account is no longer connected. Connect it again.")
    if not isinstance(network, MetricsSource):
        return NoMetrics("figures_unsupported", f"{name} tells apps no figures of posts.")
    if account.auth_status == "reconnect_required":
        said = account.auth_failure_detail or "The account's authorisation has ended."
        return NoMetrics(ReconnectRequired.code, f"{said} Connect the account again.")
    return None


def _live_post(row: Row[Any]) -> Analysed:
    entry = Entry(
        platform=row.platform,
        integration_id=row.integration_id,
        proof_id=row.proof_id,
        url=row.url,
        counted=metrics.counted_of(row),
        measured_at=row.measured_at,
        unavailable=None,
    )
    return Analysed("platform", None, row.content, row.published_at, [entry])
