"""The Mastodon simulator: one server under any name."""

from __future__ import annotations

from polypost.sandbox.networks.mastodon.simulator import MastodonSimulator

SIMULATOR = MastodonSimulator

__all__ = ["SIMULATOR"]
