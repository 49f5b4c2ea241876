"""Figures of posts: one post, or a list over a period. Each answer costs one credit, each failure none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from sqlalchemy import Connection, Row

from polypost import clock
from polypost.access import Project
from polypost.analytics import entries, metrics, selection
from polypost.analytics.entries import Analysed, NoMetrics
from polypost.analytics.metrics import Listing, Wanted
from polypost.analytics.reader import Reader, Resting, StillReading
from polypost.analytics.selection import Live, Ordered, Own, SortKey, Span
from polypost.credits import service as credits
from polypost.errors import InvalidRequest, NotFound, Problem, RateLimited, ReconnectRequired, UpstreamError
from polypost.integrations import Integration
from polypost.integrations import service as integrations
from polypost.platforms.abilities import MetricsSource
from polypost.platforms.base import Proof
from polypost.platforms.registry import connector
from polypost.posts import changes
from polypost.storage import Store, new_id

PRICE = 1
# Sorting by a figure needs the figures of all posts; a call asks the networks for at most this many.
MOST_SORTED = 500
Source = Literal["postpeer", "platform"]
# Ids of all networks: numbers, URNs, AT URIs, resource names. Anything else cannot be one, and never reaches a URL.
_NETWORK_ID = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[A-Za-z0-9._~:@/=+,()-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for; `hidden` are networks that the client must not see."""

    source: Source | None = None
    platform: str | None = None
    account_id: str | None = None
    hidden: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SortOrder:
    """How a list is sorted and which part of it is meant."""

    key: SortKey
    descending: bool
    limit: int
    page: int

    @property
    def offset(self) -> int:
        """How many posts stand before the page."""
        return (self.page - 1) * self.limit


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `complete` is false where the network has more posts than are read, `unavailable` says why it was not read."""

    total: int
    posts: Sequence[Analysed]
    complete: bool = True
    unavailable: NoMetrics | None = None


class Analytics:
    """Answers from what is kept, after asking the networks for what is not fresh."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def one(self, project: Project, post_id: str, question: Question) -> Analysed:
        """A post of ours, or one of a connected account by its network's own id.

        Raises NotFound, InvalidRequest, PaymentRequired, UpstreamError; then nothing is charged.
        """
        account = await self._account(project, question)
        own_id, proof_id = await self._store.read(lambda db: _which(db, project, post_id, question))
        await self._afford(project)
        if proof_id is not None:
            assert account is not None
            if account.platform in question.hidden:
                raise _no_such_post(account)
            found = await self._foreign(project, account, proof_id)
        else:
            assert own_id is not None
            found = await self._own(project, own_id, question)
        await self._charge(project, question, account)
        return found

    async def list_posts(self, project: Project, question: Question, span: Span, order: SortOrder) -> Page:
        """The published posts of a span with their figures, and an account's posts as its network lists them.

        Raises NotFound, InvalidRequest, PaymentRequired, UpstreamError; then nothing is charged.
        """
        account = await self._account(project, question)
        await self._afford(project)
        deadline = self._reader.deadline()
        live, listing, unavailable = None, None, None
        if account is not None and question.source != "postpeer" and account.platform not in question.hidden:
            try:
                listing = await self._read_list(account, span, deadline)
                foreign_only = question.source is None
                live = Live(account.id, listing.asked_at, span, foreign_only)
            except (UpstreamError, InvalidRequest) as error:
                if question.source == "platform":
                    raise
                unavailable = _reason(error)
        own = None
        if question.source != "platform":
            own = Own(span, question.platform, question.account_id, hidden=question.hidden)
        found = await self._page(project, own, live, order, deadline)
        await self._charge(project, question, account)
        complete = listing is None or listing.complete
        return Page(found.total, found.posts, complete, unavailable)

    async def ask(self, project: Project, own: Own, seconds: float) -> int:
        """Ask the networks for what is not fresh of these posts, and wait for so many seconds; the rest goes on by itself.

        Returns of how many they are asked; a call that asks nothing costs nothing. Raises NotFound, InvalidRequest,
        PaymentRequired.
        """
        question = Question(None, own.platform, own.integration_id)
        account = await self._account(project, question)
        await self._afford(project)
        now, deadline = clock.now(), asyncio.get_running_loop().time() + seconds
        due = await self._store.browse(
            project.id, lambda db: selection.stale(db, project.id, own, now, MOST_SORTED)
        )
        asked = await self._refresh(project, due, deadline)
        if asked:
            await self._charge(project, question, account)
        return asked

    async def _page(
        self, project: Project, own: Own | None, live: Live | None, order: SortOrder, deadline: float
    ) -> Page:
        if own is not None and order.key != "date":
            now = clock.now()
            due = await self._store.browse(
                project.id, lambda db: selection.stale(db, project.id, own, now, MOST_SORTED)
            )
            await self._refresh(project, due, deadline)

        def ask(db: Connection) -> tuple[int, list[Ordered], list[Wanted]]:
            total, rows = selection.page(
                db,
                project.id,
                own,
                live,
                sort=order.key,
                descending=order.descending,
                limit=order.limit,
                offset=order.offset,
            )
            ids = [row.post_id for row in rows if row.post_id is not None]
            shown = selection.targets_of(db, project.id, own, ids) if own is not None else []
            return total, rows, [selection.wanted_of(row) for row in shown]

        total, rows, wanted = await self._store.browse(project.id, ask)
        if order.key == "date":
            await self._refresh(project, wanted, deadline)
        posts = await self._store.browse(project.id, lambda db: entries.of_page(db, project.id, own, rows))
        return Page(total, posts)

    async def _own(self, project: Project, post_id: str, question: Question) -> Analysed:
        own = Own(None, question.platform, question.account_id, post_id, question.hidden)
        rows = await self._store.read(lambda db: selection.targets_of(db, project.id, own, [post_id]))
        wanted = [selection.wanted_of(row) for row in rows]
        await self._refresh(project, wanted, self._reader.deadline())
        ordered = [Ordered(post_id, None, None)]
        found = await self._store.read(lambda db: entries.of_page(db, project.id, own, ordered))
        if not found:
            # It was deleted while its networks were asked.
            raise _not_ours()
        return found[0]

    async def _foreign(self, project: Project, account: Integration, proof_id: str) -> Analysed:
        """A post by its network's id, read from the network unless that was done just now."""
        network = _measured_by(account)
        wanted = Wanted(account.id, account.platform, Proof(proof_id), None)
        await self._reader.refresh([(account, network, [wanted])], self._reader.deadline())
        now = clock.now()

        def look(db: Connection) -> tuple[metrics.Kept | None, metrics.Rest | None]:
            known = metrics.kept(db, project.id, [wanted]).get(wanted.key)
            return known, metrics.rest(db, project.id, account.id, account.updated_at, now)

        known, resting = await self._store.read(look)
        if known is None or not metrics.is_fresh(known, None, now):
            limited = resting is not None and resting.code == RateLimited.code
            if resting is not None and (known is None or not limited):
                _refuse(account, resting)
            if resting is None:
                raise _still_reading(account)
        if known is None or not known.known:
            raise _no_such_post(account)
        ordered = [Ordered(None, account.id, proof_id)]
        found = await self._store.read(lambda db: entries.of_page(db, project.id, None, ordered))
        return found[0]

    async def _read_list(self, account: Integration, span: Span, deadline: float) -> Listing:
        network = _measured_by(account)
        try:
            return await self._reader.read_list(account, network, (span.since, span.until), deadline)
        except Resting as resting:
            _refuse(account, resting.rest)
        except StillReading as late:
            raise _still_reading(account) from late

    async def _refresh(self, project: Project, wanted: Sequence[Wanted], deadline: float) -> int:
        """Ask for what is not fresh of these; returns of how many a network can be asked."""
        by_account: dict[str, list[Wanted]] = {}
        for each in wanted:
            by_account.setdefault(each.integration_id, []).append(each)
        if not by_account:
            return 0
        found = await self._store.read(lambda db: integrations.find(db, project.id, by_account))
        asked: list[tuple[Integration, MetricsSource, list[Wanted]]] = []
        for integration_id, integration in found.items():
            network = connector(integration.platform)
            if isinstance(network, MetricsSource) and integration.auth_status == "active":
                asked.append((integration, network, by_account[integration_id]))
        await self._reader.refresh(asked, deadline)
        return sum(len(each) for _, _, each in asked)

    async def _account(self, project: Project, question: Question) -> Integration | None:
        account_id = question.account_id
        if account_id is None:
            if question.source == "platform":
                said = Problem(
                    "accountId",
                    "is required with source=platform",
                    "Name the account that is to be read.",
                    "account_required",
                )
                raise InvalidRequest([said])
            return None
        account = await self._store.read(lambda db: integrations.get(db, project.id, account_id))
        if question.platform not in {None, account.platform}:
            said = Problem(
                "platform",
                f"is not the network of this account, which is on {_name(account)}",
                "Leave it out, or name another account.",
                "platform_mismatch",
            )
            raise InvalidRequest([said])
        return account

    async def _afford(self, project: Project) -> None:
        await self._store.read(
            lambda db: credits.afford(db, project.id, PRICE, funds=project, at=clock.now())
        )

    async def _charge(self, project: Project, question: Question, account: Integration | None) -> None:
        """The credit of a call that is about to be answered; two calls never share the last one."""
        platform = account.platform if account else question.platform or "analytics"
        entry = credits.Entry(new_id("ana"), 1, PRICE, platform, account.id if account else "")
        at = clock.now()
        await self._store.write(lambda db: credits.charge(db, project.id, entry, funds=project, at=at))


