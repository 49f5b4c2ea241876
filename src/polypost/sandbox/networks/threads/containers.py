"""Containers: media and texts on their way to becoming a post; a text is here from the beginning."""

from __future__ import annotations

from polypost.sandbox.networks.threads.limits import limit
from polypost.sandbox.simkit import Network, containers

TEXT, IMAGE, VIDEO, CAROUSEL = "TEXT", "IMAGE", "VIDEO", "CAROUSEL"


class Containers(containers.Containers):
    """Every container of the network; it lives for a day."""

    def __init__(self, net: Network) -> None:
        super().__init__(net, limit, first_id=18_000_000_000_000_000, hours=limit("container_life_hours"))
