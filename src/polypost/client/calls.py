"""A call as it is sent, what its answer means, and whether it may be sent once more; no byte moves here."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx2

from polypost import __version__
from polypost.client.errors import AnswerLost, ClientError, Refused, Unreachable

AGENT = f"polypost-python/{__version__}"
LOCAL = "http://127.0.0.1:8080"
TRIES = 5
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0
_READING = frozenset({"GET", "HEAD"})
_IDEMPOTENT = _READING | {"PUT", "PATCH", "DELETE"}
_BUSY = frozenset({429, 503})
_WORD = re.compile(r"_([a-z])")


@dataclass
class Call:
    """One call of the API.

    `keyed`: the server takes an idempotency key for it, so that it may be repeated whatever became of the first try;
    `harmless`: done twice is as good as done once, without a key.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    keyed: bool = False
    harmless: bool = False

    @property
    def key(self) -> str:
        """The idempotency key; empty for calls without."""
        return self.headers.get("Idempotency-Key", "")


def call(
    method: str,
    path: str,
    *parts: str,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    keyed: bool = False,
    harmless: bool = False,
) -> Call:
    """A call; `path` has `{}` for each of `parts`, and the names of query and body are written as in Python."""
    given = dict(body or {})
    headers = {}
    if keyed:
        headers["Idempotency-Key"] = given.pop("idempotency_key", None) or uuid.uuid4().hex
    if given.pop("respond_async", False):
        headers["Prefer"] = "respond-async"
    asked = {camel(name): value for name, value in (query or {}).items() if value is not None}
    sent = None if body is None else {camel(name): plain(value) for name, value in given.items()}
    where = path.format(*(quote(part, safe="") for part in parts))
    return Call(method, where, asked, sent, headers=headers, keyed=keyed, harmless=harmless)


def camel(name: str) -> str:
    """A Python name as the API writes it: `media_items` is `mediaItems`, `from_` is `from`."""
    return _WORD.sub(lambda found: found[1].upper(), name.rstrip("_"))


def plain(value: Any) -> Any:
    """A value as JSON has it; a datetime without an offset stays wall time."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(each) for each in value]
    return value


def pairs(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Query parameters; a list is its name repeated."""
    found = []
    for name, value in query.items():
        several = isinstance(value, Sequence) and not isinstance(value, str)
        for each in value if several else [value]:
            text = json.dumps(each) if isinstance(each, bool) else str(plain(each))
            found.append((name, text))
    return found


