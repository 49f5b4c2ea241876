"""Sending once: who waits, what is kept of each end, and what a client is told when nothing can be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from polypost import clock
from polypost.conversations.account import answerable
from polypost.conversations.sender import Sender
from polypost.conversations.sent import Asked
from polypost.errors import (
    ApiError,
    InvalidRequest,
    NoAnswer,
    NotFound,
    NotSent,
    NotThere,
    OutcomeUnknown,
    RateLimited,
    ReconnectRequired,
    Rejected,
    StoreUnavailable,
    Unavailable,
    UpstreamError,
)
from polypost.storage import Store

ASKED = Asked("prj_1", "key_1", "POST /v1/comments", 17, None, "here")
With = Callable[[Any], Any]


class Wire:
    """A line on which a test decides what comes back."""

    name = "Somewhere"

    def __init__(self, *ends: str | Exception) -> None:
        self.ends = list(ends)
        self.sent = 0
        self.free = asyncio.Event()
        self.free.set()

    async def call(self, ask: Callable[[Any], Awaitable[str]]) -> str:
        return await ask(None)

    async def write(self, _session: Any) -> str:
        self.sent += 1
        await self.free.wait()
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


async def send(store: Store, wire: Wire) -> Any:
    return await Sender(store).send(wire, ASKED, wire.write)  # type: ignore[arg-type]  # a stand-in with the one method that is used


@pytest.mark.parametrize(
    "silence",
    [NoAnswer("cut"), OutcomeUnknown("what?"), ZeroDivisionError()],
    ids=["cut", "unclear", "fault"],
)
def test_a_doubt_is_not_sent_again(with_store: With, silence: Exception) -> None:
    async def story(store: Store) -> None:
        wire = Wire(silence)
        with pytest.raises((UpstreamError, ZeroDivisionError)):
            await send(store, wire)
        with pytest.raises(UpstreamError) as again:
            await send(store, wire)
        assert (again.value.code, wire.sent) == ("outcome_unknown", 1)
        assert "10 minutes" in again.value.message

    with_store(story)


def test_what_was_refused_may_be_sent_again(with_store: With) -> None:
    async def story(store: Store) -> None:
        wire = Wire(Rejected("no"), NotSent("no line"), "n1")
        with pytest.raises(InvalidRequest):
            await send(store, wire)
        with pytest.raises(UpstreamError):
            await send(store, wire)
        sent = await send(store, wire)
        assert (sent.network_id, sent.replayed, wire.sent) == ("n1", False, 3)

    with_store(story)


def test_an_equal_request_waits_for_the_one_under_way(with_store: With) -> None:
    async def story(store: Store) -> None:
        wire = Wire(NoAnswer("cut"))
        wire.free.clear()
        first = asyncio.create_task(send(store, wire))
        while not wire.sent:
            await asyncio.sleep(0)
        second = asyncio.create_task(send(store, wire))
        await asyncio.sleep(0.05)
        assert not second.done()
        wire.free.set()
        ends = await asyncio.gather(first, second, return_exceptions=True)
        assert {getattr(end, "code", "") for end in ends} == {"outcome_unknown"}
        assert wire.sent == 1

    with_store(story)


class Forgetful:
    """A store that takes the intent and nothing after it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.signals = store.signals
        self.writes = 0

    async def write(self, act: Any) -> Any:
        self.writes += 1
        if self.writes > 1:
            raise StoreUnavailable
        return await self._store.write(act)


@pytest.mark.parametrize("end", ["n1", NoAnswer("cut"), Rejected("no")], ids=["taken", "cut", "refused"])
def test_a_store_that_fails_hides_nothing_that_the_network_said(
    with_store: With, end: str | Exception
) -> None:
    async def story(store: Store) -> None:
        wire: Any = Wire(end)
        sender = Sender(Forgetful(store))  # type: ignore[arg-type]  # a stand-in with the one method that is used
        if isinstance(end, str):
            assert (await sender.send(wire, ASKED, wire.write)).network_id == "n1"
            return
        with pytest.raises(ApiError) as told:
            await sender.send(wire, ASKED, wire.write)
        assert told.value.status == (502 if isinstance(end, NoAnswer) else 400)

    with_store(story)


def test_what_trouble_means_to_a_client() -> None:
    until = clock.now() + timedelta(seconds=90)
    for trouble, kind, code in (
        (NotThere("gone"), NotFound, "not_on_network"),
        (Rejected("no", code="too_long"), InvalidRequest, "too_long"),
        (ReconnectRequired("dead"), InvalidRequest, "reconnect_required"),
        (RateLimited(until, "slow"), UpstreamError, "rate_limited"),
        (Unavailable("down"), UpstreamError, "platform_unavailable"),
        (NotSent("no line"), UpstreamError, "not_sent"),
        (NoAnswer("cut"), UpstreamError, "no_answer"),
    ):
        told = answerable(trouble)
        assert (type(told), told.code) == (kind, code)
    limited = answerable(RateLimited(until, "slow"))
    assert 80 <= int(limited.headers["Retry-After"]) <= 90
