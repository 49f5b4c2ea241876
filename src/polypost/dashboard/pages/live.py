"""Live: which posts of a project changed, told to open pages by server-sent events."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog
from starlette.responses import Response, StreamingResponse

from polypost.dashboard.web import Page, Visit
from polypost.errors import StoreUnavailable
from polypost.posts import queries
from polypost.storage import Store

log = structlog.get_logger("polypost.dashboard")
# Between two looks without news; what comes within the pause after news goes together.
LOOK_SECONDS, PAUSE_SECONDS, REST_SECONDS = 1.0, 0.15, 5.0
# A silent connection says something so often, and ends after so long: then it is asked again who is there.
BEAT_SECONDS, LIFE_SECONDS = 15.0, 120.0
MOST_OF_SESSION, MOST = 6, 1000
# How many changes are kept for who comes back, and how many marks to tell changes by.
KEPT, MARKS = 500, 5000


class News:
    """What changed in one project, gathered once for all who look; reads while somebody does.

    Each change has a number, and who comes back says the last that it heard of.
    """

    def __init__(self, store: Store, project_id: str) -> None:
        self.name = secrets.token_hex(4)
        self.number = 0
        self.awake: set[asyncio.Event] = set()
        self._store = store
        self._project_id = project_id
        self._changes: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self._marks: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Event:
        """Begin to be told; `leave` ends it."""
        event = asyncio.Event()
        self.awake.add(event)
        if self._task is None:
            self._task = asyncio.create_task(self._gather(), name="polypost-live")
        return event

    def leave(self, event: asyncio.Event) -> bool:
        """Be told no more; says whether nobody is left, and ends with the last."""
        self.awake.discard(event)
        if self.awake:
            return False
        if self._task is not None:
            self._task.cancel()
        return True

    def position(self, said: str) -> int | None:
        """Where to go on after `said`, the last that somebody heard; None when changes may have been missed."""
        name, _, number = said.partition("-")
        first = self._changes[0][0] if self._changes else self.number + 1
        if name != self.name or not number.isdecimal():
            return None
        return int(number) if first - 1 <= int(number) <= self.number else None

    def after(self, position: int) -> list[str] | None:
        """The posts that changed after it, each once; None when there were more than are kept."""
        if position == self.number:
            return []
        if not self._changes or self._changes[0][0] > position + 1:
            return None
        return list(dict.fromkeys(post_id for number, post_id in self._changes if number > position))

    async def _gather(self) -> None:
        held: set[str] = set()
        first = True
        with self._store.signals.overhear("post:") as heard:
            while True:
                named = {topic.partition(":")[2] for topic in heard.topics} | held
                heard.topics.clear()
                try:
                    marks = await self._look(sorted(named))
                except StoreUnavailable as trouble:
                    log.info("changes cannot be read", project=self._project_id, reason=str(trouble))
                    await asyncio.sleep(REST_SECONDS)
                    continue
                except Exception:
                    # Pages are told late, and nothing else depends on it.
                    log.exception("changes cannot be read", project=self._project_id)
                    await asyncio.sleep(REST_SECONDS)
                    continue
                held = {post_id for post_id, mark in marks.items() if mark.keys() - {""}}
                self._take(marks, told=not first)
                first = False
                if await heard.wait(LOOK_SECONDS):
                    await asyncio.sleep(PAUSE_SECONDS)

    async def _look(self, named: list[str]) -> Mapping[str, Any]:
        return await self._store.read(lambda db: queries.changed(db, self._project_id, named))

    def _take(self, marks: Mapping[str, Any], *, told: bool) -> None:
        changed = [post_id for post_id, mark in marks.items() if self._marks.get(post_id) != mark]
        for post_id in changed:
            self._marks.pop(post_id, None)
            self._marks[post_id] = marks[post_id]
        while len(self._marks) > MARKS:
            del self._marks[next(iter(self._marks))]
        if not told or not changed:
            return
        for post_id in changed:
            self.number += 1
            self._changes.append((self.number, post_id))
        for event in self.awake:
            event.set()


class Newsroom:
    """All that are told something in this process: by project, and counted by session."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._projects: dict[str, News] = {}
        self._sessions: Counter[str] = Counter()

    def is_full(self, session_id: str) -> bool:
        """Whether the session, or the server, has as many connections as it may."""
        return self._sessions[session_id] >= MOST_OF_SESSION or self._sessions.total() >= MOST

    async def stream(
        self, project_id: str, session_id: str, said: str, closing: asyncio.Event
    ) -> AsyncIterator[str]:
        """The events of one connection, until it has lived long enough or the server closes."""
        if closing.is_set():
            return
        self._sessions[session_id] += 1
        news = self._projects.setdefault(project_id, News(self._store, project_id))
        event = news.join()
        ending = asyncio.ensure_future(closing.wait())
        try:
            async for each in _told(news, event, said, ending):
                yield each
        finally:
            ending.cancel()
            self._sessions[session_id] -= 1
            if not self._sessions[session_id]:
                del self._sessions[session_id]
            if news.leave(event) and self._projects.get(project_id) is news:
                del self._projects[project_id]


async def _told(
    news: News, event: asyncio.Event, said: str, ending: asyncio.Future[Any]
) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFE_SECONDS
    found = news.position(said) if said else news.number
    position = news.number if found is None else found
    yield "retry: 1000\n" + _event("all" if found is None else "begin", news, position, "")
    while not ending.done() and loop.time() < end:
        changed = news.after(position)
        position = news.number
        if changed is None:
            yield _event("all", news, position, "")
        elif changed:
            yield _event("posts", news, position, " ".join(changed))
        waiting = asyncio.ensure_future(event.wait())
        try:
            limit = min(BEAT_SECONDS, max(0.0, end - loop.time()))
            await asyncio.wait({waiting, ending}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                yield ":\n\n"
        finally:
            waiting.cancel()
        event.clear()


def _event(kind: str, news: News, number: int, data: str) -> str:
    return f"id: {news.name}-{number}\nevent: {kind}\ndata: {data}\n\n"


async def events(visit: Visit) -> Response:
    """Which posts of the project change, from now on; 204, upon which a browser asks no more, where there are too many."""
    assert visit.session is not None
    state = visit.request.scope["polypost.app"].state
    if not hasattr(state, "newsroom"):
        state.newsroom = Newsroom(visit.services.store)
    room: Newsroom = state.newsroom
    if room.is_full(visit.session.id):
        return Response(status_code=204)
    said = visit.request.headers.get("last-event-id", "")
    stream = room.stream(visit.here.id, visit.session.id, said, visit.services.closing)
    # Proxies that gather answers before they pass them on would hold the events back.
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


PAGES = (Page("GET", "/{project}/events", events, "viewer"),)
