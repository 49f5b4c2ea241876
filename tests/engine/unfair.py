"""`make unfair`: project A does its worst, and project B's text post is to be out within 2 seconds all the same.

On each store, real processes, each scenario on a world of its own, the sandbox a process beside it. While A is loud, B
publishes at once, two seconds ahead, and seventeen seconds ahead, which is further than the engine looks. Two rows
are about an account alone: posts a second apart, and what comes after a worker that was killed or has vanished.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from polypost import clock
from tests import databases
from tests.engine.loud import Out, Stage, on_stage, repeating
from tests.engine.media_host import STUMBLES
from tests.engine.nameless import KNOWN, NoSuchMachine, names_that_hang
from tests.engine.results import Results
from tests.preloaded import Nursery

STORES = ("sqlite", "postgresql")
RESULTS = Path("unfair-results.jsonl")
QUICKLY = 2.0
KILLED = 6.0
VANISHED = 5.0
# Of a post that is not out by then it is only said that it was later.
PATIENCE = 20.0
SOON, FAR = 2.0, 17.0
NETWORK_SECONDS = 0.1
DEAD_ACCOUNTS = 8


@dataclass(frozen=True)
class Sizes:
    """How loud A is, how often B posts, and the lease in seconds."""

    rounds: int = 3
    accounts: int = 40
    overdue: int = 2250
    crowd: int = 2000
    files: int = 40
    rows: int = 2000
    history: int = 200_000
    readers: int = 8
    lease: int = 30


QUICK = Sizes(rounds=1, crowd=500, rows=500, history=50_000, lease=12)


@dataclass
class Row:
    """What a scenario showed: seconds of each post, the bound, and what else must not be."""

    lags: list[float] = field(default_factory=list)
    bound: float = QUICKLY
    wrong: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def verdict(self) -> str:
        """One word, and why."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        late = sum(lag > self.bound for lag in self.lags)
        said = [f"{late} of {len(self.lags)} late"] if late else []
        return "; ".join([*said, *self.wrong]) or "ok"


Loudness = Callable[[Stage, Sizes], AbstractContextManager[None]]