def _which(
    db: Connection, project: Project, post_id: str, question: Question
) -> tuple[str | None, str | None]:
    """(our post, None) or (None, the network's id). Raises NotFound for what is neither."""
    account_id, live = question.account_id, question.source == "platform"
    own_id = _own_id(db, project, post_id, account_id)
    if own_id is None:
        if account_id is None or question.source == "postpeer" or not _NETWORK_ID.fullmatch(post_id):
            raise NotFound(
                "There is no post with this id in this project.",
                code="post_not_found",
                next_step="For a network's own id, name the account with accountId."
                if not account_id
                else "",
            )
        return None, post_id
    rows = _published_of(db, project, own_id, question)
    if not rows:
        raise NotFound(
            "This post is not published on what was asked for.",
            code="post_not_published",
            next_step="GET /v1/posts/{postId} shows how far it is.",
        )
    if live:
        return None, post_id if post_id != own_id else str(rows[0].proof_id)
    return own_id, None


def _not_ours(next_step: str = "") -> NotFound:
    return NotFound(
        "There is no post with this id in this project.", code="post_not_found", next_step=next_step
    )


def _no_such_post(account: Integration) -> NotFound:
    return NotFound(f"{_name(account)} shows this account no post with this id.", code="post_not_found")


def _own_id(db: Connection, project: Project, post_id: str, account_id: str | None) -> str | None:
    try:
        return str(changes.load(db, project.id, post_id).id)
    except NotFound:
        return selection.ours(db, project.id, account_id, post_id) if account_id is not None else None


