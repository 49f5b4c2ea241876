"""The networks that the sandbox stands in for."""

from __future__ import annotations

from polypost.platforms.simkit import Simulator


def simulators() -> list[type[Simulator]]:
    """Every simulator, in the order in which pages list them.

    Imported here and not above: a server without the sandbox does not carry the simulators in its memory.
    """
    from polypost.platforms.instagram.simulator import InstagramSimulator
    from polypost.platforms.twitter.simulator import TwitterSimulator

    return [TwitterSimulator, InstagramSimulator]
