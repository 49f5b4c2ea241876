"""Sends calls: repeats what is safe, looks page by page, waits for what goes on, uploads files in pieces."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import httpx2

from polypost.client import calls
from polypost.client.calls import Call
from polypost.client.errors import AnswerLost, ClientError, Refused, StillRunning, Unreachable

T = TypeVar("T", bound=Mapping[str, Any])


class AsyncSession:
    """A server and a key. Close it, or use it in `async with`."""

    def __init__(self, url: str | None = None, key: str | None = None, *, timeout: float = 60.0) -> None:
        """`url`: of the server, else POLYPOST_SERVER, else this machine's; `key`: else POLYPOST_KEY; `timeout` in seconds.

        Raises ValueError for what is no address.
        """
        self.url = calls.address(url or os.environ.get("POLYPOST_SERVER") or calls.LOCAL)
        self._key = key or os.environ.get("POLYPOST_KEY")
        self._http = httpx2.AsyncClient(timeout=httpx2.Timeout(timeout, connect=10.0))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Any call of the API by its path, names as the API writes them; JSON as it came, or a page's text.

        Repeated after a lost answer where the method allows it, or where `headers` have an `Idempotency-Key`.
        """
        given = dict(headers or {})
        keyed = "Idempotency-Key" in given
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        sent = None if body is None else calls.plain(body)
        return await self._send(Call(method, path, asked, sent, content, given, keyed=keyed))

    async def each(
        self, listing: Callable[..., Awaitable[Mapping[str, Any]]], *arguments: Any, **query: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Every entry of a list, page by page: `client.each(client.list_posts, status="failed")`."""
        seen = int(query.get("offset", 0))
        while True:
            page = await listing(*arguments, **query)
            found = calls.rows(page)
            for row in found:
                yield row
            seen += len(found)
            more = calls.following(page, seen)
            if more is None:
                return
            query |= more

    async def _do(
        self,
        kind: type[T],
        method: str,
        path: str,
        *parts: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        keyed: bool = False,
        harmless: bool = False,
    ) -> T:
        """The JSON object of type `kind` that answers a call of the API (`calls.call`). Raises ClientError."""
        made = calls.call(method, path, *parts, query=query, body=body, keyed=keyed, harmless=harmless)
        return self._object(kind, await self._send(made))

    def _object(self, kind: type[T], answer: Any) -> T:
        if isinstance(answer, dict):
            return cast("T", answer)
        raise Refused(200, f"{self.url} does not answer as the API does. Is this the server's address?", {})

    async def _send(self, call: Call) -> Any:
        number, before = 0, None
        while True:
            number += 1
            try:
                return await self._once(call)
            except ClientError as error:
                if calls.gone(call, error, before):
                    return {"success": True, "message": "Deleted."}
                if number >= calls.TRIES or not await self._again(call, error):
                    raise
                before = error
                await asyncio.sleep(calls.pause(number, error))

    async def _once(self, call: Call) -> Any:
        """One exchange. Raises ClientError."""
        try:
            response = await self._http.request(**calls.settings(call, self.url, self._key))
        except httpx2.RequestError as error:
            raise calls.no_answer(error, call, self.url) from error
        return calls.read(response, call)

    async def _again(self, call: Call, error: ClientError) -> bool:
        if calls.repeatable(call, error):
            return True
        if not (call.keyed and isinstance(error, AnswerLost)):
            return False
        return await self._takes_keys()

    async def _takes_keys(self) -> bool:
        """Whether a Polypost server is there; asked only when an answer was lost."""
        for number in range(1, calls.TRIES):
            try:
                answer = await self._once(Call("GET", "/healthz/ready"))
            except Refused as error:
                return calls.knows_keys(error.body)
            except (Unreachable, AnswerLost) as error:
                await asyncio.sleep(calls.pause(number, error))
            else:
                return calls.knows_keys(answer)
        return False

    async def _until(
        self, look: Callable[[], Awaitable[T]], ended: Callable[[T], bool], *, seconds: float, every: float
    ) -> T:
        """Look until it has ended; a server that is away meanwhile is waited for. Raises StillRunning."""
        end, last = time.monotonic() + seconds, None
        for pause in calls.pauses(every):
            try:
                last = await look()
            except (Unreachable, AnswerLost):
                if time.monotonic() >= end:
                    raise
            else:
                if ended(last):
                    return last
            if time.monotonic() + pause > end:
                break
            await asyncio.sleep(pause)
        raise StillRunning(f"Not ended after {seconds:g} s. Wait longer, or look later.", last or {})
