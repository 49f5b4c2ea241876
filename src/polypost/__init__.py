"""Polypost: one call publishes to many social networks."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polypost.client import (
        AnswerLost,
        AsyncClient,
        Client,
        ClientError,
        Refused,
        StillRunning,
        Unreachable,
        WebhookRefused,
        verify_webhook,
    )

__version__ = "0.1.0"
__all__ = [
    "AnswerLost",
    "AsyncClient",
    "Client",
    "ClientError",
    "Refused",
    "StillRunning",
    "Unreachable",
    "WebhookRefused",
    "__version__",
    "verify_webhook",
]


def __getattr__(name: str) -> Any:
    """The client's names, loaded when they are first asked for: a server needs none of them."""
    if name in __all__:
        return getattr(import_module("polypost.client"), name)
    raise AttributeError(f"module 'polypost' has no attribute {name!r}")
