"""The state machine of targets and what a post's status is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a target is; stored as these words."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    CLAIMED = "claimed"
    WAITING = "waiting"
    COMMITTING = "committing"
    UNKNOWN = "unknown"
    PUBLISHED = "published"
    FAILED = "failed"


FINAL = frozenset({State.PUBLISHED, State.FAILED})
RUNNING = frozenset({State.CLAIMED, State.WAITING, State.COMMITTING, State.UNKNOWN})
OPEN = RUNNING | {State.SCHEDULED}

# Every move a target may make within one generation, and the three that begin a new one.
MOVES: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.SCHEDULED}),
    State.SCHEDULED: frozenset({State.CLAIMED, State.DRAFT, State.FAILED}),
    State.CLAIMED: frozenset(
        {State.WAITING, State.COMMITTING, State.UNKNOWN, State.PUBLISHED, State.FAILED, State.CLAIMED}
    ),
    State.WAITING: frozenset({State.CLAIMED, State.DRAFT, State.SCHEDULED, State.FAILED}),
    State.COMMITTING: frozenset({State.PUBLISHED, State.FAILED, State.UNKNOWN, State.WAITING, State.CLAIMED}),
    State.UNKNOWN: frozenset({State.PUBLISHED, State.FAILED, State.CLAIMED, State.UNKNOWN}),
    State.PUBLISHED: frozenset(),
    State.FAILED: frozenset({State.SCHEDULED, State.PUBLISHED}),
}


def may_move(old: State, new: State) -> bool:
    """Whether a target in `old` may become `new`."""
    return new in MOVES[old]


def shown(state: State) -> str:
    """The contract's word for a target's state."""
    if state in RUNNING:
        return "publishing"
    return "pending" if state is State.SCHEDULED else state.value


def derive(states: Iterable[State], *, publish_now: bool) -> str:
    """A post's status from its targets' states; `publish_now` when it was due at acceptance."""
    seen = set(states)
    if seen <= {State.DRAFT}:
        return "draft"
    if seen & RUNNING:
        return "publishing"
    if State.SCHEDULED in seen:
        return "scheduled" if seen <= {State.SCHEDULED, State.DRAFT} and not publish_now else "publishing"
    if seen == {State.PUBLISHED}:
        return "published"
    if State.PUBLISHED in seen:
        return "partial"
    return "failed"
