"""The diary of a post in plain words: exchanges that belong together are one step."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from polypost.dashboard.render import several, words
from polypost.dashboard.story import sized, told, waiting
from polypost.storage.signals import MOST_HEARD, Signals

AT = datetime(2027, 3, 9, tzinfo=UTC)


def exchange(what: str, answer: str, request: str = "", seconds: float = 0.5) -> Any:
    detail = {"seconds": seconds, "request": request, "response": "{}"}
    return SimpleNamespace(at=AT, kind="exchange", message=f"{what} → {answer}", detail=detail)


def said(*lines: Any) -> list[tuple[str, str]]:
    return [(step.kind, step.words) for step in told(lines, "X", words, several)]


def test_parts_of_an_upload_are_one_step_with_its_size() -> None:
    part = "content-type: video/mp4\n\n2 100 000 bytes"
    steps = told(
        [exchange("POST https://x/append", "200", part), exchange("POST https://x/append", "200", part)],
        "X",
        words,
        several,
    )
    assert [step.words for step in steps] == ["Uploaded 4.2 MB in 2 parts."]
    assert steps[0].seconds == 1.0
    assert len(steps[0].exchanges) == 2


def test_what_is_asked_again_and_again_is_one_step() -> None:
    asked = exchange("GET https://x/status?id=1", "200")
    assert said(asked, exchange("GET https://x/status?id=2", "200"), asked) == [
        ("look", "Asked X how far it is, 3 times.")
    ]


def test_what_was_refused_is_told_and_its_repetition_is_no_look() -> None:
    assert said(
        exchange("POST https://x/tweets", "429", "{}"),
        SimpleNamespace(at=AT, kind="rate_limited", message="X asks to wait.", detail=None),
        exchange("POST https://x/tweets", "201", "{}"),
        SimpleNamespace(at=AT, kind="published", message="Published.", detail=None),
    ) == [
        ("talk", "Talked to X: one request. It refused: 429."),
        ("rate_limited", "X asks to wait."),
        ("talk", "Talked to X: one request."),
        ("published", "Published."),
    ]
    assert said(exchange("POST https://x/tweets", "no answer")) == [
        ("talk", "Talked to X: one request. There was no answer.")
    ]


def test_text_that_speaks_of_bytes_is_no_upload() -> None:
    assert said(exchange("POST https://x/tweets", "200", '{"text": "12 bytes of it"}'))[0][0] == "talk"


def test_sizes_and_reasons_are_words() -> None:
    assert [sized(each) for each in (999, 297_149, 4_200_000, 2_000_000_000)] == [
        "999 B",
        "297 kB",
        "4.2 MB",
        "2 GB",
    ]
    assert waiting("rate_limited", "X", words) == "X takes no more from this account for a while."
    assert waiting("processing, 40 %", "X", words) == "X is working on it: processing, 40 %."


def test_topics_of_a_kind_are_overheard_and_bounded() -> None:
    signals = Signals()
    with signals.overhear("post:") as heard:
        for number in range(MOST_HEARD + 5):
            signals.deliver(f"post:{number}")
        signals.deliver("bulk:1")
        assert len(heard.topics) == MOST_HEARD
        assert all(each.startswith("post:") for each in heard.topics)
    signals.deliver("post:late")
    assert "post:late" not in heard.topics
