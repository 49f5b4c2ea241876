"""The networks that the sandbox stands in for."""

from __future__ import annotations

from importlib import import_module

from polypost.platforms.registry import BUILT_IN
from polypost.sandbox.simkit import Simulator


def simulators() -> list[type[Simulator]]:
    """Every simulator, in the order in which pages list them.

    Imported here and not above: a server without the sandbox does not carry the simulators in its memory.
    """
    return [import_module(f"polypost.sandbox.networks.{platform}").SIMULATOR for platform in BUILT_IN]
