"""What is said of texts that are too long and of too many things, whichever network counts them."""

from __future__ import annotations

from collections.abc import Iterator

from polypost.errors import Problem


def too_long(
    path: str, length: int, most: int, otherwise: str = "", unit: str = "characters"
) -> Iterator[Problem]:
    """The problem of a text that counts more than `most`; `otherwise` is what helps besides shortening it."""
    if length > most:
        hint = f"Shorten it by {length - most}{otherwise}."
        yield Problem(path, f"{length} of {most} {unit}.", hint, "too_long")


def beyond(
    path: str,
    count: int,
    most: int,
    what: str,
    change: str = "Shorten the text",
    unit: str = "characters",
    code: str = "too_long",
) -> Iterator[Problem]:
    """The same in a sentence that begins with `what` has so much (`A pin's title`), and advice that begins with `change`."""
    if count > most:
        says = f"{what} has at most {most} {unit}; this one has {count}."
        yield Problem(path, says, f"{change}: {count - most} too many.", code)


def too_many(path: str, count: int, most: int, says: str, otherwise: str = "") -> Iterator[Problem]:
    """The problem of more things than `most`; `says` is the sentence up to the number of those that there are."""
    if count > most:
        yield Problem(path, f"{says} {count}.", f"Remove {count - most} of them{otherwise}.", "too_many")


def empty_post(path: str, name: str, hint: str = "Write a text or add a media item.") -> Problem:
    """The problem of a post that shows nothing."""
    return Problem(path, f"{name} has no empty posts.", hint, "text_required")
