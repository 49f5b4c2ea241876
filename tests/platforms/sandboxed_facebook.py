"""The sandbox with one of its Facebook Pages, for whole stories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from tests import media
from tests.platforms import sandboxed
from tests.platforms.recording import Exchange, recording
from tests.platforms.run import MemoryFile

from polypost.platforms.base import Post
from polypost.platforms.facebook import CONNECTOR


class Room(sandboxed.Room):
    """With a wire-tap before the network."""

    platform = "facebook"
    line_to = recording
    shape: ClassVar[dict[str, Any]] = {"width": 1080, "height": 1920, "seconds": 10}

    @property
    def url(self) -> str:
        return str(self.line.url)

    @property
    def exchanges(self) -> list[Exchange]:
        kept: list[Exchange] = self.line.exchanges
        return kept

    def picture(self, name: str = "a.jpg") -> MemoryFile:
        return self.file(name, media.jpeg())

    async def read(self, object_id: str, fields: str) -> dict[str, Any]:
        """An object as the network tells it to the Page."""
        answer = await self.http.request(
            "GET",
            f"{CONNECTOR.spec.hosts['graph']}/v26.0/{object_id}",
            params={"fields": fields},
            headers={"Authorization": f"Bearer {self.credentials['accessToken']}"},
        )
        found: dict[str, Any] = answer.json()
        return found


def post(
    *items: MemoryFile, text: str = "Hello #world", extra: dict[str, MemoryFile] | None = None, **options: Any
) -> Post:
    """A target with these items."""
    return Post("tgt_1", text, items, CONNECTOR.options.model_validate(options), extra or {})


KINDS: dict[str, Callable[[Room], Post]] = {
    "text": lambda room: post(),
    "link": lambda room: post(link="https://example.com/page", firstComment="The first"),
    "photo": lambda room: post(room.picture(), altTexts=["A picture"]),
    "photos": lambda room: post(
        room.picture(), room.file("b.png", media.png()), room.file("c.gif", media.gif())
    ),
    "video": lambda room: post(
        room.film(size=2_500_000),
        title="A film",
        videoThumbnailUrl="https://media.example.com/cover.jpg",
        extra={"https://media.example.com/cover.jpg": room.picture("cover.jpg")},
    ),
    "reel": lambda room: post(room.film(), contentType="reel", title="A reel", firstComment="The first"),
    "photo story": lambda room: post(room.picture(), text="", contentType="story"),
    "video story": lambda room: post(room.film(), text="", contentType="story"),
    "unpublished text": lambda room: post(published=False),
    "unpublished photos": lambda room: post(room.picture(), room.picture("b.jpg"), published=False),
    "unpublished video": lambda room: post(room.film(), published=False),
    "draft of a reel": lambda room: post(room.film(), contentType="reel", published=False),
}
