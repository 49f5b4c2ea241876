"""Commands that are run in this process, in an environment without settings."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Put back afterwards: a settings file is laid under the process's own environment, and the umask is changed."""
    before, mask = dict(os.environ), os.umask(0o022)
    for name in [name for name in os.environ if name.startswith("POLYPOST_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)
    os.umask(mask)
