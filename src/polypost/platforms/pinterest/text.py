"""A pin's title and description out of a post's text."""

from __future__ import annotations

from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import SPEC


def title_of(text: str, options: PinterestOptions) -> str:
    """The title that was given, else the first line of the text, shortened at a word where it is too long."""
    if options.title is not None:
        return options.title
    lines = text.strip().splitlines()
    first = lines[0].strip() if lines else ""
    most = SPEC.limit("title_characters")
    if len(first) <= most:
        return first
    cut = first[: most - 1]
    words = cut if first[most - 1].isspace() else cut.rpartition(" ")[0] or cut
    return f"{words.rstrip()}…"
