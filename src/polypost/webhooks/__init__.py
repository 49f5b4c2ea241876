"""Tells others what happened: subscriptions, signed webhooks and e-mail. It only delivers; it decides nothing."""

from polypost.webhooks.channels import Channels
from polypost.webhooks.dispatcher import Dispatcher, Plan
from polypost.webhooks.fan_out import ANYBODY
from polypost.webhooks.subscriptions import EVENTS, Change, Origin, Subscription, Wanted
from polypost.webhooks.tables import KIND, POST_EVENTS
from polypost.webhooks.trial import Trial
from polypost.webhooks.work import backlog

__all__ = [
    "ANYBODY",
    "EVENTS",
    "KIND",
    "POST_EVENTS",
    "Change",
    "Channels",
    "Dispatcher",
    "Origin",
    "Plan",
    "Subscription",
    "Trial",
    "Wanted",
    "backlog",
]
