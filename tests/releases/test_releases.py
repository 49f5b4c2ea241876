"""The store of each release is opened by this version, out of the backup that it made."""

from __future__ import annotations

import asyncio
import gzip
import shutil
from pathlib import Path

import pytest
from sqlalchemy import func, select

from polypost import clock
from polypost.cli import backups
from polypost.doctor import report
from polypost.posts.tables import posts
from polypost.settings import Settings
from polypost.storage import lives, open_store, schema
from tests import databases

HERE = Path(__file__).parent
RELEASES = sorted(path.parent.name for path in HERE.glob("*/backup.json"))


def unpacked(release: str, folder: Path) -> Path:
    """The backup as it was made: what is kept here is packed once more."""
    copy = Path(shutil.copytree(HERE / release, folder / release))
    for packed in copy.glob("*.db.gz"):
        with gzip.open(packed) as file:
            packed.with_suffix("").write_bytes(file.read())
        packed.unlink()
    return copy


def test_there_is_one_of_this_release_on_both_stores() -> None:
    assert {release.rpartition("-")[2] for release in RELEASES} == {"sqlite", "postgresql"}


@pytest.mark.parametrize("release", RELEASES)
def test_a_store_of_a_release(release: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = None
    if release.endswith("postgresql"):
        url = databases.fresh_database(request.getfixturevalue("postgres_url"))
    data = tmp_path / "data"
    data.mkdir()
    found = backups.find(unpacked(release, tmp_path))
    backups.put_back(Settings(data=data, database_url=url), found)
    schema.upgrade(data, url)
    assert schema.revision(data, url) == schema.HEAD

    async def main() -> None:
        store = open_store(data, url)
        try:
            life = await store.read(lives.current)
            assert life is not None
            assert (life.cause, life.held, life.copied_at) == ("restored", True, found.taken_at)
            kept = await store.read(
                lambda db: db.execute(select(func.count()).select_from(posts)).scalar_one()
            )
            assert kept == found.about["tables"]["posts"]["rows"] > 0
            late = clock.now() - found.taken_at
            # What waits for its hour is overdue by now, and nobody has worked on it since.
            wrong = [each for each in (await report(store)).findings if each.rule not in {"I6", "I7"}]
            assert (wrong, late.days >= 0) == ([], True)
        finally:
            await store.close()

    asyncio.run(main())
