"""LinkedIn: finding a post whose answer was lost, by the refusal that named it or among the account's own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.platforms.sandboxed_linkedin import post
from tests.platforms.scripted import with_network
from tests.platforms.scripted_linkedin import ACCOUNT, LISTING, Script, run_on

from polypost.errors import NoAnswer, RateLimited, TokenExpired
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled
from polypost.platforms.linkedin import CONNECTOR

pytestmark = pytest.mark.anyio

STARTED = datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=UTC)
AT = int(STARTED.timestamp() * 1000)
SLACK = 120_000


def attempt(text: str = "Hello", media: int = 0, refusal: str = "") -> Attempt:
    return Attempt("post", 1, STARTED, {"text": text, "media": media}, refusal)


def listed(number: int, commentary: str = "Hello", at: int = AT, **more: Any) -> dict[str, Any]:
    stamps = {"createdAt": at, "publishedAt": at, "lastModifiedAt": at}
    return {"id": urn(number), "author": ACCOUNT.id, "commentary": commentary, **stamps, **more}


def urn(number: int) -> str:
    return f"urn:li:share:{number}"


def page(*posts: Any) -> tuple[int, Any]:
    return 200, {"elements": list(posts), "paging": {"start": 0, "count": 100, "links": []}}


def found(number: int) -> Found:
    return Found(Proof(urn(number), f"https://www.linkedin.com/feed/update/{urn(number)}/"))


def looked(
    wanted: Attempt, *answers: Any, taken: set[str] | None = None, one: dict[int, Any] | None = None
) -> tuple[Reconciled, list[Any]]:
    """What a look finds, and what it asked; `one` answers for single posts by number."""

    async def story(net: Script) -> tuple[Reconciled, list[Any]]:
        net.on(LISTING, *answers)
        for number, answer in (one or {}).items():
            net.on(f"GET /rest/posts/urn%3Ali%3Ashare%3A{number}", answer)
        run = run_on(net)
        run.taken |= taken or set()
        return await CONNECTOR.reconcile(run, post("whatever"), wanted), net.asked

    return with_network(Script, story)


def test_the_same_text_since_the_attempt_is_it() -> None:
    result, asked = looked(attempt(), page(listed(9, "Something else"), listed(8)))
    assert result == found(8)
    assert asked[0].query == {
        "q": "author",
        "author": ACCOUNT.id,
        "start": "0",
        "count": "100",
        "sortBy": "LAST_MODIFIED",
    }
    assert asked[0].headers["x-restli-method"] == "FINDER"
    assert len(asked) == 1


@pytest.mark.parametrize(
    "shown",
    [
        listed(9, "Other"),
        listed(9, at=AT - SLACK - 1),
        listed(9, author="urn:li:person:other"),
        listed(9, content={"media": {"id": "urn:li:image:1"}}),
        {"id": urn(9)},
        {"id": 9, "author": ACCOUNT.id, "commentary": "Hello", "createdAt": AT},
        {"id": "urn:li:person:9", "author": ACCOUNT.id, "commentary": "Hello", "createdAt": AT},
        "nonsense",
    ],
)
def test_what_is_not_it(shown: Any) -> None:
    assert looked(attempt(), page(shown))[0] == Absent()


def test_clocks_may_differ_by_two_minutes() -> None:
    assert looked(attempt(), page(listed(9, at=AT - SLACK)))[0] == found(9)


def test_markup_is_read_and_white_space_does_not_count() -> None:
    shown = listed(8, "Hi \\(you\\) {hashtag|\\#|tag} at @[Acme \\| Co](urn:li:organization:1)\n")
    assert looked(attempt("Hi (you) #tag  at Acme | Co"), page(shown))[0] == found(8)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        ({"media": {"id": "urn:li:video:1"}}, 1),
        ({"multiImage": {"images": [{"id": "1"}, {"id": "2"}]}}, 2),
        ({"article": {"source": "https://example.com", "thumbnail": "urn:li:image:1"}}, 0),
        ({"poll": {"question": "q"}}, 0),
    ],
)
def test_media_are_counted(content: dict[str, Any], media: int) -> None:
    shown = page(listed(8, content=content))
    assert looked(attempt(media=media), shown)[0] == found(8)
    assert looked(attempt(media=media + 1), shown)[0] == Absent()


def test_the_oldest_that_belongs_to_nobody_else_is_taken() -> None:
    posts = page(listed(12, at=AT + 3), listed(11, at=AT + 2), listed(9, at=AT + 1))
    assert looked(attempt(), posts)[0] == found(9)
    assert looked(attempt(), posts, taken={urn(9)})[0] == found(11)
    assert looked(attempt(), posts, taken={urn(9), urn(11), urn(12)})[0] == Absent()


def test_pages_are_read_until_they_are_older_than_the_attempt() -> None:
    newer = page(*(listed(1000 + n, "x") for n in range(100)))
    older = page(*(listed(2000 + n, "x", at=AT - SLACK - 1) for n in range(100)))
    result, asked = looked(attempt(), newer, page(listed(9)))
    assert result == found(9)
    assert [call.query["start"] for call in asked] == ["0", "100"]
    result, asked = looked(attempt(), older, page(listed(9)))
    assert (result, len(asked)) == (Absent(), 1)
    assert isinstance(looked(attempt(), newer)[0], CannotTell)


@pytest.mark.parametrize(
    "answer", [(403, {"serviceErrorCode": 100}), (404, b""), (500, b""), (200, b"<html>")]
)
def test_a_list_that_is_not_given(answer: Any) -> None:
    assert isinstance(looked(attempt(), answer)[0], CannotTell)


def test_trouble_on_the_way_is_passed_on() -> None:
    with pytest.raises(NoAnswer):
        looked(attempt(), None)


REFUSED = "LinkedIn says that the account has posted this already. It names urn:li:share:7."


def test_the_named_post_is_looked_at_first() -> None:
    result, asked = looked(attempt(refusal=REFUSED), page(), one={7: (200, listed(7))})
    assert (result, len(asked)) == (found(7), 1)


@pytest.mark.parametrize(
    "answer",
    [
        (404, b""),
        (403, b""),
        (200, listed(7, "Other")),
        (200, listed(7, author="urn:li:person:other")),
        (200, listed(7, at=AT - SLACK - 1)),
        (200, b"<html>"),
    ],
)
def test_a_ghost_or_somebody_elses_post_is_not_believed(answer: Any) -> None:
    result, asked = looked(attempt(refusal=REFUSED), page(listed(9)), one={7: answer})
    assert (result, len(asked)) == (found(9), 2)
    assert looked(attempt(refusal=REFUSED), page(), one={7: answer})[0] == Absent()


def test_the_named_post_of_another_target_is_not_ours() -> None:
    result, _ = looked(attempt(refusal=REFUSED), page(listed(7)), taken={urn(7)}, one={7: (200, listed(7))})
    assert result == Absent()


@pytest.mark.parametrize(("status", "kind"), [(401, TokenExpired), (429, RateLimited)])
async def test_what_a_new_token_or_time_can_cure_is_raised(
    net: Script, status: int, kind: type[Exception]
) -> None:
    net.on(LISTING, (status, b""))
    net.on("GET /rest/posts/urn%3Ali%3Ashare%3A7", (status, b""))
    for refusal in ("", REFUSED):
        with pytest.raises(kind):
            await CONNECTOR.reconcile(run_on(net), post(), attempt(refusal=refusal))


@pytest.mark.parametrize(("text", "rule"), [("Hello", "unique_text"), (" ", "never")])
def test_only_a_text_makes_a_second_attempt_safe(text: str, rule: str) -> None:
    assert CONNECTOR.retry_when_absent(post(text), attempt(text)) == rule
