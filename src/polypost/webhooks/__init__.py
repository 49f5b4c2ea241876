"""Tells others what happened: subscriptions, signed webhooks and e-mail. It only delivers; it decides nothing."""

from polypost.webhooks.channels import Channels
from polypost.webhooks.courier import Courier, Plan
from polypost.webhooks.spread import ANYBODY
from polypost.webhooks.subscriptions import EVENTS, Change, Origin, Subscription, Wanted
from polypost.webhooks.tables import POST_EVENTS, RING
from polypost.webhooks.trial import Trial

__all__ = [
    "ANYBODY",
    "EVENTS",
    "POST_EVENTS",
    "RING",
    "Change",
    "Channels",
    "Courier",
    "Origin",
    "Plan",
    "Subscription",
    "Trial",
    "Wanted",
]
