"""Containers: media on their way to becoming a post."""

from __future__ import annotations

from polypost.sandbox.networks.instagram.limits import limit
from polypost.sandbox.simkit import Network, containers
from polypost.sandbox.simkit.containers import Container

IMAGE, REEL, STORY, CAROUSEL = "image", "reel", "story", "carousel"


class Containers(containers.Containers):
    """Every container of the network; it lives for a day. Graph ids of media begin with 17 or 18."""

    def __init__(self, net: Network) -> None:
        super().__init__(net, limit, first_id=17_000_000_000_000_000, hours=limit("container_hours"))


def purpose(container: Container) -> str:
    """reel, story or child: which rules the bytes must keep."""
    if container.child:
        return "child"
    return STORY if container.kind == STORY else REEL
