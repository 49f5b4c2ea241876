"""The log of requests: what of them is kept, what is left out and counted, how it is read and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from polypost import access, clock
from polypost.access import request_log
from polypost.access.request_log import Kept, Narrowed, Noted, RequestLog
from polypost.access.tables import requests
from polypost.errors import NotFound, StoreUnavailable
from polypost.storage import Store, new_id

KEPT = timedelta(days=7)
OnStore = Callable[[Callable[[Store], Any]], Any]


def noted(path: str = "/v1/posts", status: int = 200, **more: Any) -> Noted:
    """A request as the entrance hands it over."""
    given = {"method": "GET", "query": b"", "key": "key_1", "body": b"", "said": None} | more
    return (
        new_id("req"),
        clock.monotonic() - 0.25,
        given["method"],
        path,
        given["query"],
        status,
        0.25,
        given["key"],
        given["body"],
        given["said"],
    )


async def project(store: Store, name: str = "Ours") -> str:
    """The id of a new project."""
    return (await store.write(lambda db: access.create_project(db, name))).id


async def listed(store: Store, of: str, *, limit: int = 1000, **narrowed: Any) -> list[Kept]:
    """What was kept of a project, the newest first."""
    return (
        await store.read(lambda db: request_log.list_requests(db, of, Narrowed(**narrowed), limit=limit))
    )[0]


def test_what_is_kept_of_a_request(with_store: OnStore) -> None:
    async def story(store: Store) -> None:
        log, ours = RequestLog(store), await project(store)
        key = "pp_live_" + "a1B2" * 9
        body = f'{{"clientSecret": "hush", "password":"hush","content": "hello\\u0000 \0 {key}", "code": "hush"}}'
        asked = noted(
            "/v1/apps/\0x",
            409,
            method="POST",
            query=b"token=hush&status=failed",
            body=body.encode(),
            said=("conflict", f"There is {key} already."),
        )
        log.note(ours, asked)
        await log.flush()
        kept = await store.read(lambda db: request_log.get_request(db, ours, asked[0]))
        assert (kept.method, kept.status, kept.milliseconds, kept.code) == ("POST", 409, 250, "conflict")
        assert abs((clock.now() - kept.at).total_seconds() - 0.25) < 60
        assert kept.url == "/v1/apps/\ufffdx?token=•••&status=failed"
        assert "hello" in kept.body
        for text in (kept.body, kept.url, kept.message or ""):
            assert "hush" not in text
            assert key not in text
            assert "\0" not in text
        assert not kept.cut
        theirs = await project(store, "Theirs")
        with pytest.raises(NotFound):
            await store.read(lambda db: request_log.get_request(db, theirs, asked[0]))
        assert await listed(store, theirs) == []

    with_store(story)


def test_of_a_long_body_the_beginning_is_kept(with_store: OnStore) -> None:
    async def story(store: Store) -> None:
        log, ours = RequestLog(store), await project(store)
        most = request_log.BODY_BYTES
        # A secret at the border, and a letter that is cut in two.
        secret, cut = b'{"password": "' + b"hush" * most, ("x" + "ü" * most).encode()
        for body in (b"x" * most, b"x" * (most + 1), secret[: most + 1], cut[: most + 1]):
            log.note(ours, noted(body=body))
            clock.advance(0.01)
        await log.flush()
        ids = [each.id for each in reversed(await listed(store, ours))]
        found = await store.read(lambda db: [request_log.get_request(db, ours, each) for each in ids])
        assert [each.cut for each in found] == [False, True, True, True]
        assert len(found[1].body) == request_log.BODY_BYTES
        assert "hush" not in found[2].body

    with_store(story)


def test_more_than_a_batch_is_counted_and_what_went_wrong_comes_first(with_store: OnStore) -> None:
    async def story(store: Store) -> None:
        log = RequestLog(store)
        loud, quiet = await project(store, "Loud"), await project(store, "Quiet")
        for _ in range(300):
            log.note(loud, noted(status=200))
        for number in range(60):
            log.note(loud, noted(status=400 + number % 2 * 100))
        for _ in range(3):
            log.note(quiet, noted())
        await log.flush()
        of_loud, of_quiet = await listed(store, loud), await listed(store, quiet)
        assert len(of_loud) + len(of_quiet) <= request_log.BATCH
        assert len(of_quiet) == 3
        assert sum(each.missed for each in of_quiet) == 0
        assert {each.status for each in of_loud} == {400, 500}
        assert len(of_loud) + sum(each.missed for each in of_loud) == 360
        # What was left out is told once.
        log.note(loud, noted())
        await log.flush()
        assert (await listed(store, loud))[0].missed == 0

    with_store(story)


def test_more_projects_than_a_batch_has_room_for(
    with_store: OnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "BATCH", 2)
    monkeypatch.setattr(request_log, "HELD", 3)

    async def story(store: Store) -> None:
        log = RequestLog(store)
        ids = [await project(store, f"Project {number}") for number in range(4)]
        for each in ids:
            log.note(each, noted())
        await log.flush()
        assert [len(await listed(store, each)) for each in ids] == [1, 1, 0, 0]
        for each in ids[2:]:
            log.note(each, noted())
        await log.flush()
        assert [[each.missed for each in await listed(store, of)] for of in ids] == [[0], [0], [1], [1]]
        await log.flush()

    with_store(story)


KEPT = timedelta(days=7)


class Away:
    """A store that takes nothing until it is back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.back = False

    async def write(self, fn: Any) -> Any:
        if not self.back:
            raise StoreUnavailable("It is away.")
        return await self._store.write(fn)


