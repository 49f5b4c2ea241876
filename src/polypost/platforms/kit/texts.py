"""What is said of texts, whichever network counts them."""

from __future__ import annotations

from polypost.errors import Problem


def too_long(path: str, length: int, most: int, otherwise: str = "") -> Problem:
    """The problem of a text with more characters than are taken; `otherwise` is what helps besides shortening it."""
    return Problem(
        path, f"{length} of {most} characters.", f"Shorten it by {length - most}{otherwise}.", "too_long"
    )
