"""Alternative texts: those of the post's media items, and a network's own option, which goes before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

from polypost.errors import Problem
from polypost.platforms.base import MediaRef, Spec
from polypost.platforms.kit.texts import beyond


def alt_texts(spec: Spec, media: Sequence[MediaRef], own: Sequence[str | None] | None = None) -> list[str]:
    """What each item shows, in words: the option's text at its place, else the item's where its kind has one; empty for none."""
    return [
        ((ref.alt_text if ref.type in spec.described else "") if text is None else text).strip()
        for ref, text in _pairs(media, own)
    ]


def alt_problems(
    spec: Spec,
    path: str,
    media: Sequence[MediaRef],
    own: Sequence[str | None] | None = None,
    *,
    most: int | None = None,
    count: Callable[[str], int] = len,
) -> Iterator[Problem]:
    """What is wrong with the items' own texts, as far as `alt_texts` takes them; the items stand at `path`.

    `most` is the limit of this account where it is not the network's.
    """
    for place, ref in enumerate(media):
        if not ref.alt_text or ref.type not in spec.described:
            continue
        if not own or place >= len(own) or own[place] is None:
            what = f"An alternative text on {spec.name}"
            limit = spec.limit("alt_text_characters") if most is None else most
            yield from beyond(
                f"{path}[{place}].altText", count(ref.alt_text.strip()), limit, what, "Shorten it"
            )


def _pairs(
    media: Sequence[MediaRef], own: Sequence[str | None] | None
) -> Iterator[tuple[MediaRef, str | None]]:
    return zip_longest(media, (own or ())[: len(media)])
