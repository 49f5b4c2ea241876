"""A setting that cannot be taken, or that is none, is named with what it should be."""

from __future__ import annotations

import pytest

from polypost.errors import NotConfigured
from polypost.platforms.registry import BUILT_IN
from polypost.settings import load, unknown


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "Port the server listens on"),
        ("PORT", "70000", "65535"),
        ("PUBLIC_URL", "polypost.example.com", "http:// or https://"),
        ("PUBLIC_URL", "https://", "name a host"),
        ("PRICES", "twitter=5", "must be JSON"),
        ("RECONCILE_AT", "soon", "Seconds after a lost answer"),
    ],
)
def test_a_wrong_setting_is_one_sentence_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"POLYPOST_{name}", value)
    with pytest.raises(NotConfigured, match=f"POLYPOST_{name}") as caught:
        load({})
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_what_is_spelt_wrong_is_told_with_the_nearest_name() -> None:
    names = [
        "POLYPOST_PROT",
        "POLYPOST_TIKTOK_CLIENT_SECRT",
        "POLYPOST_PORT",
        "POLYPOST_REDDIT_SCOPES",
        "PORT",
    ]
    assert list(unknown(names, BUILT_IN)) == [
        "POLYPOST_PROT is not a setting. Did you mean POLYPOST_PORT?",
        "POLYPOST_TIKTOK_CLIENT_SECRT is not a setting. Did you mean POLYPOST_TIKTOK_CLIENT_SECRET?",
    ]