def _published_of(db: Connection, project: Project, post_id: str, question: Question) -> list[Row[Any]]:
    own = Own(None, question.platform, question.account_id, post_id, question.hidden)
    return selection.targets_of(db, project.id, own, [post_id])


def _measured_by(account: Integration) -> MetricsSource:
    """The network's way of telling figures. Raises InvalidRequest where there is none, or the account is dead."""
    network = connector(account.platform)
    if not isinstance(network, MetricsSource):
        said = Problem(
            "accountId",
            f"is on {_name(account)}, which tells apps no figures of posts",
            "Ask without source=platform for what was published here.",
            "figures_unsupported",
        )
        raise InvalidRequest([said])
    if account.auth_status == "reconnect_required":
        raise _reconnect("is of an account whose authorisation has ended")
    return network


def _refuse(account: Integration, rest: metrics.Rest) -> NoReturn:
    if rest.code == ReconnectRequired.code:
        raise _reconnect(f"cannot be read: {rest.message}")
    raise UpstreamError(f"{_name(account)} could not be read: {rest.message}"[:480], code=rest.code)


def _reconnect(said: str) -> InvalidRequest:
    hint = "Connect the account again."
    return InvalidRequest([Problem("accountId", said.removesuffix(f" {hint}"), hint, "reconnect_required")])


def _still_reading(account: Integration) -> UpstreamError:
    return UpstreamError(
        f"{_name(account)} is still being read.",
        code="still_reading",
        next_step="Ask again in a minute; this call was not charged.",
    )


def _reason(error: UpstreamError | InvalidRequest) -> NoMetrics:
    code = error.problems[0].code if isinstance(error, InvalidRequest) else error.code
    return NoMetrics(code, error.message)


def _name(account: Integration) -> str:
    network = connector(account.platform)
    return network.spec.name if network is not None else account.platform
