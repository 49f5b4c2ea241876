"""Which addresses of a body may be fetched, said before anything is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polypost import media
from polypost.errors import AddressRefused
from polypost.media import Uploads
from polypost.outbound import Guard


async def refuser(guard: Guard, uploads: Uploads, body: dict[str, Any]) -> Callable[[str], str | None]:
    """Says what is wrong with a URL of this body, in a fixed text; None when its file may be had.

    Uploads of this server are read where they lie, so their addresses may be anywhere.
    """
    own = await uploads.own(media.named(body))

    def refused(url: str) -> str | None:
        try:
            if url not in own:
                guard.check_url(url)
        except AddressRefused as error:
            return str(error)
        return None

    return refused
