"""Projects, keys and limits: what a key looks like, who it lets in, and how often (K1, K2, A7)."""

from __future__ import annotations

import asyncio
import string
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost import access, clock
from polypost.access import Keyring, Throttle, keys
from polypost.access.tables import api_keys
from polypost.errors import Conflict, Forbidden, InvalidRequest, NotFound, TooManyRequests, Unauthorized

BASE62 = string.ascii_letters + string.digits


class Hands:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


async def project_with_key(store, **key):
    project = await store.write(lambda db: access.create_project(db, "Acme"))
    made, secret = await store.write(lambda db: access.create_key(db, project.id, name="ci", **key))
    return project, made, secret


@given(st.sampled_from(["live", "test"]))
def test_generated_keys_are_well_formed(kind):
    secret = keys.generate(kind)
    assert secret.startswith(f"pp_{kind}_")
    assert len(secret) == len("pp_live_") + 36
    assert access.well_formed(secret)


@given(st.integers(0, 43), st.sampled_from(BASE62 + "_-é"))
def test_one_wrong_character_is_seen_without_a_look_up(place, character):
    secret = keys.generate("live")
    changed = secret[:place] + character + secret[place + 1 :]
    assert access.well_formed(changed) == (changed == secret)


@given(st.text())
def test_noise_is_no_key(text):
    assert not access.well_formed(text)
    assert not access.well_formed(f"pp_live_{text}")


@pytest.mark.parametrize("around", [" {}", "{}\n", "{}\0", "Bearer {}"])
def test_a_key_stands_alone(around):
    assert not access.well_formed(around.format(keys.generate("test")))


def test_live_and_test_cannot_be_swapped():
    assert not access.well_formed(keys.generate("live").replace("_live_", "_test_"))


def test_projects_are_listed_and_found(with_store):
    async def story(store):
        first = await store.write(lambda db: access.create_project(db, " Acme "))
        second = await store.write(lambda db: access.create_project(db, "Globex", credits=5))
        assert await store.read(access.list_projects) == [first, second]
        found = await store.read(lambda db: access.get_project(db, second.id))
        assert (found.name, found.credit_limit, found.dedupe_window_seconds) == ("Globex", 5, 0)
        assert first.name == "Acme"
        with pytest.raises(NotFound):
            await store.read(lambda db: access.get_project(db, "prj_none"))
        with pytest.raises(InvalidRequest) as refused:
            await store.write(lambda db: access.create_project(db, " ", credits=-1))
        assert [problem.path for problem in refused.value.problems] == ["name", "credits"]

    with_store(story)


def test_a_key_belongs_to_one_project_and_is_kept_as_a_hash(with_store):
    async def story(store):
        project, key, secret = await project_with_key(store, scopes=["publish", "publish"])
        other = await store.write(lambda db: access.create_project(db, "Globex"))
        assert await store.read(lambda db: access.list_keys(db, project.id)) == [key]
        assert await store.read(lambda db: access.list_keys(db, other.id)) == []
        with pytest.raises(NotFound):
            await store.write(lambda db: access.revoke_key(db, other.id, key.id))
        with pytest.raises(NotFound):
            await store.write(lambda db: access.create_key(db, "prj_none", name="ci"))
        row = await store.read(lambda db: db.execute(api_keys.select()).one())
        assert secret not in str(row)
        assert secret.startswith(key.prefix)
        assert len(key.prefix) == 12

        keyring = Keyring(store)
        principal = await keyring.authenticate(secret)
        assert (principal.project, principal.key_id) == (project, key.id)
        principal.require("publish")
        with pytest.raises(Forbidden) as missing:
            principal.require("read")
        assert missing.value.code == "missing_scope"
        await keyring.aclose()

    with_store(story)


def test_revocation_holds_within_a_second_in_every_process(with_store):
    async def story(store):
        hands = Hands()
        project, key, secret = await project_with_key(store)
        here, there = Keyring(store, monotonic=hands), Keyring(store, monotonic=hands)
        await here.authenticate(secret)
        await there.authenticate(secret)
        first = await store.write(lambda db: access.revoke_key(db, project.id, key.id))
        again = await store.write(lambda db: access.revoke_key(db, project.id, key.id))
        assert first.revoked_at == again.revoked_at is not None
        hands.seconds += 1.0
        for keyring in (here, there):
            with pytest.raises(Unauthorized):
                await keyring.authenticate(secret)
            await keyring.aclose()

    with_store(story)


