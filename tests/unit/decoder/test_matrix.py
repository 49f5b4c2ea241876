"""The reference page tells of each file and network what the code does."""

from __future__ import annotations

from tests import media_matrix

from polypost.platforms.registry import connectors
from polypost.posts.media_fit import ORDINARY, Rules, bared, changes_of


def test_the_table_is_current() -> None:
    page = media_matrix.PAGE.read_text(encoding="utf-8")
    assert media_matrix.current(page) == page, "Run python -m tests.media_matrix."
    assert len(media_matrix.SOURCES) >= 40


def test_what_stays_in_a_file_is_not_said_to_go() -> None:
    """Instagram fetches files from their own address where this server has none that it reaches."""
    instagram = next(each for each in connectors() if each.spec.id == "instagram")
    source = next(each for each in media_matrix.SOURCES if each.name == "JPEG upright, with GPS")
    facts = media_matrix.facts_of(source)
    assert not isinstance(facts, str)
    done = media_matrix.settled(source, instagram, facts)
    assert changes_of(instagram, done.draft, done, ORDINARY) == [bared(1)]
    assert changes_of(instagram, done.draft, done, Rules(lends=False)) == []
