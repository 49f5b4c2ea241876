"""Tells others what happened: subscriptions, signed webhooks and e-mail. It only delivers; it decides nothing."""

from polypost.webhooks.channels import Channels
from polypost.webhooks.courier import Courier, Plan
from polypost.webhooks.subscriptions import EVENTS, POST_EVENTS, RING, Change, Origin, Subscription, Wanted
from polypost.webhooks.trial import Trial

__all__ = [
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
