"""Pushing a video's bytes to Instagram."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from polypost.errors import PlatformError, Rejected
from polypost.platforms.base import MediaFile
from polypost.platforms.families.meta import push as meta
from polypost.platforms.families.meta.errors import Gone
from polypost.platforms.instagram.graph import Graph
from polypost.platforms.instagram.graph_errors import PushRefused
from polypost.platforms.instagram.spec import UPLOAD
from polypost.platforms.kit.answers import member
from polypost.platforms.kit.calls import own_address


async def push(graph: Graph, container: str, uri: str, file: MediaFile, *, fresh: bool) -> int:
    """Send all bytes of `file` into the container; their number.

    `fresh` says that nothing was sent before. Raises PushRefused when this login may not push, Gone when the
    container is of no more use, and lets a connection that keeps breaking through as it is.
    """
    address = own_address(uri, under=(".facebook.com", ".instagram.com"), otherwise=UPLOAD)
    received = partial(_received, graph, container)
    return await meta.push(graph, address, file, received=received, refused=_refused, fresh=fresh)


def _refused(info: Mapping[str, Any]) -> PlatformError:
    if info.get("type") == "NotAuthorizedError":
        return PushRefused("Instagram's upload host does not take bytes from this login.")
    # The same file is often taken by the next container, so this says nothing about the file.
    return Gone("Instagram's upload host gave the transfer up.")


async def _received(graph: Graph, container: str) -> int:
    """How many bytes the container holds; 0 where the network does not say."""
    try:
        body = await graph.get(container, fields="video_status")
    except Rejected:
        # The field is documented for the Facebook Login only; from the start is always right.
        return 0
    return meta.bytes_in(member(body.get("video_status"), "uploading_phase"))
