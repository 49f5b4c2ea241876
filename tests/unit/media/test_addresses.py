"""From where networks pull files: the user's address where it is public, else a signed one of ours, else nowhere."""

from __future__ import annotations

import pytest

from polypost import clock
from polypost.errors import Rejected
from polypost.media import PullAddresses, Signer
from polypost.platforms.base import MediaRef
from polypost.probe import Facts

SECRET = Signer(lambda: [bytes(range(32))])
PUBLIC = "https://polypost.example.com"
FACTS = Facts("image", "image/jpeg", 10)
ROW = "med_0123456789abcdef"
LOCAL = "http://10.0.0.7:9000/a.jpg"


def token(address: str) -> str:
    return address.split("/")[-2]


@pytest.mark.parametrize("url", ["https://media.example.com/a.jpg", "http://93.184.215.14/a.jpg"])
def test_a_public_address_is_the_users_own(url: str) -> None:
    assert PullAddresses(SECRET, PUBLIC).of(url, ROW, FACTS, nearby=False) == url


@pytest.mark.parametrize(
    "url", [LOCAL, "http://127.0.0.1/a.jpg", "http://minio.internal/a.jpg", "http://nas:80/a"]
)
def test_a_private_one_is_replaced_by_ours(url: str) -> None:
    ours = PullAddresses(SECRET, f"{PUBLIC}/")
    made = ours.of(url, ROW, FACTS, nearby=False)
    assert made is not None
    assert made.startswith(f"{PUBLIC}/media/{ROW}.")
    assert made.endswith("/file.jpg")
    assert url.split("/")[2] not in made
    assert ours.opened(token(made)) == ROW
    assert ours.of(url, ROW, FACTS, nearby=True) == url


@pytest.mark.parametrize(
    "public", [None, "http://127.0.0.1:8080", "http://localhost", "https://polypost.local", "x"]
)
def test_without_an_address_of_ours_there_is_none(public: str | None) -> None:
    assert PullAddresses(SECRET, public).of(LOCAL, ROW, FACTS, nearby=False) is None


def test_a_network_that_believes_only_its_operator_gets_our_copy_where_there_can_be_one() -> None:
    url = "https://media.example.com/a.jpg"
    made = PullAddresses(SECRET, PUBLIC).of(url, ROW, FACTS, nearby=False, own=True)
    assert made is not None
    assert made.startswith(f"{PUBLIC}/media/{ROW}.")
    assert PullAddresses(SECRET, PUBLIC).of(url, ROW, FACTS, nearby=True, own=True) == url
    assert PullAddresses(SECRET, None).of(url, ROW, FACTS, nearby=False, own=True) == url
    assert PullAddresses(SECRET, None).of(LOCAL, ROW, FACTS, nearby=False, own=True) is None


def test_a_port_of_its_own_is_no_obstacle() -> None:
    made = PullAddresses(SECRET, "https://polypost.example.com:8443").of(LOCAL, ROW, FACTS, nearby=False)
    assert made is not None
    assert made.startswith("https://polypost.example.com:8443/media/")


def test_forged_and_old_tokens_open_nothing() -> None:
    ours = PullAddresses(SECRET, PUBLIC)
    good = token(str(ours.of(LOCAL, ROW, FACTS, nearby=False)))
    row, until, signature = good.split(".")
    for forged in (
        f"{row}.{int(until) + 1}.{signature}",
        f"med_1.{until}.{signature}",
        f"{row}.{until}.{signature[:-1]}",
        f"{row}.{until}.{'A' * 43}",
        "",
        good + ".x",
    ):
        assert ours.opened(forged) is None
    assert PullAddresses(Signer(lambda: [bytes(32)]), PUBLIC).opened(good) is None
    clock.advance(24 * 3600 + 1)
    assert ours.opened(good) is None


def test_what_an_older_secret_signed_is_known_as_long_as_there_is_that_secret() -> None:
    older, newer = bytes(range(32)), bytes(32)
    good = token(str(PullAddresses(SECRET, PUBLIC).of(LOCAL, ROW, FACTS, nearby=False)))
    both = PullAddresses(Signer(lambda: [newer, older]), PUBLIC)
    assert both.opened(good) == ROW
    fresh = token(str(both.of(LOCAL, ROW, FACTS, nearby=False)))
    assert PullAddresses(Signer(lambda: [newer]), PUBLIC).opened(fresh) == ROW
    assert PullAddresses(Signer(lambda: [newer]), PUBLIC).opened(good) is None


def test_a_copy_is_lent_by_any_process_that_shares_the_store(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            ours = PullAddresses(SECRET, PUBLIC)
            library = await room.library(addresses=ours)
            file = (await library.open("prj", "post", [MediaRef("image", url)]))[url]
            assert file.pullable
            given = token(file.public_url)
            for lender in (library, await room.library("two", host="elsewhere", addresses=ours)):
                lent = await lender.lent(given)
                assert lent is not None
                assert await lent.read(0, len(png)) == png
            assert await library.lent(given + "x") is None
            assert room.server.asked["/a.png"] == 2

    with_store(story)


def test_a_file_that_nobody_can_pull_says_so(with_store, rooms, png):
    async def story(store):
        async with rooms(store) as room:
            url = room.server.put("/a.png", png)
            library = await room.library(addresses=PullAddresses(SECRET, None))
            file = (await library.open("prj", "post", [MediaRef("image", url)]))[url]
            assert not file.pullable
            with pytest.raises(Rejected) as refused:
                _ = file.public_url
            assert refused.value.code == "media_not_public"
            assert "POLYPOST_PUBLIC_URL" in refused.value.message
            near = (await library.open("prj", "post", [MediaRef("image", url)], nearby=True))[url]
            assert near.public_url == url

    with_store(story)
