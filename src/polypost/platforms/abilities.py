"""What a network may offer beyond publishing: figures, comments, messages. Each is a protocol that a connector may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

from polypost.platforms.base import Proof, Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metrics:
    """Figures of one post as its network counts them; None where the network does not tell. `engagement_rate` is 0 to 1."""

    impressions: int | None = None
    reach: int | None = None
    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    clicks: int | None = None
    views: int | None = None
    engagement_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One post of an account with its figures, wherever it was made."""

    proof: Proof
    text: str | None
    published_at: datetime | None
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """A part of a list that the network hands out in parts; `after` asks for the next, None at the end."""

    items: Sequence[T]
    after: str | None = None


@runtime_checkable
class MetricsSource(Protocol):
    """A network that tells figures of an account's posts."""

    async def measure(self, session: Session, proofs: Sequence[Proof]) -> Mapping[str, Metrics]:
        """The figures of these posts by the proof's id; what the network no longer knows is left out."""

    async def recent(
        self, session: Session, *, since: datetime, until: datetime, most: int
    ) -> Sequence[Measured]:
        """The account's posts of that time, newest first, at most `most`, made here or elsewhere."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a network, as far as it tells; of a few only the name is told."""

    id: str | None
    name: str | None = None
    username: str | None = None
    image_url: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment under a post; `hidden` and `likes` are None where the network does not tell, `replies` where it was not asked."""

    id: str
    text: str | None
    author: Person | None
    at: datetime | None
    likes: int | None = None
    hidden: bool | None = None
    replies: Sequence[Comment] | None = None


@runtime_checkable
class Comments(Protocol):
    """A network whose comments can be read and written."""

    async def comments(
        self, session: Session, post_id: str, *, limit: int, after: str | None
    ) -> Slice[Comment]:
        """Comments under the post with the network's id, the network's order. Raises NotThere when there is no such post."""

    async def comment(
        self, session: Session, text: str, *, post_id: str | None, comment_id: str | None
    ) -> str:
        """Write under a post, or under a comment when `comment_id` is given; returns the new comment's id.

        Sent once: NoAnswer and OutcomeUnknown leave it unknown whether it is there. Raises NotThere.
        """


@runtime_checkable
class RemovesComments(Protocol):
    """A network that lets a comment be deleted."""

    async def remove_comment(self, session: Session, comment_id: str) -> None:
        """Delete it. Raises NotThere when there is none, Rejected when it may not be deleted."""


@runtime_checkable
class HidesComments(Protocol):
    """A network that lets a comment be hidden from the public."""

    async def hide_comment(self, session: Session, comment_id: str, *, hidden: bool) -> None:
        """Hide it, or show it again. Raises NotThere, Rejected."""


@dataclass(frozen=True, slots=True)
class Message:
    """One private message."""

    id: str
    text: str | None
    sender: Person | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """An exchange of private messages with its participants and its newest message."""

    id: str
    participants: Sequence[Person]
    last: Message | None
    updated_at: datetime | None


@runtime_checkable
class Messages(Protocol):
    """A network whose private messages can be read and sent."""

    async def conversations(self, session: Session, *, limit: int, after: str | None) -> Slice[Conversation]:
        """The account's conversations, newest first."""

    async def messages(
        self, session: Session, conversation_id: str, *, limit: int, after: str | None
    ) -> Slice[Message]:
        """A conversation's messages, newest first. Raises NotThere when there is no such conversation."""

    async def send_message(self, session: Session, recipient_id: str, text: str) -> str:
        """Send; returns the message's id. Sent once: NoAnswer and OutcomeUnknown leave it unknown whether it arrived."""


@dataclass(frozen=True, slots=True)
class Creator:
    """What a creator's own settings let an app offer. `longest` is in seconds, None where the network does not tell."""

    avatar_url: str | None
    username: str | None
    name: str | None
    audiences: Sequence[str]
    comments_off: bool
    duets_off: bool
    stitches_off: bool
    longest: float | None


@runtime_checkable
class Creators(Protocol):
    """A network that wants the creator's settings shown before each post."""

    async def creator(self, session: Session) -> Creator:
        """The settings as they are now."""
