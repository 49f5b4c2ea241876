"""Carries wake-ups to their handlers: side by side, and never two at a time for one lane of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial

import structlog

from polypost import clock
from polypost.engine.port import Handler, WakeUp
from polypost.engine.seats import Seats
from polypost.errors import StoreUnavailable
from polypost.observability import metrics

# Seconds; after these the sweeper is the net.
STORE_PAUSES = (0.5, 1.0, 2.0, 5.0)
LOOK_AT_CLOCK_SECONDS = 1.0
# Who waits no longer than this for its project's share does not wait at all (RELIABILITY G12).
PATIENCE_SECONDS = 2.0

log = structlog.get_logger("polypost.engine")


class _Turn:
    """The wake-ups of one lane, which are answered one after the other, each when there is a seat for it.

    `begun` is set when its bearer need not wait for it any longer: the handler has ended or gone aside, or never begins.
    """

    def __init__(self, wake_up: WakeUp) -> None:
        self.wake_ups = {wake_up.key: wake_up}
        self.share = wake_up.share
        self.running = False
        self.loaded = False
        self.since = clock.monotonic()
        self.told: set[str] = set()
        self.begun = asyncio.Event()


_present: ContextVar[tuple[Seats, _Turn] | None] = ContextVar("polypost_turn", default=None)


@asynccontextmanager
async def aside() -> AsyncIterator[None]:
    """Do without the seat of the handler that runs, for a while in which only the outside works; then take one again.

    From then on the handler counts as one with media. Outside a handler it does nothing. Raises Crowded.
    """
    present = _present.get()
    if present is None:
        yield
        return
    seats, turn = present
    seats.step_aside(turn.share)
    seats.give(turn.share, loaded=turn.loaded)
    turn.begun.set()
    try:
        yield
    finally:
        seats.step_back(turn.share)
        await seats.sit(turn.share)
        turn.loaded = True


class Runner:
    """The handlers that run in this process; with `holds` true none begins."""

    def __init__(
        self, handlers: Mapping[str, Handler], *, workers: int, holds: Callable[[], bool] = lambda: False
    ) -> None:
        self._handlers = handlers
        self._seats = Seats(workers)
        self._holds = holds
        self._turns: dict[tuple[str, str], _Turn] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def offer(self, wake_up: WakeUp) -> asyncio.Event | None:
        """Answer the wake-up when its turn comes; the event says that it need not be held any longer.

        None when that is so at once: the wake-up's lane has its turn already, or its project has its share of the seats
        and the next one that it frees is for this.
        """
        lane = (wake_up.kind, wake_up.lane or wake_up.key)
        known = self._turns.get(lane)
        if known is not None:
            # Kept by key: the target of one wake-up may be gone when another's is due.
            known.wake_ups[wake_up.key] = wake_up
            return None
        turn = self._turns[lane] = _Turn(wake_up)
        at_once = not self._seats.has_share(wake_up.share)
        self._queue(lane, turn)
        return None if at_once else turn.begun

    def goes_on(self) -> bool:
        """Whether the handler that runs may answer its lane's next wake-up too: nobody waits for its seat, nothing has to stop."""
        present = _present.get()
        stops = self._closed or self._holds()
        return present is not None and not (present[1].loaded or stops or self._seats.waited_for())

    def answered(self, key: str) -> None:
        """The handler that runs answers this wake-up of its lane too."""
        present = _present.get()
        if present is not None:
            present[1].wake_ups.pop(key, None)
            present[1].told.discard(key)

    def numbers(self) -> dict[str, int]:
        """The seats, how many are taken, how many handlers are aside, and how many lanes wait for a seat."""
        return self._seats.numbers() | {"waiting": sum(not turn.running for turn in self._turns.values())}

    def above_share(self, kind: str, most: int) -> list[str]:
        """Keys of wake-ups of `kind` that wait because their project has its share, each told once; `most` of them."""
        found: list[str] = []
        for (of, _), turn in self._turns.items():
            waits = of == kind and not turn.running and clock.monotonic() - turn.since > PATIENCE_SECONDS
            if waits and not self._seats.has_share(turn.share):
                new = [key for key in turn.wake_ups if key not in turn.told][: most - len(found)]
                turn.told.update(new)
                found += new
        return found

    def close(self) -> None:
        """Begin nothing new."""
        self._closed = True
        self._seats.begin_nothing()
        for turn in self._turns.values():
            if not turn.running:
                turn.begun.set()

    async def drain(self) -> list[WakeUp]:
        """Wait for every handler that runs or is aside; the wake-ups that none has answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)
        left = [wake_up for turn in self._turns.values() for wake_up in turn.wake_ups.values()]
        self._turns.clear()
        self._closed = False
        return left

    def _queue(self, lane: tuple[str, str], turn: _Turn) -> None:
        turn.since = clock.monotonic()
        if not self._closed:
            self._seats.ask(turn.share, partial(self._begin, lane, turn))

    def _begin(self, lane: tuple[str, str], turn: _Turn) -> None:
        turn.running = True
        metrics.SEAT_WAIT.observe(clock.monotonic() - turn.since, lane[0])
        task = asyncio.create_task(self._run(lane, turn), name=f"polypost-{lane[0]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: tuple[str, str], turn: _Turn) -> None:
        _present.set((self._seats, turn))
        try:
            while self._holds() and not self._closed:  # noqa: ASYNC110  # a clock sets no event
                await asyncio.sleep(LOOK_AT_CLOCK_SECONDS)
            if not self._closed:
                # A wake-up that comes before the handler begins is answered by this run.
                key = turn.wake_ups.pop(next(iter(turn.wake_ups))).key
                turn.told.discard(key)
                await self._call(lane[0], key)
        finally:
            turn.running = False
            turn.begun.set()
            if not turn.wake_ups:
                del self._turns[lane]
            loaded, turn.loaded = turn.loaded, False
            self._seats.give(turn.share, loaded=loaded)
            if turn.wake_ups:
                # Behind the others that wait: a lane with much to do keeps no seat.
                self._queue(lane, turn)

    async def _call(self, kind: str, key: str) -> None:
        """Run the handler; some times more while the store is out of order, since its wake-up is used up."""
        for pause in (*STORE_PAUSES, 0.0):
            try:
                await self._handlers[kind](key)
            except StoreUnavailable as trouble:
                log.warning("the store is out of order", kind=kind, key=key, reason=trouble.message)
                await asyncio.sleep(pause)
            except Exception:
                # The row still says what is due; the sweeper wakes again.
                log.exception("handler failed", kind=kind, key=key)
                return
            else:
                return
