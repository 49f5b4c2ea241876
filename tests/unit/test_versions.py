"""An API version that ends is said before it does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from polypost.platforms.registry import BUILT_IN, connector, ending

SUNSET = date(2027, 3, 15)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (SUNSET - timedelta(days=61), []),
        (SUNSET - timedelta(days=60), ["ends on 2027-03-15"]),
        (SUNSET, ["ended on 2027-03-15"]),
    ],
)
def test_sixty_days_ahead(today: date, said: list[str]) -> None:
    known: Any = connector("twitter")

    class Ending(type(known)):  # type: ignore[misc]  # its class is made by a factory
        spec = replace(known.spec, api_version=replace(known.spec.api_version, sunset=SUNSET))

    found = ending(today, among=[Ending()])
    assert len(found) == len(said)
    assert all(words in sentence for words, sentence in zip(said, found, strict=True))


@pytest.mark.parametrize("platform", BUILT_IN)
def test_no_network_has_ended_on_the_day_of_its_facts(platform: str) -> None:
    known: Any = connector(platform)
    read = max(limit.read for limit in known.spec.limits.values())
    assert ending(read, timedelta(0), [known]) == []