@contextmanager
def films(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """A slow film for many accounts of A's, in one post; let go, it is out on all of them."""
    film = {"type": "video", "url": stage.host.url("film/slow.mp4")}
    (post,) = stage.shout(stage.copies("twitter", sizes.accounts), mediaItems=[film])
    until(lambda: stage.host.asked.total() > 0, "A's film is fetched")
    yield
    stage.host.let_come()
    assert stage.loud.settle(post, seconds=180)[0]["status"] == "published", "A's films are not out"


@contextmanager
def same(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """The same, and who posts a text beside it is A itself, on another account."""
    stage.quiet = stage.loud
    with films(stage, sizes):
        yield


@contextmanager
def overdue(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """Thousands of posts of one account of A's whose instants have passed."""
    stage.slow_network(NETWORK_SECONDS)
    stage.backlog(sizes.overdue)
    until(lambda: stage.visible() > 0, "A's backlog goes out")
    yield


@contextmanager
def crowd(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """Thousands of accounts of A's, each with something due."""
    stage.slow_network(5 * NETWORK_SECONDS)
    stage.shout(stage.copies("twitter", sizes.crowd))
    yield


@contextmanager
def uploads(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """Many files of A's, each of thousands of posts for another day, are made into posts."""
    bulks = [stage.upload(sizes.rows) for _ in range(sizes.files)]
    yield
    # Else there was nobody loud.
    assert any(stage.running(bulk) for bulk in bulks), "A's uploads were done before B's posts"


@contextmanager
def lists(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """A reads its long history through several connections, narrowed to a network."""
    stage.history(sizes.history)
    with repeating(lambda client: client.get("/v1/posts?platform=twitter"), stage.loud, sizes.readers):
        time.sleep(1)
        yield


@contextmanager
def dead(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """A's server of a network takes calls and never answers; B is on the same network."""
    stage.platform = "mastodon"
    stage.quiet.published("mastodon")
    # Longer than any call may take.
    stage.loud.fault("slow", stage.loud.account("mastodon"), seconds=0.7 * sizes.lease)
    (post,) = stage.shout(stage.copies("mastodon", DEAD_ACCOUNTS), "mastodon")
    until(lambda: stage.said(post)["exchange"] >= DEAD_ACCOUNTS, "A's calls fail", PATIENCE + sizes.lease)
    yield


@contextmanager
def names(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """A names media hosts whose look-ups hang; B's post has a picture of a host by name."""
    accounts = stage.copies("twitter", sizes.accounts // 4)
    for number, account in enumerate(accounts):
        pictures = [
            {"type": "image", "url": f"http://hang-{number}-{each}.example.net/picture.jpg"}
            for each in range(4)
        ]
        stage.shout([account], mediaItems=pictures)
    stage.more = {"mediaItems": [{"type": "image", "url": stage.host.url("picture/b.jpg", KNOWN)}]}
    yield


@contextmanager
def stumbling(stage: Stage, sizes: Sizes) -> Iterator[None]:
    """A's media host fails each file once, in one way or another; all of A's posts are out in the end."""
    posts = []
    for kind, account in zip(STUMBLES, stage.copies("twitter", len(STUMBLES)), strict=True):
        picture = {"type": "image", "url": stage.host.url(f"{kind}/picture.jpg")}
        posts += stage.shout([account], mediaItems=[picture])
    yield
    ended = zip(STUMBLES, stage.loud.settle(*posts), strict=True)
    failed = [kind for kind, post in ended if post["status"] != "published"]
    assert not failed, f"A's own posts failed: {', '.join(failed)}"


LOUD: dict[str, Loudness] = {
    "films": films,
    "same": same,
    "overdue": overdue,
    "crowd": crowd,
    "uploads": uploads,
    "lists": lists,
    "dead": dead,
    "names": names,
    "stumbling": stumbling,
}
OWN = ("apart", "killed", "vanished")


def beside(stage: Stage, loud: Loudness, sizes: Sizes) -> Row:
    """B's posts while A is loud."""
    row = Row()
    try:
        with loud(stage, sizes):
            far = [_said(stage, row, FAR + number) for number in range(sizes.rounds)]
            for _ in range(sizes.rounds):
                _seen(stage, row, [_said(stage, row, SOON), _said(stage, row)])
            _seen(stage, row, far)
    except AssertionError as fault:
        row.wrong.append(str(fault).splitlines()[0])
    return row


def apart(stage: Stage) -> Row:
    """Ten posts of one account, a second apart, all of them further ahead than the engine looks."""
    row = Row()
    _seen(stage, row, [_said(stage, row, FAR + 3 + number) for number in range(10)])
    return row


def orphaned(stage: Stage, lease: float, *, vanished: bool = False) -> tuple[Out, Out]:
    """A post whose worker ended, or stopped, in the middle of its call, and the account's next one, which is due."""
    first, *others = stage.world.workers or [stage.world.server]
    for other in others:
        # Of two workers the one that sleeps takes nothing.
        os.kill(other.pid, signal.SIGSTOP)
    stage.quiet.fault("slow", stage.quiet.account("twitter"), seconds=min(lease / 3 - 1, 5), times=1)
    held = stage.seen(stage.say(), PATIENCE)
    assert held.seen is not None, "never: the first post is in its call"
    next_one = stage.say()
    for other in others:
        os.kill(other.pid, signal.SIGCONT)
    next_one.wanted = clock.now()
    if vanished:
        os.kill(first.pid, signal.SIGSTOP)
        return held, next_one
    first.kill()
    if first is stage.world.server:
        stage.world.start_server()
    return held, next_one


def holder(stage: Stage, lease: int, *, vanished: bool) -> Row:
    """Seconds from a worker's end in the middle of a call until the account's next post is out."""
    row = Row(bound=lease + VANISHED if vanished else KILLED)
    held, next_one = orphaned(stage, lease, vanished=vanished)
    row.lags.append(stage.seen(next_one, row.bound + PATIENCE).late)
    if vanished:
        os.kill(stage.world.workers[0].pid, signal.SIGCONT)
    stage.quiet.settle(held.post_id, next_one.post_id, seconds=2 * lease + PATIENCE)
    row.wrong += [f"out {count} times" for out in (held, next_one) if (count := stage.times(out)) != 1]
    return row


def _said(stage: Stage, row: Row, seconds: float | None = None) -> Out | None:
    """B's post; None when it was not even accepted, as one whose instant passed before that."""
    began = time.monotonic()
    try:
        return stage.say(seconds=seconds)
    except AssertionError as refused:
        row.lags.append(time.monotonic() - began)
        row.wrong.append(f"refused: {refused}"[:120])
        return None


def _seen(stage: Stage, row: Row, sent: Sequence[Out | None]) -> None:
    for out in sent:
        if out is None:
            continue
        row.lags.append(stage.seen(out, PATIENCE).late)
        target = stage.quiet.get(out.post_id)["platforms"][0]
        if target["status"] == "failed":
            row.wrong.append(f"B's post failed: {target.get('errorCode')}")


def play(name: str, sizes: Sizes, folder: Path, url: str | None, nursery: Nursery | None = None) -> Row:
    """One scenario on a world of its own."""
    if name == "vanished" and url is None:
        return Row(skipped="the one process there is")
    env = {"POLYPOST_LEASE_SECONDS": str(sizes.lease), "POLYPOST_HEARTBEAT_SECONDS": str(sizes.lease / 3)}
    with ExitStack() as closing:
        before: Sequence[str] = ()
        if name == "names":
            try:
                before = closing.enter_context(names_that_hang(folder / "machine"))
            except NoSuchMachine as reason:
                return Row(skipped=str(reason))
        workers = 2 if name in {"killed", "vanished"} else 1
        stage = closing.enter_context(
            on_stage(folder, url, nursery=nursery, before=before, workers=workers, **env)
        )
        if name == "apart":
            return apart(stage)
        if name in OWN:
            return holder(stage, sizes.lease, vanished=name == "vanished")
        return beside(stage, LOUD[name], sizes)


def table(rows: Sequence[tuple[str, str, Row]]) -> Iterator[str]:
    """What is printed of all scenarios."""
    yield f"{'scenario':<11} {'store':<11} {'median':>8} {'worst':>8} {'bound':>6}  verdict"
    for name, store, row in rows:
        figures = f"{'–':>8} {'–':>8}"
        if row.lags:
            figures = f"{statistics.median(row.lags):6.2f} s {max(row.lags):6.2f} s"
        yield f"{name:<11} {store:<11} {figures} {row.bound:4.0f} s  {row.verdict}"


def main() -> int:
    """The command line; exit status 1 when a figure falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", choices=STORES, action="append", help="only this one")
    parser.add_argument("--only", default="", help=f"only these, by comma: {', '.join((*LOUD, *OWN))}")
    parser.add_argument("--quick", action="store_true", help="fewer posts, a shorter lease")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    wanted = asked.only.split(",") if asked.only else [*LOUD, *OWN]
    if unknown := set(wanted) - {*LOUD, *OWN}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    # Else a run that is ended leaves its servers behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sizes, results = QUICK if asked.quick else Sizes(), Results("unfair", asked.results)
    stores = asked.store or STORES
    rows = []
    with ExitStack() as closings:
        folder = closings.enter_context(tempfile.TemporaryDirectory(prefix="polypost-unfair-"))
        nursery = closings.enter_context(closing(Nursery()))
        server = closings.enter_context(databases.server()) if "postgresql" in stores else ""
        for store in stores:
            for name in wanted:
                load = os.getloadavg()[0]
                url = databases.fresh_database(server) if store == "postgresql" else None
                row = play(name, sizes, Path(folder) / f"{store}-{name}", url, nursery)
                rows.append((name, store, row))
                results.keep(store, name, {"load": load, "quick": asked.quick, **asdict(row)})
                lags = " ".join(f"{lag:.2f}" for lag in row.lags)
                print(f"{name} on {store}: {lags or '–'} s, {row.verdict} (load {load:.1f})", flush=True)
    print("\n" + "\n".join(table(rows)))
    return 0 if all(row.skipped or row.verdict == "ok" for _, _, row in rows) else 1


def until(look: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait until it is so. Raises AssertionError when it is not after so many seconds."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
