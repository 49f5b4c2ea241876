"""What requests that write comments and messages have in common: sent once, also when the request comes twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost.access import Principal
from polypost.api import answers
from polypost.api.posts import idempotency_key
from polypost.api.presence import client_gone
from polypost.api.services import services
from polypost.insights import said
from polypost.insights.said import Asked
from polypost.insights.sending import Sent
from polypost.platforms.abilities import Person
from polypost.posts.orders import fingerprint


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
    key, print_ = idempotency_key(request), fingerprint(operation, raw)
    asked = Asked(who.project.id, who.key_id, operation, print_, key, rooms.posts.server)
    if key is not None:
        return _answer(await write(asked), named)
    async with rooms.in_flight.enter(request, who.key_id, print_):
        sent = await write(asked)
        if await client_gone(request):
            await rooms.store.write(lambda db: said.mark_undelivered(db, who.project.id, sent.id))
        return _answer(sent, named)


def _answer(sent: Sent, named: str) -> Response:
    headers = {"Idempotency-Replayed": "true"} if sent.replayed else None
    return answers.ok({"success": True, named: sent.network_id}, headers=headers)


def person(found: Person | None) -> dict[str, Any]:
    """Whoever wrote something, as the contract shows them."""
    if found is None:
        return {"id": None, "name": None}
    return {"id": found.id, "name": found.name or found.username}
