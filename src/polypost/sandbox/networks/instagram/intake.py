"""Getting the bytes of a container: fetched from the address that was given, or sent by the client; then examined."""

from __future__ import annotations

from polypost.errors import AddressRefused, FetchFailed
from polypost.sandbox.networks.instagram import errors
from polypost.sandbox.networks.instagram.containers import Containers, purpose
from polypost.sandbox.networks.instagram.media_rules import examine_image, examine_video, most_bytes
from polypost.sandbox.simkit import Media, Network, media_of
from polypost.sandbox.simkit.containers import FETCHING, Container

TOO_LARGE = "media_too_large"


class Intake:
    """Fetches and examines. An image is judged while the client waits, a video afterwards."""

    def __init__(self, net: Network, containers: Containers) -> None:
        self._net = net
        self._containers = containers
        self._under_way: set[str] = set()

    async def image(self, url: str, purpose: str, alt: str) -> Media:
        """Fetch an image. Raises Refused: not to be had, too large, not JPEG, or of a wrong shape."""
        blob = self._net.blobs.new()
        try:
            await self._net.fetch(url, blob, most=most_bytes(purpose, video=False))
        except AddressRefused as error:
            raise errors.refused("fetch_failed") from error
        except FetchFailed as error:
            raise errors.refused("image_size" if error.code == TOO_LARGE else "fetch_failed") from error
        facts, wrong = examine_image(self._net.blobs.path(blob), purpose)
        if wrong is not None or facts is None:
            self._net.blobs.delete(blob)
            raise errors.refused(wrong or "fetch_failed")
        return media_of(blob, facts, alt)

    def idle(self, container: Container) -> bool:
        """Whether a container waits for a fetch that nobody carries out, as after a restart."""
        return container.stage == FETCHING and container.id not in self._under_way

    async def video(self, container: Container) -> None:
        """Fetch and examine a container's video; what goes wrong stands in its status afterwards."""
        # The same fetch can be begun by the creation and by a look at the container.
        if not self.idle(container):
            return
        self._under_way.add(container.id)
        try:
            await self._net.fetch(
                container.source, container.blob, most=most_bytes(purpose(container), video=True)
            )
            await self.finish(container)
        except FetchFailed as error:
            too_large = error.code == TOO_LARGE
            self._containers.fail(
                container, errors.subcode("video_format") if too_large else errors.DOWNLOAD_FAILED
            )
        except AddressRefused:
            self._containers.fail(container, errors.DOWNLOAD_FAILED)
        finally:
            self._under_way.discard(container.id)

    async def sent(self, container: Container, url: str) -> bool:
        """Fetch the video of a resumable container from its `file_url`; False when it cannot be had or used."""
        try:
            await self._net.fetch(url, container.blob, most=most_bytes(purpose(container), video=True))
        except (FetchFailed, AddressRefused):
            self._containers.fail(container, errors.DOWNLOAD_FAILED)
            return False
        return await self.finish(container)

    async def finish(self, container: Container) -> bool:
        """All bytes are here: examine them; False when they are no media at all.

        A video against the rules is taken and fails in the work on it, which its status tells.
        """
        facts, wrong = examine_video(self._net.blobs.path(container.blob), purpose(container))
        offset = container.options.get("thumb_offset", 0)
        if facts is None or wrong is not None:
            self._containers.fail(container, errors.subcode("video_format"), wrong or "")
        elif facts.duration is not None and offset > facts.duration * 1000:
            self._containers.fail(container, errors.subcode("thumb_offset"))
        else:
            await self._complete(container, media_of(container.blob, facts))
        return facts is not None

    async def _complete(self, container: Container, media: Media) -> None:
        url = container.options.get("cover_url")
        cover = await self._cover(container, url) if url else None
        if cover is not None or not url:
            self._containers.arrive(container, media, cover)

    async def _cover(self, container: Container, url: str) -> str | None:
        blob = self._net.blobs.new()
        try:
            await self._net.fetch(url, blob, most=most_bytes(purpose(container), video=False))
        except (FetchFailed, AddressRefused):
            self._containers.fail(container, errors.subcode("fetch_failed"))
            return None
        # A cover is cropped to the video, so any shape will do.
        _, wrong = examine_image(self._net.blobs.path(blob), "story")
        if wrong is not None:
            self._containers.fail(container, errors.subcode(wrong))
            return None
        return blob
