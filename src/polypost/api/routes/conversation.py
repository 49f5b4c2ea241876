"""What requests that write comments and messages have in common: sent once, also when the request comes twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api.http import answers
from polypost.api.http.submitter import REPLAYED, submitter
from polypost.api.openapi.documented import Shape
from polypost.conversations import sent
from polypost.conversations.sender import Sent
from polypost.conversations.sent import Asked
from polypost.entrance.services import services
from polypost.intake.bodies import Content, Text
from polypost.platforms.abilities import Person

AccountId = Annotated[Text, Field(min_length=1, max_length=100)]
NetworkId = Annotated[Text, Field(min_length=1, max_length=1000)]
Cursor = Annotated[Text, Field(min_length=1, max_length=4000)]
Words = Annotated[Content, Field(min_length=1)]


class PersonShape(Shape):
    """Who wrote something."""

    id: str | None
    name: str | None


async def speak(
    request: Request,
    who: Principal,
    operation: str,
    raw: dict[str, Any],
    write: Callable[[Asked], Awaitable[Sent]],
    named: str,
) -> Response:
    """The answer to a request whose words `write` sends; `named` is the key under which the new id stands."""
    rooms = services(request)
    submitted = submitter(request, who).submits(operation, operation, raw)
    asked = Asked(
        project_id=who.project.id, operation=operation, server=rooms.posts.server, **submitted.asked
    )
    with await rooms.intake.once.in_flight.enter(submitted):
        written = await write(asked)
        if submitted.key is None and await submitted.submitter.gone():
            await rooms.store.write(lambda db: sent.mark_undelivered(db, who.project.id, written.id))
        return _answer(written, named)


def _answer(sent: Sent, named: str) -> Response:
    headers = REPLAYED if sent.replayed else None
    return answers.ok({"success": True, named: sent.network_id}, headers=headers)


def person(found: Person | None) -> dict[str, Any]:
    """Whoever wrote something, as the contract shows them."""
    if found is None:
        return {"id": None, "name": None}
    return {"id": found.id, "name": found.name or found.username}
