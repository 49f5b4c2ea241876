"""A post as a simulator holds it, handed to whoever draws it; a simulator knows nothing of how that is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from polypost.sandbox.simkit.accounts import Account
from polypost.sandbox.simkit.content import Media, SimPost


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a network shows of one post. `surface` is where it stands, empty for the network's usual place.

    `links` are (start, end, kind, value) of what the post itself marks in its text, None where the network looks for it.
    `card` has `url`, `title`, `description`, `image`; `poster` is a path on the simulator.
    """

    text: str = ""
    title: str = ""
    media: Sequence[Media] = ()
    captions: Sequence[str] = ()
    poll: Sequence[str] = ()
    question: str = ""
    multiple: bool = False
    card: Mapping[str, str | None] | None = None
    poster: str | None = None
    warning: str = ""
    covered: bool = False
    button: str = ""
    surface: str = ""
    links: Sequence[tuple[int, int, str, str]] | None = None


Draw = Callable[[Account | None, Sequence[Sketch]], Markup]


def of_author(post: SimPost, thread: Sequence[SimPost]) -> list[SimPost]:
    """A post and those of its author that answer it, one after the other."""
    chain = [post]
    for each in thread:
        if each.parent == chain[-1].id and each.account_id == post.account_id and not each.deleted:
            chain.append(each)
    return chain
