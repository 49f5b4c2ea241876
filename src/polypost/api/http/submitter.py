"""Who hands something in by a request: the key, its Idempotency-Key, and whether the client is still there."""

from __future__ import annotations

import re
from functools import partial

from starlette.requests import Request

from polypost.access import Principal
from polypost.api.http.disconnects import client_gone
from polypost.errors import InvalidRequest, Problem
from polypost.intake import Submitter

# For answers that repeat an earlier one.
REPLAYED = {"Idempotency-Replayed": "true"}
_KEY = re.compile(r'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"|([\x21\x23-\x7e][\x21-\x7e]*)', re.ASCII)


def submitter(request: Request, who: Principal) -> Submitter:
    """Whoever sent the request, for calls that take an Idempotency-Key. Raises InvalidRequest."""
    return Submitter(who, idempotency_key(request), partial(client_gone, request))


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key header, bare or quoted (RELIABILITY A1). Raises InvalidRequest."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    match = _KEY.fullmatch(values[0].strip()) if len(values) == 1 else None
    key = (match.group(1) or match.group(2)) if match else ""
    if not 1 <= len(key) <= 255:
        hint = "Send one value of 1 to 255 visible ASCII characters."
        raise InvalidRequest(
            [Problem("Idempotency-Key", "is not usable as a key", hint, "bad_idempotency_key")]
        )
    return key