def test_while_the_store_is_away_requests_are_counted_and_dropped(with_store: OnStore) -> None:
    async def story(store: Store) -> None:
        ours, away = await project(store), Away(store)
        log = RequestLog(away)  # type: ignore[arg-type]  # of a store it writes alone
        for _ in range(2):
            log.note(ours, noted())
            log.note(ours, noted())
            await log.flush()
        away.back = True
        log.note(ours, noted())
        await log.flush()
        assert [each.missed for each in await listed(store, ours)] == [4]

    with_store(story)


def test_requests_are_narrowed_down_and_paged_through(
    with_store: OnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(store: Store) -> None:
        log, ours = RequestLog(store), await project(store)
        for number in range(12):
            path = "/v1/posts/x" if number % 2 else "/v1/p%sts"
            status = (200, 404, 503)[number % 3]
            method = "GET" if number < 6 else "POST"
            log.note(ours, noted(path, status, method=method, key=f"key_{number % 4}"))
            clock.advance(0.01)
        await log.flush()
        every = [each.id for each in await listed(store, ours)]
        assert every == sorted(every, reverse=True)
        assert len(every) == 12

        async def ids(before: str = "", limit: int = 100, **narrowed: Any) -> tuple[list[str], str]:
            found, further = await store.read(
                lambda db: request_log.list_requests(
                    db, ours, Narrowed(**narrowed), before=before, limit=limit
                )
            )
            return [each.id for each in found], further

        # The newest was the twelfth: refused by the server, a POST, with the fourth key.
        assert await ids() == (every, "")
        assert await ids(limit=5) == (every[:5], every[4])
        assert await ids(limit=5, before=every[9]) == (every[10:], "")
        assert (await ids(status=4))[0] == every[1::3]
        assert (await ids(status=5))[0] == every[::3]
        assert (await ids(status=2))[0] == every[2::3]
        assert (await ids(method="POST"))[0] == every[:6]
        assert (await ids(key_id="key_3"))[0] == every[::4]
        assert (await ids(path="/v1/posts"))[0] == every[::2]
        # What a pattern would mean is a letter here.
        assert (await ids(path="/v1/p%"))[0] == every[1::2]
        assert await ids(status=4, limit=2) == (every[1:5:3], every[4])
        # It looks at so many, and says where to go on.
        monkeypatch.setattr(request_log, "LOOKED_AT", 5)
        assert await ids(key_id="key_0") == ([every[3]], every[4])
        assert await ids(key_id="key_0", before=every[4]) == ([every[7]], every[9])
        assert await ids(key_id="key_0", before=every[9]) == ([every[11]], "")

    with_store(story)


def test_old_requests_are_forgotten_and_the_newest_kept(
    with_store: OnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "STEP", 2)
    monkeypatch.setattr(request_log, "MOST", 6)

    async def story(store: Store) -> None:
        log = RequestLog(store)
        ours, theirs = await project(store), await project(store, "Theirs")
        for _ in range(5):
            log.note(ours, noted())
        await log.flush()
        clock.advance(KEPT.total_seconds() - 60)
        for _ in range(2):
            log.note(ours, noted())
        for _ in range(9):
            log.note(theirs, noted())
            clock.advance(0.01)
        await log.flush()
        newest = [each.id for each in await listed(store, theirs)][:6]
        await request_log.clean(store, KEPT)
        assert len(await listed(store, ours)) == 6
        assert [each.id for each in await listed(store, theirs)] == newest
        clock.advance(120)
        await request_log.clean(store, KEPT)
        assert len(await listed(store, ours)) == 2
        clock.advance(KEPT.total_seconds())
        await request_log.clean(store, KEPT)
        assert (
            await store.read(lambda db: db.execute(select(func.count()).select_from(requests)).scalar()) == 0
        )

    with_store(story)
