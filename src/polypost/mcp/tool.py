"""What a tool is: its words, its arguments, what it may do, and the call that one is in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from polypost import clock
from polypost.access import Principal
from polypost.entrance.services import Services
from polypost.intake import Submitter, bodies
from polypost.intake.bodies import Closed, Text

# Of a list so many entries come at once, so that an answer has room in what a model reads.
PER_ANSWER = 25
# Of a post's accounts so many are shown where there may be many posts, or long texts.
MOST_TARGETS = 10
_ONCE = "A new random text for each thing you want done; the same one when you repeat a call whose answer you did not get."

PostId = Annotated[Text, Field(min_length=1, max_length=40)]
Key = Annotated[
    Text,
    Field(min_length=8, max_length=100, pattern=r"^[!-~]+$", description=_ONCE, examples=["launch-7f3a91c2"]),
]
Place = Annotated[int, Field(ge=0, le=100_000, description="The nextCursor of the answer before.")]


class Answer(NamedTuple):
    """What a tool says: what happened, what to do next, and the facts."""

    happened: str
    next: str
    facts: Mapping[str, Any] = {}
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: who calls, and the rooms behind it. `base` is this server's address."""

    rooms: Services
    who: Principal
    base: str
    request_id: str

    @property
    def project_id(self) -> str:
        """The project of the key."""
        return self.who.project.id

    def submitter(self, key: str) -> Submitter:
        """The agent as who hands something in."""
        return Submitter(self.who, key)

    def page(self, *parts: str) -> str:
        """An address of the dashboard in this project."""
        return "/".join((f"{self.base}/dashboard/{self.project_id}", *parts))

    def receipt(self, tool: str, **more: Any) -> dict[str, Any]:
        """By what this call is found in the dashboard's list of requests."""
        return {"tool": tool, "requestId": self.request_id, "at": clock.iso(clock.now()), **more}


Run = Callable[[Call, Any, dict[str, Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `arguments` are its own; with `post` the rest of what is sent is a post in the API's words.

    `writes` what changes something, `destructive` what others see or what takes something away, `outside` what asks a
    network or another server.
    """

    name: str
    title: str
    description: str
    arguments: type[Closed]
    run: Run
    post: bool = False
    writes: bool = False
    destructive: bool = False
    outside: bool = False
    example: Mapping[str, Any] = field(default_factory=dict)

    async def __call__(self, call: Call, given: dict[str, Any]) -> Answer:
        """What it does with the arguments. Raises PolypostError."""
        own, body = given, {}
        if self.post:
            own = {name: given[name] for name in self.arguments.model_fields if name in given}
            body = {name: value for name, value in given.items() if name not in own}
        return await self.run(call, bodies.read(self.arguments, own), body)
