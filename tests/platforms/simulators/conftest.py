"""Time that a test moves is put back after it."""

from __future__ import annotations

import pytest

from polypost import clock


@pytest.fixture(autouse=True)
def present_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock._Advance, "seconds", 0.0)
