"""Both clients, and a user's own configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.kinds import Either

Opened = Callable[..., Either]


@pytest.fixture(params=["sync", "async"])
def opened(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Opens clients of one of the two kinds."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made: list[Either] = []

    def opening(url: str, key: str | None = "key") -> Either:
        made.append(Either(request.param, url, key))
        return made[-1]

    yield opening
    for each in made:
        each.close()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration folder of the user."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("POLYPOST_SERVER", "POLYPOST_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config" / "polypost"
