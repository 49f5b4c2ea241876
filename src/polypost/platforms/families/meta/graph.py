"""Calls to Meta's Graph APIs on behalf of one account, judged by their numbers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from httpx2 import Response

from polypost import clock
from polypost.errors import OutcomeUnknown, Unavailable
from polypost.platforms.base import Run, Session
from polypost.platforms.families.meta.errors import Gone, GraphError, Numbers
from polypost.platforms.kit.answers import member, object_in, objects, word
from polypost.platforms.kit.calls import bearer

# Usage headers count in percent; at 100 everything is refused, replies to people included.
_NEARLY_FULL = 95
_BREATHER = timedelta(minutes=10)
# An account's bucket counts 24 hours, so nothing useful waits longer than that.
_LONGEST_WAIT = timedelta(days=1)
_COUNTERS = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True, slots=True)
class Api:
    """One network's API: its address with the version, and what its numbers mean."""

    host: str
    version: str
    numbers: Numbers

    @property
    def name(self) -> str:
        """The network's name."""
        return self.numbers.name

    def url(self, path: str, host: str | None = None) -> str:
        """The address of an object or an edge."""
        return f"{host or self.host}/{self.version}/{path}"

    def judge(self, answer: Response, now: datetime | None = None) -> dict[str, Any]:
        """The object in an answer to a repeatable call; raises what the refusal means."""
        body = parsed(answer.content)
        if is_refusal(answer, body):
            error = GraphError.of(answer.status_code, body)
            raise self.numbers.error_for(error, now=now or clock.now(), wait=asked_wait(answer.headers))
        if not isinstance(body, dict):
            raise Unavailable(f"{self.name} answered with something that is not JSON.")
        return body


class Graph:
    """The API with an account's token.

    Methods raise what the API's numbers make of a refusal. `hold`, where given, is told when the usage headers say that
    the allowance is nearly used up.
    """

    api: ClassVar[Api]

    def __init__(self, session: Session, hold: Callable[[datetime], Awaitable[None]] | None = None) -> None:
        self.session = session
        self._hold = hold

    @classmethod
    def of(cls, run: Run) -> Self:
        """The API for a run, which stops the account's further work when the allowance runs out."""
        return cls(run, run.hold)

    async def get(self, path: str, **params: str) -> dict[str, Any]:
        """Read an object or an edge."""
        return await self.call("GET", path, params=params)

    async def post(self, path: str, fields: Mapping[str, str], *, host: str | None = None) -> dict[str, Any]:
        """Create or change something that nobody sees yet, or add to what is out."""
        return await self.call("POST", path, host=host, data=dict(fields))

    async def send(
        self,
        path: str,
        headers: Mapping[str, str],
        content: AsyncIterator[bytes],
        *,
        timeout: float,  # noqa: ASYNC109  # the deadline of the network's client, handed on
        host: str | None = None,
    ) -> dict[str, Any]:
        """As `post`, with a body of its own."""
        return await self.call("POST", path, host=host, headers=headers, content=content, timeout=timeout)

    async def shows(self, node: str) -> bool:
        """Whether the account sees the object."""
        try:
            await self.get(node, fields="id")
        except Gone:
            return False
        return True

    async def delete(self, path: str) -> dict[str, Any]:
        """Remove an object."""
        return await self.call("DELETE", path)

    async def commit(self, path: str, *, host: str | None = None, **sent: Any) -> dict[str, Any]:
        """The call after which others see something. Raises OutcomeUnknown unless the answer is clear."""
        url = self.api.url(path, host)
        answer = await self.session.http.commit("POST", url, headers=bearer(self.session), **sent)
        body = parsed(answer.content)
        if is_refusal(answer, body):
            raise self.api.numbers.commit_error_for(
                GraphError.of(answer.status_code, body),
                now=self.session.now(),
                wait=asked_wait(answer.headers),
                told_to_wait="retry-after" in answer.headers,
            )
        if not isinstance(body, dict) or body.get("success") is False:
            raise self.no_answer()
        return body

    async def commit_for(self, path: str, named: str = "id", **sent: Any) -> str:
        """As `commit`; what the answer calls `named`."""
        made = identity(await self.commit(path, **sent), named)
        if made is None:
            raise self.no_answer()
        return made

    def no_answer(self) -> OutcomeUnknown:
        """The error for a good status with nothing in it."""
        return OutcomeUnknown(
            f"{self.api.name} answered the publishing call with something that is not an answer."
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        host: str | None = None,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> dict[str, Any]:
        """A call that can be repeated."""
        answer = await self.session.http.request(
            method, self.api.url(path, host), headers=bearer(self.session) | dict(headers or {}), **sent
        )
        now = self.session.now()
        body = self.api.judge(answer, now)
        if self._hold is not None and nearly_full(answer.headers):
            await self._hold(now + (asked_wait(answer.headers) or _BREATHER))
        return body


def parsed(content: bytes) -> Any:
    """The JSON of an answer, or None when it is something else."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def is_refusal(answer: Response, body: Any) -> bool:
    """Whether it is one: Meta answers some with 200 and an error object."""
    return not answer.is_success or (isinstance(body, dict) and "error" in body)


def identity(body: Any, name: str = "id") -> str | None:
    """An id in an answer as text: bare numbers beyond 2^53 come too."""
    value = body.get(name) if isinstance(body, Mapping) else None
    fits = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if fits and value != "" else None


def listed(body: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, none where it is no list."""
    return objects(body.get("data")) if isinstance(body, Mapping) else []


def next_cursor(body: Any) -> str | None:
    """Where the list goes on; the next address holds the token, the cursor says the same without it."""
    paging = member(body, "paging")
    return word(member(paging, "cursors").get("after")) if paging.get("next") else None


def asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    """How long the headers ask to stay away: Retry-After in seconds, else the account's bucket in minutes."""
    seconds = headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdigit():
        return min(timedelta(seconds=int(seconds[:9])), _LONGEST_WAIT)
    minutes = max((_count(use, "estimated_time_to_regain_access") for use in _uses(headers)), default=0)
    return timedelta(minutes=min(minutes, _LONGEST_WAIT / timedelta(minutes=1))) if minutes > 0 else None


def nearly_full(headers: Mapping[str, str]) -> bool:
    """Whether one of the usage counters is near its end."""
    return any(_count(use, name) >= _NEARLY_FULL for use in _uses(headers) for name in _COUNTERS)


def _uses(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for name in ("x-app-usage", "x-page-usage"):
        yield object_in(headers.get(name, "").encode())
    # One list for each account that the call touched.
    for rows in object_in(headers.get("x-business-use-case-usage", "").encode()).values():
        yield from objects(rows)


def _count(use: Mapping[str, Any], name: str) -> float:
    value = use.get(name)
    return value if isinstance(value, int | float) else 0
