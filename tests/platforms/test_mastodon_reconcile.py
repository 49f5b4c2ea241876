"""Mastodon: finding a post whose answer was lost among the account's own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.scripted import with_network
from tests.platforms.scripted_mastodon import LIST, SERVER, Script, at, post, run_on, status

from polypost.errors import NoAnswer, RateLimited
from polypost.platforms.base import Absent, Attempt, CannotTell, Found, Proof, Reconciled
from polypost.platforms.mastodon import CONNECTOR


def attempt(**more: Any) -> Attempt:
    handles = {"text": "Hello", "spoiler": None, "media": 0, "poll": False, "reply_to": None, "keyed": True}
    return Attempt("post", 1, at(0), handles | more)


def found(number: int) -> Found:
    return Found(Proof(str(number), f"https://{SERVER}/@polly/{number}"))


def looked(
    wanted: Attempt,
    *pages: Any,
    sources: dict[int, Any] | None = None,
    taken: set[str] | None = None,
    **more: Any,
) -> tuple[Reconciled, Script]:
    """What a look finds; `sources` are what was written, by status, "Hello" everywhere else."""

    async def story(net: Script) -> tuple[Reconciled, Script]:
        net.on(LIST, *pages)
        for number in range(1, 100):
            net.on(f"GET /api/v1/statuses/{number}/source", _source("Hello"))
        for number, answer in (sources or {}).items():
            net.on(f"GET /api/v1/statuses/{number}/source", answer)
        run = run_on(net, **more)
        run.taken |= taken or set()
        return await CONNECTOR.reconcile(run, post("whatever"), wanted), net

    return with_network(Script, story)


def _source(text: str, spoiler: str = "") -> Any:
    return 200, {"id": "1", "text": text, "spoiler_text": spoiler}


def page(*posts: dict[str, Any]) -> Any:
    return 200, list(posts)


def test_the_same_text_since_the_attempt_is_it() -> None:
    result, net = looked(attempt(), page(status(9), status(8)), sources={9: _source("Other")})
    assert result == found(8)
    assert net.calls[LIST][0].fields == {"limit": "40", "exclude_reblogs": "true"}


def test_nothing_there() -> None:
    assert looked(attempt(), page())[0] == Absent()
    assert looked(attempt(), page(status(8)), sources={8: _source("Other")})[0] == Absent()


def test_what_is_plainly_another_is_not_read() -> None:
    others = page(
        status(1, created_at="2026-11-24T11:57:59.000Z"),
        status(2, application={"name": "Tusky"}),
        status(3, in_reply_to_id="1"),
        status(4, media_attachments=[{}]),
        status(5, poll={"id": "1"}),
        status(6, created_at="yesterday"),
    )
    result, net = looked(attempt(), others)
    assert result == Absent()
    assert [route for route in net.calls if "source" in route] == []


@pytest.mark.parametrize("application", [None, "x", {"name": "Polypost"}])
def test_an_app_that_is_not_shown_tells_nothing(application: Any) -> None:
    assert looked(attempt(), page(status(8, application=application)))[0] == found(8)
    assert looked(attempt(), page(status(8)), extra={"server": SERVER})[0] == found(8)


def test_the_edge_of_the_time() -> None:
    assert looked(attempt(), page(status(8, created_at="2026-11-24T11:58:00.000Z")))[0] == found(8)
    assert looked(attempt(), page(status(8, created_at="2026-11-24T12:58:00+01:00")))[0] == found(8)


def test_the_oldest_that_belongs_to_nobody_else_is_taken() -> None:
    posts = page(
        status(12, created_at="2026-11-24T12:00:03Z"),
        status(11, created_at="2026-11-24T12:00:02Z"),
        status(9, created_at="2026-11-24T12:00:01Z"),
    )
    assert looked(attempt(), posts)[0] == found(9)
    assert looked(attempt(), posts, taken={"9"})[0] == found(11)
    assert looked(attempt(), posts, taken={"9", "11", "12"})[0] == Absent()


def test_media_parent_poll_and_warning_belong_to_it() -> None:
    shown = status(8, media_attachments=[{}, {}], in_reply_to_id="3")
    assert looked(attempt(media=2, reply_to="3"), page(shown))[0] == found(8)
    assert looked(attempt(poll=True), page(status(8, poll={"id": "8"})))[0] == found(8)
    warned = {8: _source("Hello", "Careful")}
    assert looked(attempt(spoiler="Careful"), page(status(8)), sources=warned)[0] == found(8)
    assert looked(attempt(), page(status(8)), sources=warned)[0] == Absent()


def test_a_warning_without_text_became_the_text() -> None:
    sources = {8: _source("Careful")}
    assert looked(attempt(text="", spoiler="Careful"), page(status(8)), sources=sources)[0] == found(8)


def test_white_space_and_composition_do_not_count() -> None:
    sources = {8: _source("café\n\nau lait")}
    wanted = attempt(text="  cafe\u0301 \r\n\r\n au lait\n")
    assert looked(wanted, page(status(8)), sources=sources)[0] == found(8)


def test_all_pages_are_read() -> None:
    first = page(*[status(100 - n, application={"name": "Other"}) for n in range(40)])
    result, net = looked(attempt(), first, page(status(9)))
    assert result == found(9)
    assert [call.fields.get("max_id") for call in net.calls[LIST]] == [None, "61"]


def test_pages_from_before_the_attempt_are_not_read() -> None:
    old = page(*[status(100 - n, created_at="2026-11-20T12:00:00Z") for n in range(40)])
    result, net = looked(attempt(), old)
    assert result == Absent()
    assert len(net.calls[LIST]) == 1


def test_a_list_without_end_cannot_be_judged() -> None:
    full = page(*[status(100 - n, application={"name": "Other"}) for n in range(40)])
    assert isinstance(looked(attempt(), full)[0], CannotTell)


@pytest.mark.parametrize(
    "answer", [(404, {}), (422, {}), (500, b""), (200, b"<html>"), (200, {"error": "x"})]
)
def test_a_refused_look_tells_nothing(answer: Any) -> None:
    assert isinstance(looked(attempt(), answer)[0], CannotTell)
    if answer[0] != 200:
        assert isinstance(looked(attempt(), page(status(8)), sources={8: answer})[0], CannotTell)


def test_a_limit_is_passed_on_so_that_the_look_waits_for_it() -> None:
    with pytest.raises(RateLimited):
        looked(attempt(), (429, {}))


def test_a_lost_answer_stays_the_clients_error() -> None:
    with pytest.raises(NoAnswer):
        looked(attempt(), 0)


def test_malformed_posts_are_passed_over() -> None:
    strange: list[Any] = [
        "x",
        {},
        {"id": "3"},
        status(5, media_attachments="none", in_reply_to_id=4),
        status(8),
    ]
    assert looked(attempt(), (200, strange))[0] == found(8)
