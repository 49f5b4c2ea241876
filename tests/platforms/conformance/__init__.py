"""What every network is put through, told as data: one module a network exports `CASE`.

The suite in `tests/platforms/test_conformance.py` runs each case against the network's simulator over loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from polypost.platforms.base import Draft

# A demo account as `GET /_sandbox/accounts` lists it.
Entry = Mapping[str, Any]
End = Literal["published", "outcome_unknown"]


@dataclass(frozen=True)
class Kind:
    """One kind of post. `media` names files of `files.py`; in options `"file:<name>"` stands for a file's URL and
    `{mark}` for what makes this post's text its own.

    `stored` is how a target ends whose commit call was stored and its answer lost, `absent` how one ends whose call was
    answered with a 5xx and stored nothing (RELIABILITY R2). `visible` counts the posts that appear, `followed` the
    calls after them that others can see: comments, entries of lists.
    """

    name: str
    text: str = "A post of the conformance suite"
    media: tuple[str, ...] = ()
    options: Callable[[Entry], Mapping[str, Any]] = lambda _: {}
    thumbnail: str | None = None
    stored: End = "published"
    absent: End = "published"
    visible: int = 1
    followed: int = 0
    processes: bool = False


@dataclass(frozen=True)
class Edge:
    """A limit: `fits` raises no problem, `over` is one past it and raises one at `path`."""

    name: str
    fits: Draft
    over: Draft
    path: str


@dataclass(frozen=True)
class Case:
    """A network. The first kind is its plainest. `refreshes` is the path at which tokens are renewed, None without.

    `dead` are the answers, status and JSON, by which it refuses to renew an authorisation that has ended: those of its
    fact sheet. It has none where nothing is asked. `lasting` is how many seconds an access token lives, None where it has no end. `refuses` maps faults that this
    network words in its own way to the code that a target ends with.
    """

    platform: str
    kinds: tuple[Kind, ...]
    edges: tuple[Edge, ...]
    refreshes: str | None
    lasting: float | None
    dead: tuple[tuple[int, Any], ...]
    refuses: Mapping[str, str] = field(default_factory=dict)
