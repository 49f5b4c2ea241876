"""Places that can be tagged: a handful, found by name or by distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

from polypost.sandbox.networks.threads.errors import pick
from polypost.sandbox.simkit.fields import Asked, Values

# In degrees, about 50 km.
NEAR = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """One place."""

    id: str
    name: str
    address: str
    city: str
    country: str
    postal_code: str
    latitude: float
    longitude: float


PLACES = (
    Place("220000000000000001", "Menlo Park", "", "Menlo Park", "US", "94025", 37.4530, -122.1817),
    Place("220000000000000002", "Harbour Café", "Quay 1", "Hamburg", "DE", "20457", 53.5438, 9.9886),
    Place("220000000000000003", "Old Library", "Church Lane 4", "Dublin", "IE", "D02", 53.3438, -6.2546),
    Place(
        "220000000000000004",
        "Botanic Garden",
        "Mrs Macquaries Road",
        "Sydney",
        "AU",
        "2000",
        -33.8642,
        151.2166,
    ),
)


def find(place_id: str) -> Place | None:
    """The place with an id."""
    return next((place for place in PLACES if place.id == place_id), None)


def search(text: str, near: tuple[float, float] | None) -> list[Place]:
    """Places whose name or city holds the text and, with a point, those around it."""
    wanted = text.casefold().strip()
    found = [p for p in PLACES if wanted in f"{p.name} {p.city}".casefold()]
    if near is None:
        return found
    return [p for p in found if math.dist((p.latitude, p.longitude), near) <= NEAR]


def shown(place: Place, asked: Asked) -> dict[str, Any]:
    """The fields of a place that were asked for."""
    values: Values = {name: partial(_told, place, name) for name in Place.__slots__}
    return pick(values, asked, "ThreadsLocation")


def _told(place: Place, name: str, _: Asked) -> Any:
    return getattr(place, name) or None
