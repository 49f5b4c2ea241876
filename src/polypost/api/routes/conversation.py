"""What answers about comments and messages have in common."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from polypost.api.http import answers
from polypost.api.http.submitter import REPLAYED
from polypost.api.openapi.documented import Shape
from polypost.conversations.sender import Sent
from polypost.platforms.abilities import Person


class PersonShape(Shape):
    """Who wrote something."""

    id: str | None
    name: str | None


def written(sent: Sent, named: str) -> Response:
    """The answer to a request whose words were sent; `named` is the key under which the new id stands."""
    headers = REPLAYED if sent.replayed else None
    return answers.ok({"success": True, named: sent.network_id}, headers=headers)


def person(found: Person | None) -> dict[str, Any]:
    """Whoever wrote something, as the contract shows them."""
    if found is None:
        return {"id": None, "name": None}
    return {"id": found.id, "name": found.name or found.username}
