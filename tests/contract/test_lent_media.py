"""`/media/…`: copies for networks that pull, over HTTP, whole and in ranges."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import select

from polypost.integrations import Vault
from polypost.media import PullAddresses, Signer
from polypost.media.tables import media_files
from polypost.probe import Facts
from tests.contract.tenant import Tenant, operator

ELSEWHERE = "https://polypost.example.com"


def address(tenant: Tenant) -> tuple[str, int]:
    """The path that a network would be given for the picture of a post, and the picture's size."""
    env = tenant.world.env
    given = env.get("POLYPOST_MASTER_KEY") or (Path(env["POLYPOST_DATA"]) / "master.key").read_text()
    vault = Vault(base64.b64decode(given))
    addresses = PullAddresses(Signer(partial(vault.derived, "media addresses")), ELSEWHERE)
    query = select(media_files).where(media_files.c.project_id == tenant.project_id)
    row = operator(tenant.world, lambda db: db.execute(query.limit(1)).one())
    made = addresses.of("http://127.0.0.1/a", row.id, Facts.from_dict(row.facts), nearby=False)
    assert made is not None
    return made.removeprefix(ELSEWHERE), row.size


@pytest.fixture(scope="module")
def lent(tenant: Tenant) -> tuple[str, int]:
    tenant.published("instagram")
    return address(tenant)


def test_a_network_gets_the_file(tenant: Tenant, lent: tuple[str, int]) -> None:
    path, size = lent
    anybody = httpx2.Client(base_url=tenant.world.url, trust_env=False)
    whole = anybody.get(path)
    assert whole.status_code == 200
    assert len(whole.content) == size
    assert whole.content.startswith(b"\xff\xd8\xff")
    assert whole.headers["content-type"] == "image/jpeg"
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["content-disposition"].startswith("attachment")
    assert "set-cookie" not in whole.headers
    part = anybody.get(path, headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    asked = anybody.head(path)
    assert (asked.status_code, asked.headers["content-length"], asked.content) == (200, str(size), b"")
    anybody.close()


def test_nobody_gets_another(tenant: Tenant, lent: tuple[str, int]) -> None:
    token, name = lent[0].split("/")[-2:]
    row, until, signature = token.split(".")
    for forged in (f"{row}.{int(until) + 9}.{signature}", f"med_0.{until}.{signature}", "x", f"{token}%2F.."):
        answer = tenant.client.get(f"/media/{forged}/{name}")
        assert answer.status_code == 404
        assert answer.json()["code"] in {"media_not_found", "not_found"}
