"""When a handler may answer its lane's next wake-up too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from polypost import clock
from polypost.engine import WakeUp
from polypost.engine.runner import Runner, aside

SECONDS = 10.0
Asks = Callable[[Runner], Awaitable[bool]]


async def alone(runner: Runner) -> bool:
    return runner.goes_on()


async def with_another_waiting(runner: Runner) -> bool:
    runner.offer(wake_up("second"))
    return runner.goes_on()


async def at_the_end(runner: Runner) -> bool:
    runner.close()
    return runner.goes_on()


async def with_media(runner: Runner) -> bool:
    async with aside():
        pass
    return runner.goes_on()


def wake_up(key: str) -> WakeUp:
    return WakeUp("test", key, clock.now(), lane=key, share="project")


def said(asks: Asks, *, holds: bool = False) -> bool:
    """What a handler hears that asks so, in a process with one seat."""

    async def story() -> bool:
        heard = asyncio.get_running_loop().create_future()
        holding = False

        async def handler(key: str) -> None:
            nonlocal holding
            holding = holds
            if key == "first":
                heard.set_result(await asks(runner))
            holding = False

        runner = Runner({"test": handler}, workers=1, holds=lambda: holding)
        assert not runner.goes_on()
        runner.offer(wake_up("first"))
        async with asyncio.timeout(SECONDS):
            await heard
            await runner.drain()
        return bool(heard.result())

    return asyncio.run(story())


def test_it_goes_on_while_nobody_waits() -> None:
    assert said(alone)


@pytest.mark.parametrize("asks", [with_another_waiting, at_the_end, with_media])
def test_it_does_not_go_on_where_it_would_hold_others_up(asks: Asks) -> None:
    assert not said(asks)


def test_it_does_not_go_on_while_the_clock_is_in_doubt() -> None:
    assert not said(alone, holds=True)
