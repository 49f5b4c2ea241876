"""Which life of the store it is: a file that was renamed is the same, one that was copied is another."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from polypost.storage import lives
from polypost.storage.lives import Place

NOW = datetime(2026, 11, 29, 4, tzinfo=UTC)
HERE = Place("2049", "12", "77", "m1")


def test_a_life_until_somebody_answers(with_store) -> None:
    async def story(store):
        assert await store.read(lives.current) is None
        first = await store.write(lambda db: lives.begin(db, "new", NOW, place=HERE))
        assert not first.held
        copied = await store.write(
            lambda db: lives.begin(db, "copied", NOW.replace(hour=5), place=HERE, copied_at=NOW)
        )
        assert copied.held
        assert await store.read(lives.current) == copied
        await store.write(lambda db: lives.answer(db, copied, "older", NOW))
        ended = await store.read(lives.current)
        assert (ended.held, ended.answer, ended.copied_at) == (False, "older", NOW)

    with_store(story)


@pytest.mark.parametrize(
    ("place", "same"),
    [
        (HERE, True),
        (HERE._replace(inode="13"), False),
        # A device that has another number since the machine was started.
        (HERE._replace(device="2065"), True),
        (HERE._replace(device="2065", volume="78"), False),
        (HERE._replace(device="2065", volume=""), False),
        (HERE._replace(volume="78"), True),
        (HERE._replace(machine="m2"), False),
        (HERE._replace(machine=""), True),
    ],
)
def test_where_it_is_lived(place: Place, same: bool) -> None:
    life = lives.Life("life_1", "new", NOW, *HERE, None, None, None)
    assert life.is_at(place) is same


def test_a_renamed_file_is_the_same_and_a_copied_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "polypost.db"
    file.write_bytes(b"x")
    life = lives.Life("life_1", "new", NOW, *lives.place_of(file), None, None, None)
    (tmp_path / "folder").mkdir()
    renamed = file.rename(tmp_path / "folder" / "polypost.db")
    assert life.is_at(lives.place_of(renamed))
    assert not life.is_at(lives.place_of(Path(shutil.copy2(renamed, file))))
