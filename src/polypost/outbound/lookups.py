"""Looking names up: on threads of each project's own, within a time, so that names that hang hold up their project alone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

LOOKUP_SECONDS = 5.0
THREADS_EACH = 4
# With these the name's own servers have said that it has no address; whatever else went wrong may be over soon.
_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_project: ContextVar[str] = ContextVar("project", default="")


def on_behalf_of(project_id: str) -> None:
    """Count what this task looks up from now on to a project's share."""
    _project.set(project_id)


def no_such_name(error: OSError) -> bool:
    """Whether a look-up failed because there is no such name, and not because nobody could be asked."""
    return isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME


@dataclass(slots=True)
class _Share:
    """The seats of one project, and how many sit on them or wait for one."""

    seats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS_EACH))
    users: int = 0


class Resolver:
    """The system's resolver. A project has `THREADS_EACH` look-ups under way at most, further ones wait for a seat.

    A thread that hangs in the C library cannot be ended: it keeps its project's seat until it returns, also when nobody
    waits for it any more, and nobody else's. `look` stands in for `socket.getaddrinfo`.
    """

    def __init__(self, look: Callable[..., Sequence[Any]] = socket.getaddrinfo) -> None:
        self._look = look
        self._shares: dict[str, _Share] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """All addresses of `host`, in the system's order. Raises OSError when there are none in `LOOKUP_SECONDS`."""
        project = _project.get()
        share = self._shares.setdefault(project, _Share())
        share.users += 1
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                await share.seats.acquire()
                answers = await self._begin(project, share, host, port)
        finally:
            self._leave(project, share)
        return [str(answer[4][0]) for answer in answers]

    def _begin(self, project: str, share: _Share, host: str, port: int) -> asyncio.Future[Sequence[Any]]:
        loop = asyncio.get_running_loop()
        asked: asyncio.Future[Sequence[Any]] = loop.create_future()
        share.users += 1

        def done(answers: Sequence[Any] | None, error: OSError | None) -> None:
            share.seats.release()
            self._leave(project, share)
            if asked.done():
                return
            if error is not None:
                asked.set_exception(error)
            else:
                asked.set_result(answers or ())

        def run() -> None:
            answers, error = None, None
            try:
                answers = self._look(host, port, type=socket.SOCK_STREAM)
            except OSError as failed:
                error = failed
            except Exception as fault:  # noqa: BLE001  # a name that cannot be written down; whoever waits has to hear of it
                error = OSError(str(fault))
            # Should the loop be closed by now, nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(done, answers, error)

        try:
            # A daemon, so that a name that hangs does not keep the process from ending.
            threading.Thread(target=run, name="polypost-lookup", daemon=True).start()
        except RuntimeError as full:
            done(None, OSError(str(full)))
        return asked

    def _leave(self, project: str, share: _Share) -> None:
        share.users -= 1
        if not share.users:
            self._shares.pop(project, None)
