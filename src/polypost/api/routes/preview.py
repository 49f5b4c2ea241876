"""Dry runs over HTTP: the same checks as acceptance, 200 with the verdict, nothing stored."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.access import Principal
from polypost.api.http import answers, errors
from polypost.api.services import Services
from polypost.errors import InvalidRequest, Problem
from polypost.intake import DryRun

SHOWN_BYTES = 250_000
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; absent is false.

    Raises InvalidRequest for anything else: a dry run that is not understood must not become a publication,
    so the name is found whatever its capital letters.
    """
    if not request.scope["query_string"]:
        return False
    given = [value for key, value in request.query_params.multi_items() if key.casefold() == name.casefold()]
    if any(value.lower() not in _FLAGS for value in given):
        raise InvalidRequest([Problem(name, "must be true or false", "Write true or false.", "bool_parsing")])
    return any(_FLAGS[value.lower()] for value in given)


async def answer(rooms: Services, who: Principal, body: dict[str, Any], *, probe: bool) -> Response:
    """What `POST /v1/posts` would say to this body; with `probe`, after its media were fetched and measured."""
    return answers.ok(_shape(await rooms.intake.preview(who.project, body, probe=probe)))


def _shape(verdict: DryRun) -> dict[str, Any]:
    """The verdict; price and accounts only where they are known and nothing stands in for them."""
    problems, order, said, known = verdict.problems, verdict.order, verdict.said, verdict.known
    when = order.when
    # A text that goes to many accounts must not make an answer far larger than its body.
    room = SHOWN_BYTES // len(order.targets)
    body: dict[str, Any] = {
        "success": not problems,
        "valid": not problems,
        "errors": errors.listed(problems),
        "credits": {"price": said.price if known else None, "remaining": said.left},
        "scheduledFor": clock.iso(when.instant) if when else None,
        "timezone": when.timezone if when else order.timezone,
        "platforms": [
            {"platform": target.platform, "accountId": target.integration_id, "content": _start(text, room)}
            for target, text in zip(order.targets, said.texts, strict=True)
            if known
        ],
    }
    return body | ({"warningMessage": when.note} if when and when.note else {})


def _start(text: str, room: int) -> str:
    """The text, or as much of it as has room in bytes of UTF-8."""
    written = text.encode()
    return text if len(written) <= room else f"{written[:room].decode(errors='ignore')}…"
