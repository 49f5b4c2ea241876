"""Connected accounts: one row for life, seen by their own project only (G8, A7)."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import pytest

from polypost import clock
from polypost.errors import NotFound
from polypost.events import outbox
from polypost.integrations import Vault, service
from polypost.integrations.sealed import renewal
from polypost.integrations.tables import integrations
from polypost.platforms.base import Account, Tokens

ADA = Account("42", "ada", "Ada Lovelace", "https://fake.example/ada", None, {"premium": True})
TOKENS = Tokens("access-secret", "refresh-secret", scopes=("read",), extra={"note": "extra-secret"})


async def connect(store, project="prj_a", account=ADA, platform="fake", vault=None, **more):
    vault = vault or Vault(b"k" * 32)
    return await store.write(
        lambda db: service.add(db, vault, project, account, TOKENS, platform=platform, **more)
    )


def test_an_account_is_stored_without_a_readable_token(with_store):
    async def story(store):
        added = await connect(store, profile_id="prof_1", app_id="app_1")
        assert added.account == ADA
        assert (added.platform, added.profile_id, added.app_id) == ("fake", "prof_1", "app_1")
        assert (added.auth_status, added.scopes) == ("active", ("read",))
        assert await store.read(lambda db: service.get(db, "prj_a", added.id)) == added
        row = str(await store.read(lambda db: db.execute(integrations.select()).one()))
        assert "secret" not in row
        assert "secret" not in repr(added)

    with_store(story)


def test_connecting_again_keeps_the_id_and_revives(with_store):
    async def story(store):
        first = await connect(store, profile_id="prof_1")
        await store.write(lambda db: service.mark_reconnect(db, "prj_a", first.id, "token_expired"))
        again = await connect(store, account=Account("42", "ada2"))
        assert (again.id, again.username, again.profile_id) == (first.id, "ada2", "prof_1")
        assert (again.auth_status, again.auth_failure_reason) == ("active", None)
        assert again.created_at == first.created_at

        await store.write(lambda db: service.disconnect(db, "prj_a", first.id))
        row = await store.read(lambda db: db.execute(integrations.select()).one())
        assert (row.access_token, row.refresh_token, row.extra) == (None, None, None)
        assert await store.read(lambda db: service.find(db, "prj_a", [first.id])) == {}
        for call in (service.get, service.disconnect):
            with pytest.raises(NotFound):
                await store.write(lambda db, call=call: call(db, "prj_a", first.id))
        assert (await connect(store)).id == first.id

    with_store(story)


def test_the_same_account_added_by_many_at_once_is_one(with_store):
    async def story(store):
        added = await asyncio.gather(*(connect(store) for _ in range(8)))
        assert len({integration.id for integration in added}) == 1

    with_store(story)


def test_projects_do_not_see_each_other(with_store):
    async def story(store):
        mine, theirs = await connect(store), await connect(store, project="prj_b")
        assert mine.id != theirs.id
        assert list(await store.read(lambda db: service.find(db, "prj_a", [mine.id, theirs.id, "x"]))) == [
            mine.id
        ]
        assert (await store.read(lambda db: service.list_integrations(db, "prj_a")))[1] == [mine]
        foreign = []
        for integration_id in (theirs.id, "int_none"):
            for call in (
                lambda db, i=integration_id: service.get(db, "prj_a", i),
                lambda db, i=integration_id: service.disconnect(db, "prj_a", i),
                lambda db, i=integration_id: service.update_metadata(db, "prj_a", i, {}),
            ):
                with pytest.raises(NotFound) as refused:
                    await store.write(call)
                foreign.append(refused.value.message)
        assert len(set(foreign)) == 1
        await store.write(lambda db: service.mark_reconnect(db, "prj_a", theirs.id, "token_expired"))
        assert (await store.read(lambda db: service.get(db, "prj_b", theirs.id))) == theirs

    with_store(story)


def test_listing_filters_and_pages(with_store):
    async def story(store):
        names = ["ada", "Émile", "100%_x", "bob"]
        added = [
            await connect(
                store,
                account=Account(f"9{place}", name, f"Name {name}"),
                platform="fake" if place < 3 else "other",
                profile_id="prof_1" if place == 0 else None,
            )
            for place, name in enumerate(names)
        ]

        async def ask(**filters):
            total, page = await store.read(lambda db: service.list_integrations(db, "prj_a", **filters))
            return total, [added.index(integration) for integration in page]

        assert await ask() == (4, [3, 2, 1, 0])
        assert await ask(sort="asc", limit=2, offset=1) == (4, [1, 2])
        assert await ask(platforms=["other"]) == (1, [3])
        assert await ask(platforms=["other", "fake"], limit=1) == (4, [3])
        assert await ask(profile_id="prof_1") == (1, [0])
        assert await ask(profile_id=None) == (3, [3, 2, 1])
        assert await ask(q="ADA") == (1, [0])
        assert await ask(q="éMILE") == (1, [1])
        assert await ask(q="%_") == (1, [2])
        assert await ask(q="93") == (1, [3])
        assert await ask(q=added[2].id) == (1, [2])
        assert await ask(q=added[2].id[:-1]) == (0, [])
        assert await ask(q="nobody") == (0, [])

    with_store(story)


def test_a_dead_authorisation_is_said_once_and_keeps_its_first_reason(with_store):
    async def story(store):
        added = await connect(store)
        for reason in ("access_revoked", "refresh_rejected"):
            await store.write(
                lambda db, reason=reason: service.mark_reconnect(
                    db, "prj_a", added.id, reason, detail=f"{reason}."
                )
            )
        marked = await store.read(lambda db: service.get(db, "prj_a", added.id))
        assert marked.auth_status == "reconnect_required"
        assert (marked.auth_failure_reason, marked.auth_failure_detail) == (
            "access_revoked",
            "access_revoked.",
        )
        rows = await store.read(lambda db: db.execute(outbox.select()).all())
        assert [(row.type, row.project_id, row.subject) for row in rows] == [
            ("account.reconnect_required", "prj_a", added.id)
        ]

    with_store(story)


def test_new_facts_are_laid_over_the_old(with_store):
    async def story(store):
        added = await connect(store)
        changed = await store.write(
            lambda db: service.update_metadata(db, "prj_a", added.id, {"daily": 25, "premium": False})
        )
        assert changed.platform_metadata == {"premium": False, "daily": 25}
        assert changed.account.metadata["daily"] == 25

    with_store(story)


def test_unused_accounts_are_renewed_in_the_middle_of_their_time():
    now, day = clock.now(), timedelta(days=1)
    assert renewal(Tokens("a"), now) is None
    assert renewal(Tokens("a", access_expires_at=now + 60 * day), now) == now + 30 * day
    assert renewal(Tokens("a", access_expires_at=now + day), now) == now + day
    assert renewal(Tokens("a", "r", refresh_expires_at=now + 90 * day), now) == now + 45 * day
    assert renewal(Tokens("a", "r", access_expires_at=now + day), now) == now + 30 * day
    named = Tokens("a", access_expires_at=now + 60 * day, extra={"refresh_at": (now + 7 * day).isoformat()})
    assert renewal(named, now) == now + 7 * day
    assert renewal(named, now + 8 * day) == now + 34 * day


def test_each_account_is_sealed_for_itself(with_store):
    async def story(store):
        vault = Vault(os.urandom(32))
        one = await connect(store, vault=vault)
        other = await connect(store, account=Account("43"), vault=vault)
        rows = {row.id: row for row in await store.read(lambda db: db.execute(integrations.select()).all())}
        assert rows[one.id].access_token != rows[other.id].access_token

    with_store(story)
