"""The only door to the outside: guarded fetches of users' URLs, and calls to the networks."""

from polypost.outbound.fetch import Fetched, Fetcher
from polypost.outbound.guard import Guard
from polypost.outbound.network import NetworkClient, Networks
from polypost.outbound.redact import Exchange

__all__ = ["Exchange", "Fetched", "Fetcher", "Guard", "NetworkClient", "Networks"]
