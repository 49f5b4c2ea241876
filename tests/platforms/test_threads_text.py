"""How long a text is on Threads and which links it holds: known cases, and two readings that agree."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from polypost.platforms.threads import text as ours
from polypost.sandbox.networks.threads import text as theirs

READINGS = pytest.mark.parametrize(
    "length", [ours.threads_length, theirs.length], ids=["connector", "simulator"]
)
LINKS = pytest.mark.parametrize(
    "count",
    [ours.different_links, lambda text, attached=(): theirs.count_links(text, attached)],
    ids=["connector", "simulator"],
)


@READINGS
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Hello", 5),
        ("héllo", 5),
        ("e\u0301", 2),
        ("漢字", 2),
        ("🌍", 4),
        ("👍🏽", 8),
        ("👨\u200d👩\u200d👧\u200d👦", 25),
        ("🇩🇪", 8),
        ("1\ufe0f\u20e3", 7),
        ("❤\ufe0f", 6),
        ("❤", 1),
        ("©", 1),
        ("©\ufe0f", 5),
        ("1#*", 3),
        ("a 🎉 b", 8),
        ("\ud83d", 1),
    ],
)
def test_lengths(length, text, expected):
    assert length(text) == expected


@LINKS
@pytest.mark.parametrize(
    ("text", "attached", "expected"),
    [
        ("", (), 0),
        ("no link.here", (), 0),
        ("www.facebook.com", ("https://www.facebook.com",), 1),
        ("www.instagram.com and www.threads.com", ("https://www.facebook.com",), 3),
        ("https://a.example/ https://a.example", (), 1),
        ("https://a.example/?a https://a.example/?b", (), 2),
        ("(https://a.example), see HTTPS://A.EXAMPLE.", (), 1),
        ("me@www.example.com", (), 0),
        ("http://[ and http://[x", (), 2),
    ],
)
def test_links(count, text, attached, expected):
    assert count(text, attached) == expected


# Lone halves of surrogate pairs are refused long before; everything else may come.
ANY = st.text(
    alphabet=st.characters(exclude_categories=("Cs",)) | st.sampled_from("🎉👍🏽\u200d\ufe0f\u20e3🇩🇪1#❤")
)


@settings(max_examples=300, deadline=None)
@given(ANY)
@example("👩\u200d❤\ufe0f\u200d👩 🏴\U000e0067\U000e007f #\ufe0f\u20e3")
def test_two_readings_of_a_length_agree(text):
    assert ours.threads_length(text) == theirs.length(text)


@settings(max_examples=200, deadline=None)
@given(ANY, st.integers(0, 60))
def test_a_text_that_was_cut_fits_and_is_a_beginning(text, most):
    cut = ours.cut_at(text, most)
    assert text.startswith(cut)
    assert ours.threads_length(cut) <= most
    assert cut == text or ours.threads_length(text) > most
