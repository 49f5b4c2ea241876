"""A loopback server that answers as a network is known to answer, in the order that a test lined up."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.platforms.answering import Answer, Asked, Loopback
from tests.platforms.run import MemoryFile

# In the words of those networks that tell a thing that is not there from other refusals.
MISSING = (404, {"title": "Not Found", "error": {"code": 100, "error_subcode": 33}})


class Script(Loopback):
    """Answers by method and path with what a test lined up; the last answer of a line is given for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, list[Answer]] = {}
        self.well_behaved()

    def well_behaved(self) -> None:
        """Line up what a network answers when nothing is wrong; here nothing at all."""

    def on(self, route: str, *answers: Answer) -> None:
        self.lines[route] = list(answers)

    def of(self, route: str) -> list[Asked]:
        return self.calls[route]

    @property
    def calls(self) -> dict[str, list[Asked]]:
        """What arrived, by method and path."""
        found: dict[str, list[Asked]] = defaultdict(list)
        for asked in self.asked:
            found[asked.route].append(asked)
        return found

    @property
    def routes(self) -> list[str]:
        return [asked.route for asked in self.asked]

    def upto(self, asked: Asked, length: int) -> int:
        first = self.lines.get(asked.route, [MISSING])[0]
        return min(length, first) if isinstance(first, int) else length

    def answer_to(self, asked: Asked) -> Answer:
        line = self.lines.get(asked.route, [MISSING])
        return line.pop(0) if len(line) > 1 else line[0]


S = TypeVar("S", bound=Script)
T = TypeVar("T")


def with_network(kind: type[S], story: Callable[[S], Awaitable[T]]) -> T:
    """What a story against a script of its own comes to, for tests that tell several."""

    async def main() -> T:
        async with kind() as net:
            return await story(net)

    return asyncio.run(main())


def filled(size: int) -> bytes:
    """So many bytes, of which no two neighbours are the same."""
    return bytes(range(256)) * (size // 256) + bytes(range(size % 256))


class PublicFile(MemoryFile):
    """A file that the network pulls from another address than the one the user gave."""

    @property
    def public_url(self) -> str:
        return f"https://pull.example/{self.url.rpartition('/')[2]}"
