"""Fixtures of the tests that need no running server."""

from __future__ import annotations

from tests.client.fixtures import opened, own_folder  # noqa: F401  # fixtures
