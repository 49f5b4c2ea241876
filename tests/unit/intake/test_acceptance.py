"""What a process says while nobody knows whether the store kept a change (E1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from polypost.errors import ServiceUnavailable
from polypost.intake.acceptance import Acceptance
from polypost.storage import CommitUnknown

SAME = ("key", "POST /v1/posts", None, 1)
OTHER = ("key", "POST /v1/posts", None, 2)


class LostAnswer:
    """A store whose first COMMIT is not answered until `end` says whether the change was kept."""

    def __init__(self) -> None:
        self.end: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.written: list[str] = []

    async def write(self, fn: Callable[[Any], str]) -> str:
        self.written.append(fn(None))
        if len(self.written) == 1:
            raise CommitUnknown(self.written[0], lambda: asyncio.shield(self.end))
        return self.written[-1]


async def refused(acceptance: Acceptance, **undo: Any) -> None:
    with pytest.raises(ServiceUnavailable) as said:
        await acceptance.take(SAME, lambda _: "equal", **undo)
    assert said.value.code == "acceptance_unknown"


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("undo", [{}, {"lose": lambda _, result: f"{result} lost"}], ids=["plain", "lose"])
def test_an_equal_request_waits_for_the_end_of_one_that_nobody_knows_of(
    undo: dict[str, Any], *, kept: bool
) -> None:
    async def story() -> None:
        store = LostAnswer()
        acceptance = Acceptance(store, seconds=0.05)  # type: ignore[arg-type]  # of the store it only writes
        try:
            for _ in range(2):
                await refused(acceptance, **undo)
            assert store.written == ["equal"]
            assert await acceptance.take(OTHER, lambda _: "other") == ("other", False)
            store.end.set_result(kept)
            found, again = await acceptance.take(SAME, lambda _: "written anew", **undo)
            # What it was kept as is handed on, or marked in the store, where the next write finds it.
            assert (found, again) == (("equal", True) if kept and not undo else ("written anew", False))
            assert ("equal lost" in store.written) == (kept and bool(undo))
            assert await acceptance.take(SAME, lambda _: "a new one") == ("a new one", False)
        finally:
            await acceptance.aclose()

    asyncio.run(story())