def test_the_newest_keys_apart_from_those_that_ended(with_store):
    async def story(store):
        project, first, _ = await project_with_key(store)

        def make(name, **key):
            return store.write(lambda db: access.create_key(db, project.id, name=name, **key)[0])

        await make("past", expires_at=clock.now() - timedelta(seconds=1))
        gone = await make("gone")
        await store.write(lambda db: access.revoke_key(db, project.id, gone.id))
        later = await make("later", expires_at=clock.now() + timedelta(days=1))

        def newest(**how):
            return store.read(lambda db: access.newest_keys(db, project.id, **how))

        assert await newest(ended=False, limit=9) == [later, first]
        assert [key.name for key in await newest(ended=True, limit=9)] == ["gone", "past"]
        assert await newest(ended=False, limit=1) == [later]
        assert await newest(ended=False, limit=1, offset=1) == [first]
        assert (first.maker, later.maker) == ("", "")

    with_store(story)


def test_a_project_gets_another_name_that_no_other_has(with_store):
    async def story(store):
        project, _, _ = await project_with_key(store)
        await store.write(lambda db: access.create_project(db, "Globex"))

        def rename(name):
            return store.write(lambda db: access.rename_project(db, project.id, name))

        assert (await rename(" Acme & Sons ")).name == "Acme & Sons"
        assert (await rename("Acme & Sons")).name == "Acme & Sons"
        with pytest.raises(Conflict):
            await rename("Globex")
        with pytest.raises(InvalidRequest):
            await rename("x" * 201)

    with_store(story)


def test_a_project_changes_only_where_asked(with_store):
    async def story(store):
        project, _, _ = await project_with_key(store)

        def change(**values):
            return store.write(lambda db: access.change_project(db, project.id, **values))

        assert await change() == project
        assert (await change(credits=7)).credit_limit == 7
        assert (await change(dedupe_window_seconds=60)).credit_limit == 7
        barred = (await change(disabled=True)).disabled_at
        assert barred is not None
        again = await change(disabled=True, credits="unlimited")
        assert (again.disabled_at, again.credit_limit, again.dedupe_window_seconds) == (barred, None, 60)
        with pytest.raises(InvalidRequest) as refused:
            await change(credits=-1, monthly_credits=2**31, dedupe_window_seconds=10**9, disabled=False)
        assert [problem.path for problem in refused.value.problems] == [
            "credits",
            "monthlyCredits",
            "dedupeWindowSeconds",
        ]
        assert await store.read(lambda db: access.get_project(db, project.id)) == again

    with_store(story)


def test_an_unknown_scope_is_refused(with_store):
    async def story(store):
        with pytest.raises(InvalidRequest) as refused:
            await project_with_key(store, scopes=["read", "everything"])
        assert "everything" in str(refused.value)
        assert "publish" in str(refused.value.problems[0].hint)

    with_store(story)


def test_disabled_projects_are_forbidden_and_come_back(with_store):
    async def story(store):
        hands = Hands()
        project, _, secret = await project_with_key(store)
        keyring = Keyring(store, monotonic=hands)
        await store.write(lambda db: access.change_project(db, project.id, disabled=True))
        with pytest.raises(Forbidden):
            await keyring.authenticate(secret)
        await store.write(lambda db: access.change_project(db, project.id, disabled=False))
        hands.seconds += 1.0
        assert (await keyring.authenticate(secret)).project == project
        with pytest.raises(NotFound):
            await store.write(lambda db: access.change_project(db, "prj_none", disabled=True))
        await keyring.aclose()

    with_store(story)


def test_wrong_keys_are_refused_in_the_same_words(with_store):
    async def story(store):
        project, _, _ = await project_with_key(store)
        past = clock.now() - timedelta(seconds=1)
        _, expired = await store.write(
            lambda db: access.create_key(db, project.id, name="old", expires_at=past)
        )
        keyring = Keyring(store)
        said = set()
        for secret in (expired, keys.generate("live"), "pp_live_nonsense", ""):
            with pytest.raises(Unauthorized) as refused:
                await keyring.authenticate(secret)
            said.add(refused.value.message)
        assert len(said) == 1
        await keyring.aclose()

    with_store(story)


