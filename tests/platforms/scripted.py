"""A loopback server that answers as a network is known to answer, in the order that a test lined up."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tests.platforms.answering import Answer, Asked, Loopback
from tests.platforms.run import MemoryFile

from polypost.outbound import NetworkClient

# In the words of those networks that tell a thing that is not there from other refusals.
MISSING = (404, {"title": "Not Found", "error": {"code": 100, "error_subcode": 33}})


class Script(Loopback):
    """Answers by method and path with what a test lined up; the last answer of a line is given for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, list[Answer]] = {}

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
Story = Callable[[S, NetworkClient], Awaitable[None]]


def with_network(kind: type[S], prepare: Callable[[S], None], story: Callable[[S], Awaitable[Any]]) -> Any:
    """Run a story against a script of its own that was prepared to behave well."""

    async def main() -> Any:
        async with kind() as net:
            prepare(net)
            return await story(net)

    return asyncio.run(main())


def tell(kind: type[S], story: Story[S]) -> None:
    """Run a story against a script of its own, nothing lined up."""
    with_network(kind, lambda _: None, lambda net: story(net, net.http))


def filled(size: int) -> bytes:
    """So many bytes, of which no two neighbours are the same."""
    return bytes(range(256)) * (size // 256) + bytes(range(size % 256))


class PublicFile(MemoryFile):
    """A file that the network pulls from another address than the one the user gave."""

    @property
    def public_url(self) -> str:
        return f"https://pull.example/{self.url.rpartition('/')[2]}"
