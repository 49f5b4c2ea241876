"""Hosts of media that stumble are asked again (R5); what they say of the file itself is a verdict at once."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from polypost.media import Library
from polypost.outbound import Fetcher, Guard
from polypost.platforms.base import MediaRef
from tests import media
from tests.engine.room import Room


class Names:
    """A resolver that knows no name, or has nobody to ask."""

    def __init__(self, *errors: int) -> None:
        self.errors = list(errors)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        raise socket.gaierror(self.errors.pop(0), "said by the test")


async def with_names(room: Room, names: Names) -> Fetcher:
    """The room's media, with names looked up by these."""
    fetcher = Fetcher(Guard(), resolve=names)
    await room.media.close()
    room.media = Library(room.store, fetcher, room.folder / "media", owner="embedded", host="test")
    return fetcher


NOWHERE = MediaRef("image", "https://media.example.com/a.png")


def test_a_host_that_stumbles_delays_the_post_and_the_timeline_says_why(tell):
    async def story(room: Room) -> None:
        await room.start()
        picture = room.shelf.put("a.png", media.png(), "image")
        room.shelf.stumbles = 2
        post = await room.post("Hello", media=(picture,))
        row = await room.until_state(post, "waiting")
        assert (row.wait_reason, row.tries, await room.status(post)) == ("back_off", 1, "publishing")
        assert await room.said(post) == ["unavailable"]
        (row,) = await room.settle(post)
        assert (row.state, row.tries, room.shelf.stumbles) == ("published", 2, 0)
        assert await room.said(post) == ["unavailable", "unavailable", "published"]
        await room.healthy()

    tell(story)


def test_a_name_that_is_unknown_twice_is_a_verdict_also_after_a_restart(tell):
    async def story(room: Room) -> None:
        names = Names(socket.EAI_NONAME, socket.EAI_NONAME)
        fetcher = await with_names(room, names)
        await room.start()
        post = await room.post("Hello", media=(NOWHERE,))
        row = await room.until_state(post, "waiting")
        assert (row.wait_reason, row.tries) == ("back_off", 1)
        await room.stop()
        await room.start()
        (row,) = await room.settle(post)
        assert (row.state, row.error_code, names.asked) == ("failed", "media_unreachable", 2)
        assert row.error_message.startswith("mediaItems[0]: Image URL is not publicly accessible.")
        await room.healthy()
        await fetcher.aclose()

    tell(story)


def test_a_resolver_that_has_trouble_says_nothing_of_the_file(tell_once):
    async def story(room: Room) -> None:
        names = Names(socket.EAI_AGAIN, socket.EAI_NONAME, *[socket.EAI_AGAIN] * 3)
        fetcher = await with_names(room, names)
        await room.start()
        row = await room.publish("Hello", media=(NOWHERE,))
        assert (row.state, row.error_code, names.asked) == ("failed", "media_unreachable", 5)
        assert "Image could not be fetched this time. It was tried 5 times." in row.error_message
        assert await room.said(row.post_id) == ["unavailable"] * 4 + ["failed"]
        await room.healthy()
        await fetcher.aclose()

    tell_once(story)