class CountingStore:
    """Passes reads on and counts them."""

    def __init__(self, store):
        self.store = store
        self.reads = 0

    async def read(self, fn):
        self.reads += 1
        return await self.store.read(fn)

    async def write(self, fn):
        return await self.store.write(fn)


def test_many_requests_make_one_look_up(with_store):
    async def story(store):
        _, _, secret = await project_with_key(store)
        counting = CountingStore(store)
        keyring = Keyring(counting, monotonic=Hands())
        await asyncio.gather(*(keyring.authenticate(secret) for _ in range(50)))
        await keyring.authenticate(secret)
        assert counting.reads == 1
        with pytest.raises(Unauthorized):
            await keyring.authenticate("pp_live_" + "x" * 36)
        assert counting.reads == 1
        await keyring.aclose()

    with_store(story)


def test_a_caller_that_goes_away_takes_no_answer_along(with_store):
    async def story(store):
        _, _, secret = await project_with_key(store)
        keyring = Keyring(store)
        first = asyncio.create_task(keyring.authenticate(secret))
        await asyncio.sleep(0)
        second = asyncio.create_task(keyring.authenticate(secret))
        await asyncio.sleep(0)
        first.cancel()
        assert await second
        await keyring.aclose()

    with_store(story)


def test_the_last_use_is_written_once_a_minute(with_store):
    async def story(store):
        hands = Hands()
        project, _, secret = await project_with_key(store)
        keyring = Keyring(store, monotonic=hands)

        async def last_used():
            await keyring.aclose()
            return (await store.read(lambda db: access.list_keys(db, project.id)))[0].last_used_at

        await keyring.authenticate(secret)
        used = await last_used()
        assert used is not None
        hands.seconds += 59
        await keyring.authenticate(secret)
        assert await last_used() == used
        # Another process has no memory of the first write; the row itself keeps the minute.
        await Keyring(store).authenticate(secret)
        assert await last_used() == used

    with_store(story)


def throttle(hands, **rates):
    return Throttle(**({"key_per_minute": 60, "address_per_minute": 60} | rates), monotonic=hands)


def test_a_bucket_holds_a_minute_and_fills_evenly():
    hands = Hands()
    limits = throttle(hands)
    left = [limits.key("key_a").remaining for _ in range(60)]
    assert left == list(range(59, -1, -1))
    with pytest.raises(TooManyRequests) as refused:
        limits.key("key_a")
    assert refused.value.headers == {"Retry-After": "1"}
    assert limits.key("key_b").remaining == 59
    hands.seconds += 1
    assert limits.key("key_a").reset == 60
    with pytest.raises(TooManyRequests):
        limits.key("key_a")


@given(st.integers(1, 50), st.lists(st.floats(0, 90), max_size=100))
def test_never_more_than_the_rate_and_the_named_wait_is_enough(rate, pauses):
    hands = Hands()
    limits = throttle(hands, key_per_minute=rate)
    began = hands.seconds
    for passed, pause in enumerate(pauses, 1):
        hands.seconds += pause
        try:
            left = limits.key("key_a").remaining
        except TooManyRequests as refused:
            hands.seconds += int(refused.headers["Retry-After"])
            left = limits.key("key_a").remaining
        assert 0 <= left < rate
        assert passed <= rate * (1 + (hands.seconds - began) / 60) + 0.01


def test_wrong_keys_do_not_shut_out_a_right_one_from_the_same_address():
    limits = throttle(Hands(), failures_per_minute=3)
    for _ in range(3):
        limits.failure("192.0.2.1")
    with pytest.raises(TooManyRequests):
        limits.failure("192.0.2.1")
    assert limits.address("192.0.2.1").remaining == 59
    assert limits.key("key_a").remaining == 59
    limits.failure("192.0.2.2")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_addresses_of_one_network_count_together(one, other, same):
    limits = throttle(Hands(), address_per_minute=1)
    limits.address(one)
    if same:
        with pytest.raises(TooManyRequests):
            limits.address(other)
    else:
        limits.address(other)


def test_memory_is_bounded_and_the_busy_are_remembered():
    limits = throttle(Hands(), address_per_minute=1, capacity=3)
    limits.address("192.0.2.1")
    for stranger in range(10):
        limits.address(f"198.51.100.{stranger}")
        with pytest.raises(TooManyRequests):
            limits.address("192.0.2.1")
    for stranger in range(10, 13):
        limits.address(f"198.51.100.{stranger}")
    assert limits.address("192.0.2.1").remaining == 0