def settings(call: Call, base: str, key: str | None) -> dict[str, Any]:
    """What an HTTP client is told: the key goes to this server's own address and to no other."""
    headers = {"Accept": "application/json", "User-Agent": AGENT, **call.headers}
    if key:
        headers["x-access-key"] = key
    content = call.content
    if call.body is not None:
        content = json.dumps(call.body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    return {
        "method": call.method,
        "url": base + call.path,
        "params": pairs(call.query) or None,
        "content": content,
        "headers": headers,
    }


def address(url: str) -> str:
    """A server's address without what each call adds. Raises ValueError."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"'{url}' is no address of a server. Write it with https:// or http://.")
    return url.rstrip("/").removesuffix("/v1")


def no_answer(error: httpx2.RequestError, call: Call, base: str) -> ClientError:
    """What a failed exchange means: nothing was sent, or nobody knows."""
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Unreachable(
            f"No connection to {base} ({error or type(error).__name__}). Does the server run there?"
        )
    return lost(f"No answer came from {base} ({error or type(error).__name__}).", call)


def lost(what: str, call: Call) -> AnswerLost:
    """The error for a request of which nobody knows what became."""
    if call.harmless or call.method in _READING:
        return AnswerLost(f"{what} Nothing is changed by asking again.", harmless=True)
    hint = f"The same call with the idempotency key {call.key} does nothing twice on a Polypost server."
    return AnswerLost(f"{what} Perhaps it was carried out. {hint if call.key else ''}".rstrip(), call.key)


def read(response: httpx2.Response, call: Call) -> Any:
    """What a response holds: JSON, a text, or None. Raises ClientError."""
    value = _json(response)
    if response.is_success:
        return response.text or None if value is None else value
    said = value if isinstance(value, dict) else {}
    if response.is_redirect:
        away = response.headers.get("location", "")
        raise _refused(response, said, f"The server is at another address: {away}. Use that one.")
    own = said.get("message") or said.get("error")
    if not own and response.status_code in {408, 500, 502, 504}:
        # A proxy's words: the server behind it may have done it.
        raise lost(f"A proxy answered {response.status_code} in the server's place.", call)
    raise _refused(response, said, str(own or f"{response.status_code} {response.reason_phrase}"))


def _refused(response: httpx2.Response, body: Mapping[str, Any], message: str) -> Refused:
    wants = response.headers.get("x-request-id", "")
    return Refused(response.status_code, message, body, request_id=wants, after=_after(response))


def _json(response: httpx2.Response) -> Any:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        return response.json()
    except ValueError:
        return None


def _after(response: httpx2.Response) -> float:
    """Seconds of `Retry-After`, which is a number or a date; 0.0 without."""
    given = response.headers.get("retry-after", "")
    if given.isdigit():
        return float(given)
    try:
        ahead: timedelta = parsedate_to_datetime(given) - datetime.now(UTC)
        return max(0.0, ahead.total_seconds())
    except (TypeError, ValueError):
        return 0.0


def repeatable(call: Call, error: ClientError) -> bool:
    """Whether the call may be sent once more without asking anybody; keyed ones after a lost answer need a look first."""
    if isinstance(error, Unreachable):
        return True
    if isinstance(error, Refused):
        # With a code of its own and no time to come back, a 503 is what an operator has to mend.
        later = error.status in _BUSY and (error.after > 0 or error.status == 429 or not error.error_code)
        trouble = error.status >= 500 and call.method == "GET" and not error.error_code
        return (later or trouble) and error.after <= _LONGEST_PAUSE
    return isinstance(error, AnswerLost) and (call.method in _IDEMPOTENT or call.harmless)


def knows_keys(answer: Any) -> bool:
    """Whether `GET /healthz/ready` was answered by a Polypost server, which takes idempotency keys."""
    return isinstance(answer, dict) and "checks" in answer


def pause(number: int, error: ClientError) -> float:
    """Seconds before the next try; `number` counts the tries so far."""
    wanted = error.after if isinstance(error, Refused) else 0.0
    return min(max(wanted, _FIRST_PAUSE * 2.0 ** (number - 1)), _LONGEST_PAUSE)


def gone(call: Call, error: ClientError, earlier: ClientError | None) -> bool:
    """Whether this 404 says that a deletion whose answer was lost was carried out."""
    deleted = call.method == "DELETE" and isinstance(earlier, AnswerLost)
    return deleted and isinstance(error, Refused) and error.status == 404


def rows(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a list's answer: its one list."""
    return next((value for value in page.values() if isinstance(value, list)), [])


def following(page: Mapping[str, Any], seen: int) -> dict[str, Any] | None:
    """What asks for the next page of a list of which `seen` entries were read; None after the last."""
    if "nextCursor" in page:
        return {"after": page["nextCursor"]} if page["nextCursor"] else None
    total = page.get("rowsTotal", page.get("total"))
    if not isinstance(total, int) or not rows(page):
        return None
    if "page" in page:
        return {"page": page["page"] + 1} if page["page"] * page["limit"] < total else None
    return {"offset": seen} if seen < total else None


def pauses(seconds: float) -> Iterator[float]:
    """Pauses between looks at something that goes on: they grow, to `seconds` at most."""
    length = min(0.25, seconds)
    while True:
        yield length
        length = min(length * 1.5, seconds)
