"""Ways to tell a story about the pipeline: on both stores, or on the default one alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from polypost.storage import metadata, open_store
from tests.engine.room import Story, play
from tests.preloaded import Nursery


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Starts `polypost` processes quickly."""
    with closing(Nursery()) as warm:
        yield warm


@pytest.fixture
def tell(with_store: Any) -> Callable[[Story], None]:
    """Tell a story on both stores."""
    return lambda story: with_store(play(story))


@pytest.fixture
def tell_once(tmp_path: Path) -> Callable[..., None]:
    """Tell a story on SQLite, where the store makes no difference; the keywords are those of `play`."""

    def tell(story: Story, **how: bool) -> None:
        async def main() -> None:
            store = open_store(tmp_path / "data", None)
            try:
                await store.write(metadata.create_all)
                await play(story, **how)(store)
            finally:
                await store.close()

        asyncio.run(main())

    return tell
