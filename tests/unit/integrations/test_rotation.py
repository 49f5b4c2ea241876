"""Another master key while processes go on: what is stored and signed stays readable to all of them, to the end (K5)."""

from __future__ import annotations

import base64
import os
import time
from functools import partial

import pytest
from sqlalchemy import select

from polypost.integrations import MasterKeys, MasterKeyWrong, Vault, load_master_keys, rotation
from polypost.integrations.master import write_keys
from polypost.integrations.rotation import RotationByHand, RotationOpen
from polypost.integrations.tables import data_keys
from polypost.media import Signer
from polypost.settings import Settings

PLACE = ("prj_a", "int_a", "access_token")
DAY = 24 * 3600


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys" / "master.key"
    path.parent.mkdir()
    write_keys(path, [os.urandom(32)])
    return path


def process(file):
    """What a process that begins now knows."""
    settings = Settings(master_key_file=file)
    return load_master_keys(settings, embedded=True, has_secrets=True)


def wrapped_with(db):
    return {row.wrapped.partition(".")[0] for row in db.execute(select(data_keys))}


def test_every_process_reads_and_signs_through_it(with_store, file):
    async def story(store):
        running, fresh = Vault(process(file)), Vault(process(file))
        sealed = await store.write(lambda db: running.seal(db, *PLACE, "secret"))
        await store.write(lambda db: running.seal(db, "prj_b", "int_b", "extra", "other"))
        before = Signer(partial(running.derived, "uploads"))
        signed = before.sign("upl_1.9")

        done = await rotation.begin(store, process(file))
        assert (done.wrapped, done.keys) == (2, 2)
        assert len(await store.read(wrapped_with)) == 1
        # One that has opened nothing yet, and knew the older key alone.
        assert await store.read(lambda db: fresh.open(db, *PLACE, sealed)) == "secret"
        new = Signer(partial(Vault(process(file)).derived, "uploads"))
        assert new.knows("upl_1.9", signed)
        assert before.sign("upl_1.9") == new.sign("upl_1.9") != signed
        third = await store.write(lambda db: running.seal(db, "prj_c", "int_c", "extra", "third"))
        assert len(await store.read(wrapped_with)) == 1

        # The same once more makes no third key.
        again = await rotation.begin(store, process(file))
        assert (again.wrapped, again.keys) == (0, 2)
        with pytest.raises(RotationOpen) as early:
            await rotation.finish(store, process(file))
        assert "--now" in early.value.message
        os.utime(file, (time.time() - DAY - 1,) * 2)
        assert (await rotation.finish(store, process(file))).keys == 1
        assert not before.knows("upl_1.9", signed)
        for vault in (fresh, Vault(process(file))):
            assert (
                await store.read(lambda db, v=vault: v.open(db, "prj_c", "int_c", "extra", third)) == "third"
            )

    with_store(story)


def test_a_command_that_died_goes_on_where_it_ended(with_store, file, monkeypatch):
    monkeypatch.setattr("polypost.integrations.vault.STEP", 2)

    async def story(store):
        vault = Vault(process(file))
        sealed = {
            project: await store.write(lambda db, p=project: vault.seal(db, p, "int", "extra", p))
            for project in ("prj_a", "prj_b", "prj_c", "prj_d", "prj_e")
        }
        (old,) = process(file).all()
        new = os.urandom(32)
        write_keys(file, [new, old])
        # It wrapped some of them.
        assert await store.write(Vault(process(file)).rewrap) == 2
        done = await rotation.begin(store, process(file))
        assert (done.wrapped, process(file).all()) == (3, (new, old))
        for project, text in sealed.items():
            opened = await store.read(lambda db, p=project, t=text: Vault(new).open(db, p, "int", "extra", t))
            assert opened == project

    with_store(story)


def test_a_leaked_key_is_taken_away_at_once(with_store, file):
    async def story(store):
        vault = Vault(process(file))
        (old,) = process(file).all()
        sealed = await store.write(lambda db: vault.seal(db, *PLACE, "secret"))
        await rotation.begin(store, process(file))
        await rotation.finish(store, process(file), now=True)
        assert old not in process(file).all()
        assert await store.read(lambda db: Vault(process(file)).open(db, *PLACE, sealed)) == "secret"
        with pytest.raises(MasterKeyWrong):
            await store.read(lambda db: Vault(old).open(db, *PLACE, sealed))

    with_store(story)


def test_keys_of_a_setting_are_exchanged_by_hand(with_store):
    old, new = os.urandom(32), os.urandom(32)

    async def story(store):
        sealed = await store.write(lambda db: Vault(old).seal(db, *PLACE, "secret"))
        with pytest.raises(RotationByHand) as told:
            await rotation.begin(store, MasterKeys([old]))
        assert "POLYPOST_MASTER_KEY" in told.value.message
        done = await rotation.begin(store, MasterKeys([new, old]))
        assert (done.wrapped, done.keys) == (1, 2)
        assert await store.read(lambda db: Vault(MasterKeys([old, new])).open(db, *PLACE, sealed)) == "secret"
        # Somebody who still had the older one first has made a project's key since.
        late = await store.write(
            lambda db: Vault(MasterKeys([old, new])).seal(db, "prj_b", "i", "extra", "late")
        )
        assert (await rotation.finish(store, MasterKeys([new, old]))).wrapped == 1
        assert await store.read(lambda db: Vault(new).open(db, "prj_b", "i", "extra", late)) == "late"
        with pytest.raises(MasterKeyWrong):
            await rotation.begin(store, MasterKeys([os.urandom(32)]))

    with_store(story)


def test_a_file_that_cannot_be_written_is_said(with_store, file):
    async def story(store):
        masters = process(file)
        text = file.read_bytes()
        (file.parent / f"{file.name}.writing").mkdir()
        with pytest.raises(RotationByHand) as told:
            await rotation.begin(store, masters)
        assert str(file) in told.value.message
        assert file.read_bytes() == text

    with_store(story)


def test_a_file_that_is_being_written_or_away_changes_nothing(file):
    masters = process(file)
    keys = masters.all()
    text = file.read_bytes()
    for write in (lambda: file.write_bytes(b""), lambda: file.write_bytes(b"half a k"), file.unlink):
        write()
        assert masters.all() == keys
    newer = os.urandom(32)
    file.write_bytes(base64.b64encode(newer) + b"\n" + text)
    assert masters.all() == (newer, *keys)


def test_the_file_stays_as_private_as_it_was(file):
    file.chmod(0o640)
    write_keys(file, [os.urandom(32)])
    assert file.stat().st_mode & 0o777 == 0o640
