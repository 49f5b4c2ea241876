"""The only door to the outside: guarded fetches of users' URLs, and calls to the networks."""

from polypost.outbound.fetch import Fetched, Fetcher, FetchStumbled
from polypost.outbound.guard import Guard, advice
from polypost.outbound.hooks import HOOK_SECONDS, HookSender
from polypost.outbound.lookups import on_behalf_of
from polypost.outbound.mail import Mailer
from polypost.outbound.network import NetworkClient, Networks
from polypost.outbound.redact import Exchange

__all__ = [
    "HOOK_SECONDS",
    "Exchange",
    "FetchStumbled",
    "Fetched",
    "Fetcher",
    "Guard",
    "HookSender",
    "Mailer",
    "NetworkClient",
    "Networks",
    "advice",
    "on_behalf_of",
]
