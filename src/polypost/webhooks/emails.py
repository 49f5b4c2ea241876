"""What an e-mail says of an event: a subject that tells the news, then each network with its link or its reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from polypost.platforms.registry import connector

SUBJECT = 120
_NEWS = {
    "post.scheduled": "Scheduled",
    "post.published": "Published",
    "post.partial": "Published in part",
    "post.failed": "Not published",
}
_WHY_OFF = {
    "gone": "Its receiver answered 410 Gone: it wants no more.",
    "failing": "Nothing got through to it for as long as deliveries are repeated.",
}


def write(kind: str, body: str) -> tuple[str, str]:
    """Subject and text for the event in `body`, the JSON that a webhook would have carried."""
    event = json.loads(body)
    data = event["data"]
    if kind in _NEWS:
        subject, lines = _of_post(kind, data)
    elif kind == "webhook.disabled":
        subject = "A subscription was switched off"
        lines = [
            f"Subscription {data['subscriptionId']} was switched off.",
            _WHY_OFF.get(data["reason"], ""),
            "",
            "What it still had to deliver waits. Switch it on again with enabled: true when its receiver works.",
        ]
    elif kind == "test":
        subject = "Test of a notification"
        lines = ["This is a test. Notifications of your posts will reach this address."]
    else:
        subject, lines = _of_account(kind, data)
    lines += ["", f"Event {event['id']}, {event['createdAt']}"]
    return _one_line(subject), "\n".join(lines) + "\n"


def _of_post(kind: str, data: Mapping[str, Any]) -> tuple[str, list[str]]:
    post = data["post"]
    excerpt = _one_line(post["excerpt"]) or post["id"]
    lines = [f"{_NEWS[kind]}: {excerpt}", ""]
    if kind == "post.scheduled":
        lines += [f"It goes out at {post['scheduledFor']} ({post['timezone']}) on:", ""]
    for entry in data["platforms"]:
        lines.append(f"  {_network(entry['platform'])}: {_became(entry)}")
        if entry["platformPostUrl"]:
            lines.append(f"    {entry['platformPostUrl']}")
    return f"{_NEWS[kind]}: {excerpt}", [*lines, "", f"Post {post['id']}"]


def _became(entry: Mapping[str, Any]) -> str:
    if entry["status"] == "failed":
        return f"failed. {_one_line(entry['errorMessage'] or '', 500)}".rstrip()
    return "waits for its hour" if entry["status"] == "pending" else str(entry["status"])


def _of_account(kind: str, data: Mapping[str, Any]) -> tuple[str, list[str]]:
    if kind == "account.reconnect_required":
        account = data["integrationId"]
        return "An account has to be connected again", [
            f"The authorisation of account {account} no longer works ({data['reason']}).",
            "Posts to it fail until it is connected again.",
        ]
    return "An account rests", [
        f"Its network refused account {data['integrationId']} three times in a row.",
        f"Nothing is sent to it before {data['until']}.",
    ]


def _network(platform: str) -> str:
    known = connector(platform)
    return known.spec.name if known is not None else platform


def _one_line(text: str, most: int = SUBJECT) -> str:
    """The text without line breaks and control characters, cut where it gets too long."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"
