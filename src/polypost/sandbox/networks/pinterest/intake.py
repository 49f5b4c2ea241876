"""Getting the bytes of images: fetched from an address, or out of base64."""

from __future__ import annotations

import base64
import binascii
import re

from polypost.errors import AddressRefused, FetchFailed
from polypost.sandbox.networks.pinterest.errors import invalid, refused
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.media_rules import image_facts
from polypost.sandbox.simkit import Media, Network, media_of

DATA = r"^[a-zA-Z0-9+/=]+$"


class Intake:
    """Fetches and decodes images while the caller waits."""

    def __init__(self, net: Network) -> None:
        self._net = net

    async def fetched(self, url: str, alt: str = "") -> Media:
        """The image at an address. Raises Refused when there is none to be had."""
        blob = self._net.blobs.new()
        try:
            await self._net.fetch_or_copy(url, blob, most=limit("image_bytes"))
        except (AddressRefused, FetchFailed) as error:
            self._net.blobs.delete(blob)
            raise refused("fetch_failed") from error
        return self._image(blob, alt)

    def decoded(self, data: str, content_type: str, alt: str = "") -> Media:
        """The image in a base64 text. Raises Refused when it is none, or not of its type."""
        if not re.fullmatch(DATA, data):
            raise invalid(f"data does not match {DATA!r}")
        try:
            content = base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise invalid("data is not base64") from error
        if len(content) > limit("image_bytes"):
            raise refused("too_large")
        blob = self._net.blobs.new()
        self._net.blobs.write(blob, content)
        image = self._image(blob, alt)
        if image["mime"] != content_type:
            raise invalid(f"the image is not of type {content_type}")
        return image

    def _image(self, blob: str, alt: str) -> Media:
        facts = image_facts(self._net.blobs.path(blob))
        if facts is None:
            self._net.blobs.delete(blob)
            raise refused("no_image")
        return media_of(blob, facts, alt)
