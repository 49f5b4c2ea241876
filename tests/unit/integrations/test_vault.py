"""What is sealed opens in its own place only, and survives a new master key (K5, I9)."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost.integrations import (
    MasterKeyMissing,
    SealBroken,
    Vault,
    has_secrets,
    load_master_keys,
)
from polypost.integrations.tables import data_keys
from polypost.settings import Settings

PLACE = ("prj_a", "int_a", "access_token")


def test_only_the_same_place_opens_it(with_store):
    async def story(store):
        vault = Vault(os.urandom(32))
        assert not await store.read(has_secrets)
        sealed = await store.write(lambda db: vault.seal(db, *PLACE, "très secret"))
        await store.write(lambda db: vault.seal(db, "prj_b", "int_a", "access_token", "other"))
        assert await store.read(has_secrets)
        assert "secret" not in sealed
        assert await store.read(lambda db: vault.open(db, *PLACE, sealed)) == "très secret"
        for moved in (
            ("prj_b", "int_a", "access_token"),
            ("prj_a", "int_b", "access_token"),
            ("prj_a", "int_a", "refresh_token"),
            ("prj_none", "int_a", "access_token"),
        ):
            with pytest.raises(SealBroken):
                await store.read(lambda db, moved=moved: vault.open(db, *moved, sealed))

    with_store(story)


def test_a_changed_text_does_not_open(with_store):
    async def story(store):
        vault = Vault(os.urandom(32))
        sealed = await store.write(lambda db: vault.seal(db, *PLACE, "secret"))
        version, key_id, body = sealed.split(".")
        raw = bytearray(base64.urlsafe_b64decode(body))
        raw[-1] ^= 1
        flipped = base64.urlsafe_b64encode(raw).decode()
        for broken in (
            f"{version}.{key_id}.{flipped}",
            f"v2.{key_id}.{body}",
            f"{version}.dk_other.{body}",
            f"{version}.{key_id}.{body[:8]}",
            f"{version}.{key_id}.*",
            sealed[:-1],
            "secret",
            "",
        ):
            with pytest.raises(SealBroken):
                await store.read(lambda db, broken=broken: vault.open(db, *PLACE, broken))

    with_store(story)


def test_another_process_opens_what_this_one_sealed_with_one_key_a_project(with_store):
    async def story(store):
        master = os.urandom(32)
        first = await store.write(lambda db: Vault(master).seal(db, *PLACE, "one"))
        second = await store.write(lambda db: Vault(master).seal(db, *PLACE, "two"))
        later = Vault(master)
        assert await store.read(lambda db: later.open(db, *PLACE, first)) == "one"
        assert await store.read(lambda db: later.open(db, *PLACE, second)) == "two"
        assert len(await store.read(lambda db: db.execute(data_keys.select()).all())) == 1

    with_store(story)


def test_a_key_that_was_rolled_back_is_not_used_again(with_store):
    async def story(store):
        master = os.urandom(32)
        vault = Vault(master)

        def fail(db):
            vault.seal(db, *PLACE, "gone")
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await store.write(fail)
        sealed = await store.write(lambda db: vault.seal(db, *PLACE, "kept"))
        assert await store.read(lambda db: Vault(master).open(db, *PLACE, sealed)) == "kept"

    with_store(story)


@given(st.binary(max_size=80).filter(lambda key: len(key) != 32))
def test_a_master_key_has_32_bytes(key):
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(key)


def settings(tmp_path, **values):
    return Settings(data=tmp_path / "data", **values)


def load(chosen, *, embedded, has_secrets):
    return load_master_keys(chosen, embedded=embedded, has_secrets=has_secrets).all()


def test_an_embedded_store_gets_a_key_file_once(tmp_path):
    chosen = settings(tmp_path)
    (key,) = load(chosen, embedded=True, has_secrets=False)
    path = tmp_path / "data" / "master.key"
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load(chosen, embedded=True, has_secrets=True) == (key,)
    assert load(chosen, embedded=False, has_secrets=True) == (key,)


def test_a_first_start_that_died_is_repeated(tmp_path):
    path = tmp_path / "data" / "master.key"
    path.parent.mkdir()
    path.touch()
    key = load(settings(tmp_path), embedded=True, has_secrets=False)
    assert load(settings(tmp_path), embedded=True, has_secrets=True) == key


@pytest.mark.parametrize(("embedded", "has_secrets"), [(False, False), (False, True), (True, True)])
def test_without_a_key_the_start_is_refused(tmp_path, embedded, has_secrets):
    with pytest.raises(MasterKeyMissing) as refused:
        load_master_keys(settings(tmp_path), embedded=embedded, has_secrets=has_secrets)
    assert "POLYPOST_MASTER_KEY" in refused.value.message
    assert not (tmp_path / "data").exists()


def test_the_setting_wins_over_a_named_file_and_that_over_the_folder(tmp_path):
    in_folder = load(settings(tmp_path), embedded=True, has_secrets=False)
    named, given = os.urandom(32), os.urandom(32)
    file = tmp_path / "named.key"
    file.write_bytes(base64.b64encode(named) + b"\n")
    text = base64.b64encode(given).decode()
    found = load(settings(tmp_path, master_key_file=file), embedded=True, has_secrets=True)
    assert found == (named,) != in_folder
    both = settings(tmp_path, master_key_file=file, master_key=text)
    assert load(both, embedded=False, has_secrets=True) == (given,)


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64!", "A" * 44, "é"])
def test_a_key_of_the_wrong_form_is_refused(tmp_path, text):
    file = tmp_path / "named.key"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MasterKeyMissing):
        load_master_keys(settings(tmp_path, master_key_file=file), embedded=True, has_secrets=False)
    with pytest.raises(MasterKeyMissing):
        load_master_keys(settings(tmp_path, master_key=text), embedded=True, has_secrets=False)


def test_several_keys_stand_by_line_or_comma(tmp_path):
    keys = tuple(os.urandom(32) for _ in range(3))
    texts = [base64.b64encode(key).decode() for key in keys]
    file = tmp_path / "named.key"
    file.write_text("\n".join(texts) + "\n")
    assert load(settings(tmp_path, master_key_file=file), embedded=False, has_secrets=True) == keys
    named = settings(tmp_path, master_key=", ".join(texts))
    assert load(named, embedded=False, has_secrets=True) == keys
