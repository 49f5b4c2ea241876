"""What the entrance needs; the composition root fills it in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.requests import Request

from polypost.access import Keyring, SigningIn, Throttle
from polypost.access.clients import Clients
from polypost.ai import Provider
from polypost.analytics.service import Analytics
from polypost.approvals import Approvals
from polypost.bulk import BulkReceiver
from polypost.conversations.comments import Commenting
from polypost.conversations.messages import Messaging
from polypost.entrance.health import Checks
from polypost.entrance.monitoring import Monitoring
from polypost.entrance.proxies import Proxies
from polypost.intake import Intake
from polypost.integrations import Connect, Disconnect, Lookup, SignIn, Vault
from polypost.media import Library, Uploads
from polypost.planning.planner import Planner
from polypost.posts.orders import Context
from polypost.publishing import Remover
from polypost.settings import Settings
from polypost.storage import Store
from polypost.webhooks import Channels, Trial


@dataclass(slots=True)
class Services:
    """The rooms behind the routes.

    `demo_key` is a sandbox's own key, which its reference page has filled in for whoever is on the same machine;
    `reference` says that the page is served, `sandbox_url` where the networks' stand-ins are. `only_here` says that
    nobody but this machine is meant to reach the server.
    """

    settings: Settings
    store: Store
    keyring: Keyring
    clients: Clients
    throttle: Throttle
    proxies: Proxies
    posts: Context
    media: Library
    uploads: Uploads
    connect: Connect
    disconnect: Disconnect
    sign_in: SignIn
    vault: Vault
    ai: Provider
    remover: Remover
    lookup: Lookup
    commenting: Commenting
    messaging: Messaging
    analytics: Analytics
    channels: Channels
    trial: Trial
    intake: Intake
    planner: Planner
    approvals: Approvals
    bulk: BulkReceiver
    health: Checks
    monitoring: Monitoring
    demo_key: str | None = None
    reference: bool = False
    only_here: bool = False
    sandbox_url: str | None = None
    signing: SigningIn = field(default_factory=SigningIn)
    # Set when the server is asked to stop: answers without an end of their own end then.
    closing: asyncio.Event = field(default_factory=asyncio.Event)


def services(request: Request) -> Services:
    """The rooms of the application that serves `request`."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found
