"""The state machine: what a post's status is made of, and a random walk of users and workers over the store."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from polypost import access, clock
from polypost.credits import service as credits
from polypost.credits.tables import ledger
from polypost.doctor import findings
from polypost.engine.embedded import EmbeddedEngine
from polypost.errors import (
    ApiError,
    Duplicate,
    NoAnswer,
    NotSent,
    RateLimited,
    Rejected,
)
from polypost.integrations import Vault
from polypost.integrations import service as integrations
from polypost.media import Library
from polypost.outbound import Fetcher, Guard, Networks
from polypost.platforms.base import Absent, Account, Attempt, CannotTell, Found, Post, Proof, Tokens
from polypost.platforms.twitter.connector import TwitterConnector
from polypost.posts import accept, changes, drafts, mending, work
from polypost.posts.orders import Context, NewPost, NewTarget, When
from polypost.posts.states import FINAL, RUNNING, State, derive, may_move, shown
from polypost.posts.tables import posts, targets
from polypost.publishing import Publisher
from polypost.storage import metadata, open_store
from tests.engine.room import LEASE, policy

pytestmark = pytest.mark.long

STATES = st.sampled_from(sorted(State))
# Nobody gives signs of life here, and time passes in leaps.
OF_TIME = {"targets held past their lease", "targets in doubt for more than six hours"}
OUTCOMES = ("out", "lost", "nothing", "refused", "not sent", "limited", "stolen", "given up")


@given(st.lists(STATES, min_size=1), st.booleans())
def test_a_status_says_what_all_targets_say(states, now):
    status = derive(states, publish_now=now)
    assert status == derive(states[::-1], publish_now=now)
    assert (status == "published") == all(state is State.PUBLISHED for state in states)
    assert (status == "draft") == all(state is State.DRAFT for state in states)
    if any(state in RUNNING for state in states):
        assert status == "publishing"
    if status in {"published", "partial", "failed"}:
        assert not any(state in RUNNING or state is State.SCHEDULED for state in states)
    if status == "partial":
        assert {State.PUBLISHED} < set(states)
    if status == "failed":
        assert State.PUBLISHED not in states


@given(st.lists(STATES, min_size=1), STATES)
def test_one_more_target_never_makes_an_open_post_final(states, more):
    final = {"published", "partial", "failed"}
    if derive(states, publish_now=True) == "publishing":
        assert derive([*states, more], publish_now=True) not in final


@given(STATES, STATES)
def test_what_is_published_stays_so(old, new):
    assert not may_move(State.PUBLISHED, new)
    if may_move(old, State.PUBLISHED):
        # Something was sent in this generation, or found of the one before.
        assert old in RUNNING | {State.FAILED}
    if may_move(old, new) and old in FINAL:
        assert (old, new) in {(State.FAILED, State.SCHEDULED), (State.FAILED, State.PUBLISHED)}


@given(STATES)
def test_every_state_has_the_contracts_word(state):
    assert shown(state) in {"draft", "pending", "publishing", "published", "failed"}


class Network(TwitterConnector):
    """A network in memory: one commit call a post, and one outcome after the other. It refuses what it has already.

    Its list may be `dark` (it cannot be read) or `behind` (it shows nothing yet).
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.outcome = "out"
        self.list = "right"
        self.visible: list[tuple[str, str, Proof]] = []

    async def publish(self, run: Any, post: Post) -> Proof:
        async def send() -> Proof:
            return await self.answer(run, post)

        return await run.commit("post", send, handles={"text": post.text})  # type: ignore[no-any-return]  # `run` is Any here

    async def answer(self, run: Any, post: Post) -> Proof:
        if self.outcome == "refused":
            raise Rejected("No.")
        if self.outcome == "not sent":
            raise NotSent
        if self.outcome == "limited":
            raise RateLimited(run.now() + timedelta(minutes=10))
        if self.outcome == "nothing":
            raise NoAnswer
        if any((target, text) == (post.target_id, post.text) for target, text, _ in self.visible):
            raise Duplicate("Again.")
        proof = Proof(str(len(self.visible) + 1))
        self.visible.append((post.target_id, post.text, proof))
        if self.outcome == "lost":
            raise NoAnswer
        if self.outcome in {"stolen", "given up"}:
            # As if this worker was stopped here for longer than its lease.
            clock.advance(LEASE.total_seconds() + 1)
            await self.walk.take_over(post.target_id, to_the_end=self.outcome == "given up")
        return proof

    async def reconcile(self, run: Any, post: Post, attempt: Attempt) -> Found | Absent | CannotTell:
        if self.list == "dark":
            return CannotTell("Dark.")
        # No list lags for a day.
        if self.list == "behind" and run.now() - attempt.started_at < timedelta(days=1):
            return Absent()
        sought = (post.target_id, attempt.handles["text"])
        mine = [proof for target, text, proof in self.visible if (target, text) == sought]
        return Found(mine[0]) if mine else Absent()


