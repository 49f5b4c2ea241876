"""Calls to Instagram's Graph API on behalf of one account, judged by their numbers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import OutcomeUnknown, Unavailable
from polypost.platforms.base import Run, Session
from polypost.platforms.instagram.graph_errors import GraphError, commit_error_for, error_for
from polypost.platforms.instagram.spec import GRAPH, VERSION

# Usage headers count in percent; at 100 Instagram refuses everything, replies to people included.
_NEARLY_FULL = 95
_BREATHER = timedelta(minutes=10)


class Graph:
    """The Graph API with an account's token.

    Methods raise what `graph_errors` makes of a refusal. `hold`, where given, is told when the usage headers
    say that the allowance is nearly used up.
    """

    def __init__(self, session: Session, hold: Callable[[datetime], Awaitable[None]] | None = None) -> None:
        self.session = session
        self._hold = hold

    @classmethod
    def of(cls, run: Run) -> Graph:
        """The API for a run, which stops the account's further work when the allowance runs out."""
        return cls(run, run.hold)

    async def get(self, path: str, **params: str) -> dict[str, Any]:
        """Read an object or an edge."""
        return await self._call("GET", path, params=params)

    async def post(self, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """Create something that nobody sees yet."""
        return await self._call("POST", path, fields=fields)

    async def delete(self, path: str) -> dict[str, Any]:
        """Remove an object."""
        return await self._call("DELETE", path)

    async def publish(self, path: str, fields: Mapping[str, str]) -> str:
        """The publishing call; the new media item's id. Raises OutcomeUnknown unless the answer is clear."""
        return await self._commit(path, "id", data=dict(fields))

    async def send_message(self, path: str, message: Mapping[str, Any]) -> str:
        """The call that sends a message; its id. Raises as `publish`."""
        return await self._commit(path, "message_id", json=message)

    async def _commit(self, path: str, named: str, **sent: Any) -> str:
        answer = await self.session.http.commit(
            "POST", _url(path), headers=bearer(self.session.token), **sent
        )
        body = parsed(answer.content)
        if not answer.is_success:
            raise commit_error_for(
                GraphError.of(answer.status_code, body),
                now=self.session.now(),
                wait=asked_wait(answer.headers),
                told_to_wait="retry-after" in answer.headers,
            )
        made = body.get(named) if isinstance(body, dict) else None
        if not isinstance(made, str | int):
            raise OutcomeUnknown(
                "Instagram answered the publishing call with something that is not an answer."
            )
        return str(made)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = await self.session.http.request(
            method,
            _url(path),
            params=dict(params) if params else None,
            data=dict(fields) if fields else None,
            headers=bearer(self.session.token),
        )
        now, wait = self.session.now(), asked_wait(answer.headers)
        body = judged(answer.status_code, answer.content, now=now, wait=wait)
        if self._hold is not None and nearly_full(answer.headers):
            await self._hold(now + (wait or _BREATHER))
        return body


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token on Graph hosts; a token in the URL would end up in logs."""
    return {"Authorization": f"Bearer {token}"}


def parsed(content: bytes) -> Any:
    """The JSON of an answer, or None when it is something else."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def judged(status: int, content: bytes, *, now: datetime, wait: timedelta | None = None) -> dict[str, Any]:
    """The object in an answer to a repeatable call; raises what the refusal means."""
    body = parsed(content)
    if not 200 <= status < 300:
        raise error_for(GraphError.of(status, body), now=now, wait=wait)
    if not isinstance(body, dict):
        raise Unavailable("Instagram answered with something that is not JSON.")
    return body


def asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long the headers ask to stay away: Retry-After in seconds, else the account's bucket in minutes."""
    seconds = headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdigit():
        return timedelta(seconds=int(seconds))
    minutes = max((_count(use, "estimated_time_to_regain_access") for use in _uses(headers)), default=0)
    return timedelta(minutes=minutes) if minutes else None


def nearly_full(headers: Mapping[str, str]) -> bool:
    """Whether one of the usage counters is near its end."""
    counters = ("call_count", "total_time", "total_cputime")
    return any(_count(use, name) >= _NEARLY_FULL for use in _uses(headers) for name in counters)


def _uses(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    app = parsed(headers.get("x-app-usage", "").encode())
    if isinstance(app, dict):
        yield app
    buckets = parsed(headers.get("x-business-use-case-usage", "").encode())
    for rows in buckets.values() if isinstance(buckets, dict) else ():
        yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _count(use: Mapping[str, Any], name: str) -> float:
    value = use.get(name)
    return value if isinstance(value, int | float) else 0


def _url(path: str) -> str:
    return f"{GRAPH}/{VERSION}/{path}"
