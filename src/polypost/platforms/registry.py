"""The networks that come built in; adding one is one line here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from importlib import import_module

from polypost.platforms.base import Connector
from polypost.spelling import did_you_mean, plain

# Long enough to update in peace.
SOON = timedelta(days=60)
BUILT_IN = (
    "twitter",
    "instagram",
    "youtube",
    "tiktok",
    "pinterest",
    "linkedin",
    "reddit",
    "bluesky",
    "facebook",
    "threads",
    "googlebusiness",
    "mastodon",
)


@cache
def connector(platform: str) -> Connector | None:
    """The connector of `platform`, or None for a network that this server does not have."""
    if platform not in BUILT_IN:
        return None
    found = import_module(f"polypost.platforms.{platform}").CONNECTOR
    assert isinstance(found, Connector)
    return found


def ending(today: date, within: timedelta = SOON, among: Iterable[Connector] | None = None) -> list[str]:
    """A sentence for each network whose API version, as our connector speaks it, has ended or will within a time."""
    found = []
    for network in connectors() if among is None else among:
        version = network.spec.api_version
        if version.sunset is None or version.sunset > today + within:
            continue
        verb = "ended" if version.sunset <= today else "ends"
        found.append(
            f"{network.spec.name}'s API version {version.version} {verb} on {version.sunset.isoformat()}. "
            "Update Polypost."
        )
    return found


def connectors() -> list[Connector]:
    """All connectors, in the order of the built-in list."""
    return [found for platform in BUILT_IN if (found := connector(platform)) is not None]


@cache
def other_names() -> dict[str, str]:
    """What people call the networks, in plain words, and the names that the API has for them."""
    return {
        plain(name): network.spec.id
        for network in connectors()
        for name in (network.spec.name, *network.spec.other_names)
    }


def meant(name: str) -> str:
    """What to say to who names a network that is not there: the one that was meant, or all there are."""
    return did_you_mean(name, BUILT_IN, other_names()) or f"There are {', '.join(BUILT_IN)}."