class Walk(RuleBasedStateMachine):
    """Users and two workers in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.before = clock._Advance.seconds
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="polypost-walk-")
        self.network = Network(self)
        self.posts: list[str] = []
        self.held: list[tuple[str, work.Claim]] = []
        self.mends = 0

    def do(self, story: Any) -> Any:
        return self.runner.run(story)

    @initialize()
    def open(self) -> None:
        self.do(self._open())

    async def _open(self) -> None:
        folder = Path(self.folder.name)
        self.store = open_store(folder, None)
        await self.store.write(metadata.create_all)
        await self.store.write(
            lambda db: [
                db.exec_driver_sql(statement)
                for statement in (
                    "CREATE TABLE moves (old TEXT, new TEXT)",
                    "CREATE TRIGGER moved AFTER UPDATE OF state ON targets WHEN old.state <> new.state"
                    " BEGIN INSERT INTO moves VALUES (old.state, new.state); END",
                )
            ]
        )
        self.engine = EmbeddedEngine(self.store)
        self.context = Context(self.engine, lambda _: 1, "embedded")
        self.fetcher = Fetcher(Guard())
        self.networks = Networks()
        media = Library(self.store, self.fetcher, folder / "media", owner="embedded", host="test")
        self.publishers = {
            owner: Publisher(
                self.store,
                self.engine,
                tokens=self,  # type: ignore[arg-type]  # only what the publisher asks for
                media=media,
                networks=self.networks,
                policy=policy(reconcile_at=(2, 10)),
                owner=owner,
                connectors=lambda _: self.network,
            )
            for owner in ("run_1", "run_2")
        }

        def people(db: Any) -> None:
            self.project = access.create_project(db, "test", credits=30)
            self.accounts = [
                integrations.add(
                    db,
                    Vault(bytes(32)),
                    self.project.id,
                    Account(str(number)),
                    Tokens("token"),
                    platform="twitter",
                ).id
                for number in (1, 2)
            ]

        await self.store.write(people)

    def teardown(self) -> None:
        async def close() -> None:
            await self.networks.aclose()
            await self.fetcher.aclose()
            await self.store.close()

        if self.posts or hasattr(self, "store"):
            self.do(close())
        self.runner.close()
        self.folder.cleanup()
        clock._Advance.seconds = self.before

    def at_hand(self, _db: Any, row: Any) -> tuple[Any, Tokens]:
        return None if row is None else integrations.read(row), Tokens("token")

    async def live(self, _project: str, _integration: str, *, refused: str | None = None) -> Tokens:
        """The token source of both publishers."""
        return Tokens("token")

    def ask(self, change: Any) -> bool:
        """A user's request; whether it was granted."""
        try:
            self.do(self.store.write(change))
        except ApiError:
            return False
        return True

    # Users

    @precondition(lambda self: len(self.posts) < 4)
    @rule(both=st.booleans(), after=st.sampled_from([None, None, 30.0]))
    def accept(self, both: bool, after: float | None) -> None:
        when = None if after is None else When(clock.now() + timedelta(seconds=after), "UTC")
        chosen = self.accounts if both else self.accounts[:1]
        text = f"text {len(self.posts)}"
        order = NewPost(
            text, [NewTarget("twitter", account) for account in chosen], (), when, "UTC", {}, api_key_id="k"
        )

        def write(db: Any) -> None:
            made.append(accept.create(db, self.context, self.project, order).post_id)

        made: list[str] = []
        if self.ask(write):
            self.posts.append(made[-1])

    @precondition(lambda self: len(self.posts) < 4)
    @rule()
    def keep_a_draft(self) -> None:
        text = f"text {len(self.posts)}"
        order = NewPost(text, [NewTarget("twitter", self.accounts[0])], (), None, "UTC", {}, api_key_id="k")
        before = self.do(self.store.read(lambda db: credits.used(db, self.project.id)))
        kept = self.do(self.store.write(lambda db: drafts.create(db, self.context, self.project, order)))
        assert self.do(self.store.read(lambda db: credits.used(db, self.project.id))) == before
        self.posts.append(kept[0])

    @precondition(lambda self: self.posts)
    @rule(data=st.data(), now=st.booleans(), edit=st.booleans())
    def go_on_with_a_draft(self, data: Any, now: bool, edit: bool) -> None:
        post = data.draw(st.sampled_from(self.posts))
        drafted = {row.state for row in self.rows() if row.post_id == post} == {"draft"}
        hour = None if now else When(clock.now() + timedelta(seconds=60), "UTC")
        order = NewPost(f"{post} again", [NewTarget("twitter", self.accounts[1])], (), None, "UTC", {})

        def write(db: Any) -> None:
            if edit:
                drafts.edit(db, self.context, self.project, post, order)
            else:
                drafts.schedule(db, self.context, self.project, post, hour)

        # Nothing but a draft can be gone on with; a draft fails only for want of credits.
        granted = self.ask(write)
        assert drafted or not granted

    @precondition(lambda self: self.posts)
    @rule(
        data=st.data(),
        what=st.sampled_from(
            ["cancel", "reschedule", "retry", "force", "force", "mend", "mend force", "mend force", "remove"]
        ),
    )
    def change(self, data: Any, what: str) -> None:
        post = data.draw(st.sampled_from(self.posts))
        hour = When(clock.now() + timedelta(seconds=60), "UTC")
        self.mends += 1
        better = mending.Mend(f"{post} mended {self.mends}", None, None, force=False, by="k")
        asked = {
            "cancel": lambda db: changes.cancel(db, self.project.id, post),
            "reschedule": lambda db: changes.reschedule(db, self.context, self.project, post, hour),
            "retry": lambda db: changes.retry(db, self.context, self.project, post, None, force=False),
            "force": lambda db: changes.retry(db, self.context, self.project, post, None, force=True),
            "mend": lambda db: mending.mend_failed(db, self.context, self.project, post, better),
            "mend force": lambda db: mending.mend_failed(
                db, self.context, self.project, post, better._replace(force=True)
            ),
            "remove": lambda db: changes.remove(db, self.project.id, post),
        }
        if self.ask(asked[what]) and what == "cancel":
            states = {row.state for row in self.rows() if row.post_id == post}
            assert states == {"draft"}

    @rule(seconds=st.sampled_from([1, 31, 301, 1801]))
    def wait(self, seconds: int) -> None:
        clock.advance(seconds)

    # Workers

    async def claim_of(self, target_id: str, owner: str) -> work.Claim | None:
        now = clock.now()
        claimed = await self.store.write(lambda db: work.claim(db, target_id, by=owner, lease=LEASE, now=now))
        return claimed if isinstance(claimed, work.Claim) else None

    async def carry(self, owner: str, claimed: work.Claim) -> None:
        publisher = self.publishers[owner]
        await publisher._own(await self.store.read(lambda db: publisher._hand(db, claimed)))

    async def take_over(self, target_id: str, *, to_the_end: bool) -> None:
        """The other worker takes over what the account has due, perhaps to the end of all looks."""
        self.network.outcome = "nothing"
        self.network.list = "dark"
        for _ in range(6 if to_the_end else 1):
            claimed = await self.claim_of(target_id, "run_2")
            if claimed is not None:
                await self.carry("run_2", claimed)
            if to_the_end:
                clock.advance(11)
        self.network.list = "right"

    @precondition(lambda self: self.posts)
    @rule(data=st.data(), owner=st.sampled_from(["run_1", "run_2"]))
    def claim(self, data: Any, owner: str) -> None:
        ids = [row.id for row in self.rows() if row.next_at is not None]
        if ids and (claimed := self.do(self.claim_of(data.draw(st.sampled_from(ids)), owner))):
            self.held.append((owner, claimed))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def work_on(self, data: Any, outcome: str) -> None:
        owner, claimed = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.network.outcome = outcome
        self.do(self.carry(owner, claimed))

    @precondition(lambda self: self.posts)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def claim_and_work(self, data: Any, outcome: str) -> None:
        ids = [row.id for row in self.rows() if row.next_at is not None]
        if ids and (claimed := self.do(self.claim_of(data.draw(st.sampled_from(ids)), "run_1"))):
            self.network.outcome = outcome
            self.do(self.carry("run_1", claimed))

    @precondition(lambda self: any(row.state == "unknown" for row in self.rows()))
    @rule()
    def give_up(self) -> None:
        """No look shows anything, to the end."""
        self.network.outcome, self.network.list = "nothing", "dark"
        for row in [row for row in self.rows() if row.state == "unknown"]:
            for _ in range(3):
                clock.advance(11)
                if claimed := self.do(self.claim_of(row.id, "run_2")):
                    self.do(self.carry("run_2", claimed))
        self.network.list = "right"

    @precondition(lambda self: any(row.state == "unknown" for row in self.rows()))
    @rule(
        data=st.data(), shows=st.sampled_from(["right", "dark", "behind"]), outcome=st.sampled_from(OUTCOMES)
    )
    def look(self, data: Any, shows: str, outcome: str) -> None:
        """Let the time pass until a target in doubt is looked for, and look."""
        doubtful = [row for row in self.rows() if row.state == "unknown"]
        row = data.draw(st.sampled_from(doubtful))
        clock.advance(max((row.next_at - clock.now()).total_seconds(), 0) + 1)
        self.network.list = shows
        if claimed := self.do(self.claim_of(row.id, "run_1")):
            self.network.outcome = outcome
            self.do(self.carry("run_1", claimed))
        self.network.list = "right"

    # What must hold

    def rows(self) -> list[Any]:
        return list(self.do(self.store.read(lambda db: db.execute(select(targets)).all())))

    @invariant()
    def healthy(self) -> None:
        if not hasattr(self, "project"):
            return
        found = self.do(self.store.read(lambda db: findings(db, clock.now())))
        assert [each for each in found if each.message not in OF_TIME] == []

    @invariant()
    def moves_are_allowed(self) -> None:
        if not hasattr(self, "project"):
            return
        moves = self.do(
            self.store.read(lambda db: db.exec_driver_sql("SELECT DISTINCT old, new FROM moves").all())
        )
        assert [move for move in moves if not may_move(State(move[0]), State(move[1]))] == []

    @invariant()
    def nothing_is_out_twice(self) -> None:
        assert max(Counter(target for target, _, _ in self.network.visible).values(), default=0) <= 1

    @invariant()
    def status_is_true(self) -> None:
        if not hasattr(self, "project"):
            return
        out = {target: (text, proof.id) for target, text, proof in self.network.visible}
        said = dict(
            self.do(self.store.read(lambda db: db.execute(select(posts.c.id, posts.c.content)).all()))
        )
        for row in self.rows():
            if row.state == "published":
                # Also when what was sent before a change turned up after it.
                assert out[row.id] == (row.content or said[row.post_id], row.proof_id)
            if row.state == "failed" and row.error_code != "outcome_unknown":
                assert row.id not in out

    @invariant()
    def credits_are_exact(self) -> None:
        if not hasattr(self, "project"):
            return
        free = self.do(
            self.store.read(
                lambda db: (
                    db.execute(select(ledger.c.target_id).where(ledger.c.kind == "waived")).scalars().all()
                )
            )
        )
        rows = self.rows()
        paid = sum(row.state not in {"failed", "draft"} and row.id not in free for row in rows)
        # What is found late is free only once it is published; until then its new reservation holds.
        held = sum(row.state not in {"failed", "draft", "published"} and row.id in free for row in rows)
        assert self.do(self.store.read(lambda db: credits.used(db, self.project.id))) == paid + held


Walk.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestWalk = Walk.TestCase
