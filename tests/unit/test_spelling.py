"""Which word was meant."""

from __future__ import annotations

import pytest

from polypost.spelling import did_you_mean, nearest

KNOWN = ("content", "mediaItems", "scheduledFor", "publishNow")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("scheduled_for", "scheduledFor"),
        ("PublishNow", "publishNow"),
        ("media-items", "mediaItems"),
        ("contents", "content"),
        ("mediaItem", "mediaItems"),
        ("photos", "mediaItems"),
        ("colour", None),
        ("", None),
        ("content" * 100, None),
    ],
)
def test_the_nearest_word(said: str, meant: str | None) -> None:
    assert nearest(said, KNOWN, {"photos": "mediaItems"}) == meant


def test_a_synonym_of_what_is_not_known_here_is_none() -> None:
    assert nearest("photos", ("content",), {"photos": "mediaItems"}) is None


def test_nobody_is_asked_whether_he_meant_what_he_said() -> None:
    assert did_you_mean("content", KNOWN) == ""
    assert did_you_mean("contents", KNOWN) == "Did you mean content?"
