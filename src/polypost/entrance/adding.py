"""Media are added once for each key that asks for it, by whichever way the bytes come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from polypost import clock
from polypost.entrance.services import Services
from polypost.intake import Submission
from polypost.posts import keys


async def once(rooms: Services, asked: Submission, make: Callable[[], Awaitable[str]]) -> tuple[str, bool]:
    """The id of the upload that a submission with a key made, by `make` where there is none; and whether there was one.

    Raises what `make` raises, KeyReused.
    """
    assert asked.key is not None
    known = (asked.project.id, asked.operation, asked.key, asked.fingerprint)
    before = await rooms.store.read(lambda db: keys.find(db, *known))
    if before is not None:
        return before, True
    made = await make()
    first = await rooms.store.write(lambda db: keys.remember(db, *known, made, clock.now()))
    return first or made, first is not None
