"""Calls to the Graph API on behalf of one Page, judged by their numbers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from polypost.errors import OutcomeUnknown, Unavailable
from polypost.platforms.base import Run, Session
from polypost.platforms.facebook.graph_errors import GraphError, commit_error_for, error_for
from polypost.platforms.facebook.spec import GRAPH, VERSION

# Usage headers count in percent; at 100 Facebook refuses everything, the answers to comments included.
_NEARLY_FULL = 95
_BREATHER = timedelta(minutes=10)
# The Page's bucket counts 24 hours, so nothing useful waits longer than that.
_LONGEST_WAIT = timedelta(days=1)
_COUNTERS = ("call_count", "total_time", "total_cputime")


class Graph:
    """The Graph API with a token.

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
        return await self._judge(
            await self.session.http.request("GET", url(path), params=params, headers=self._headers())
        )

    async def post(self, path: str, fields: Mapping[str, str], *, host: str = GRAPH) -> dict[str, Any]:
        """Create or change something that nobody sees yet, or add to what is out."""
        return await self._judge(
            await self.session.http.request(
                "POST", url(path, host), data=dict(fields), headers=self._headers()
            )
        )

    async def send(
        self,
        path: str,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes],
        *,
        timeout: float,  # noqa: ASYNC109  the deadline of the network's client, handed on
        host: str = GRAPH,
    ) -> dict[str, Any]:
        """As `post`, with a body of its own."""
        return await self._judge(
            await self.session.http.request(
                "POST",
                url(path, host),
                headers={**self._headers(), **headers},
                content=content,
                timeout=timeout,
            )
        )

    async def delete(self, path: str) -> dict[str, Any]:
        """Remove an object."""
        return await self._judge(
            await self.session.http.request("DELETE", url(path), headers=self._headers())
        )

    async def publish(self, path: str, fields: Mapping[str, str], *, host: str = GRAPH) -> dict[str, Any]:
        """The publishing call. Raises OutcomeUnknown unless the answer is clear."""
        answer = await self.session.http.commit(
            "POST", url(path, host), data=dict(fields), headers=self._headers()
        )
        body = parsed(answer.content)
        if not answer.is_success or (isinstance(body, dict) and "error" in body):
            raise commit_error_for(
                GraphError.of(answer.status_code, body),
                now=self.session.now(),
                wait=asked_wait(answer.headers),
                told_to_wait="retry-after" in answer.headers,
            )
        if not isinstance(body, dict) or body.get("success") is False:
            raise OutcomeUnknown(
                "Facebook answered the publishing call with something that is not an answer."
            )
        return body

    async def _judge(self, answer: Any) -> dict[str, Any]:
        now, wait = self.session.now(), asked_wait(answer.headers)
        body = judged(answer.status_code, answer.content, now=now, wait=wait)
        if self._hold is not None and nearly_full(answer.headers):
            await self._hold(now + (wait or _BREATHER))
        return body

    def _headers(self) -> dict[str, str]:
        # A token in the URL would end up in logs.
        return {"Authorization": f"Bearer {self.session.token}"}


def url(path: str, host: str = GRAPH) -> str:
    """The address of an object or an edge."""
    return f"{host}/{VERSION}/{path}"


def parsed(content: bytes) -> Any:
    """The JSON of an answer, or None when it is something else."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def judged(status: int, content: bytes, *, now: datetime, wait: timedelta | None = None) -> dict[str, Any]:
    """The object in an answer to a repeatable call; raises what the refusal means."""
    body = parsed(content)
    # Meta answers some refusals with 200 and an error object.
    if not 200 <= status < 300 or (isinstance(body, dict) and "error" in body):
        raise error_for(GraphError.of(status, body), now=now, wait=wait)
    if not isinstance(body, dict):
        raise Unavailable("Facebook answered with something that is not JSON.")
    return body


def asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long the headers ask to stay away: Retry-After in seconds, else the Page's bucket in minutes."""
    seconds = headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdigit():
        return min(timedelta(seconds=int(seconds[:9])), _LONGEST_WAIT)
    minutes = max((_count(use, "estimated_time_to_regain_access") for use in _uses(headers)), default=0)
    return timedelta(minutes=min(minutes, _LONGEST_WAIT / timedelta(minutes=1))) if minutes > 0 else None


def nearly_full(headers: Mapping[str, str]) -> bool:
    """Whether one of the usage counters is near its end."""
    return any(_count(use, name) >= _NEARLY_FULL for use in _uses(headers) for name in _COUNTERS)


def _uses(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name in ("x-app-usage", "x-page-usage"):
        use = parsed(headers.get(name, "").encode())
        if isinstance(use, dict):
            yield use
    buckets = parsed(headers.get("x-business-use-case-usage", "").encode())
    for rows in buckets.values() if isinstance(buckets, dict) else ():
        yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _count(use: Mapping[str, Any], name: str) -> float:
    value = use.get(name)
    return value if isinstance(value, int | float) else 0
