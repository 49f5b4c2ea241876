"""Speaks to a server, this one's or a hosted PostPeer: every call of the API, repeats that are safe, uploads, waiting, and webhooks checked."""

from __future__ import annotations

from polypost.client.aio.client import AsyncClient
from polypost.client.errors import (
    AnswerLost,
    ClientError,
    Refused,
    StillRunning,
    Unreachable,
    WebhookRefused,
)
from polypost.client.sync.client import Client
from polypost.client.webhooks import verify_webhook

__all__ = [
    "AnswerLost",
    "AsyncClient",
    "Client",
    "ClientError",
    "Refused",
    "StillRunning",
    "Unreachable",
    "WebhookRefused",
    "verify_webhook",
]
