"""The reference page tells of each file and network what the code does."""

from __future__ import annotations

from tests import media_matrix


def test_the_table_is_current() -> None:
    page = media_matrix.PAGE.read_text(encoding="utf-8")
    assert media_matrix.current(page) == page, "Run python -m tests.media_matrix."
    assert len(media_matrix.SOURCES) >= 40
