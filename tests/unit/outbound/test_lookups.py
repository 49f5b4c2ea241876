"""Names that hang hold up their own project, and no thread is left behind without bound (E3)."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from polypost.outbound import Fetcher, FetchStumbled, Guard, on_behalf_of
from polypost.outbound.lookups import THREADS_EACH, Resolver

pytestmark = pytest.mark.anyio


class Names:
    """The system's resolver: names that begin with `hang` wait until the test lets them go."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()

    def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        if host.startswith("hang"):
            self.go.wait(60)
        if host.startswith("none"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if host.startswith("later"):
            raise socket.gaierror(socket.EAI_AGAIN, "nobody to ask")
        return [(0, 0, 0, "", ("192.0.2.1", port))]


@pytest.fixture
def names() -> Iterator[Names]:
    made = Names()
    yield made
    made.go.set()


async def look(resolver: Resolver, project: str, host: str) -> list[str]:
    on_behalf_of(project)
    return list(await resolver(host, 80))


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_names_that_hang_hold_up_their_own_project_alone(names: Names) -> None:
    resolver = Resolver(names)
    hanging = [asyncio.create_task(look(resolver, "loud", f"hang{n}")) for n in range(3 * THREADS_EACH)]
    await until(lambda: len(names.asked) == THREADS_EACH)

    assert await look(resolver, "quiet", "a.example") == ["192.0.2.1"]

    assert names.asked == [f"hang{n}" for n in range(THREADS_EACH)] + ["a.example"]
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_a_seat_is_its_projects_until_the_thread_comes_back(names: Names) -> None:
    resolver = Resolver(names)
    for round_ in range(2):
        tasks = [asyncio.create_task(look(resolver, "loud", f"hang{n}")) for n in range(THREADS_EACH)]
        if round_ == 0:
            await until(lambda: len(names.asked) == THREADS_EACH)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    # Nobody waits any more; the threads do, and no further one was begun.
    assert len(names.asked) == THREADS_EACH

    names.go.set()
    assert await look(resolver, "loud", "b.example") == ["192.0.2.1"]
    await until(lambda: not resolver._shares)


async def test_no_such_name_is_told_from_a_resolver_that_has_trouble(names: Names, tmp_path: Path) -> None:
    fetcher = Fetcher(Guard(), resolve=Resolver(names))
    for host, nameless in (("none.example.com", True), ("later.example.com", False)):
        with pytest.raises(FetchStumbled) as caught:
            await fetcher.fetch(f"https://{host}/a.png", tmp_path / "file", max_bytes=100)
        assert caught.value.nameless is nameless
    await fetcher.aclose()
