"""What our connector and its stand-in say to each other, held against the entities that Mastodon.py documents.

Mastodon publishes no machine-readable description; the library's typed entities follow the documentation of 4.6.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from mastodon import return_types
from mastodon.types_base import AttribAccessDict, MaybeSnowflakeIdType
from tests.platforms.conformance.stage import Stage
from tests.platforms.recording import Exchange, recording
from tests.platforms.simulators.mastodon import Mastodon, at_mastodon
from tests.platforms.specs.tapped import exchanges, figures

ROUTES: dict[str, tuple[str, bool]] = {
    r"GET /api/v2/instance": ("InstanceV2", False),
    r"GET /api/v1/instance": ("Instance", False),
    r"GET /api/v1/accounts/verify_credentials": ("Account", False),
    r"GET /api/v1/accounts/\d+": ("Account", False),
    r"GET /api/v1/accounts/\d+/statuses": ("Status", True),
    r"GET /api/v1/timelines/\w+": ("Status", True),
    r"(POST|GET) /api/v1/statuses": ("Status", False),
    r"(GET|PUT|DELETE) /api/v1/statuses/\d+": ("Status", False),
    r"POST /api/v1/statuses/\d+/\w+": ("Status", False),
    r"GET /api/v1/statuses/\d+/source": ("StatusSource", False),
    r"GET /api/v1/statuses/\d+/context": ("Context", False),
    r"GET /api/v1/statuses/\d+/history": ("StatusEdit", True),
    r"GET /api/v1/polls/\d+": ("Poll", False),
    r"POST /api/v2/media": ("MediaAttachment", False),
    r"(GET|PUT) /api/v1/media/\d+": ("MediaAttachment", False),
    r"GET /api/v1/scheduled_statuses(/\d+)?": ("ScheduledStatus", False),
    r"GET /.well-known/oauth-authorization-server": ("OAuthServerInfo", False),
    r"GET /api/v1/apps/verify_credentials": ("Application", False),
}
# Members that only some answers have: those of the reader's own relation, of other accounts, of older or newer servers.
SOMETIMES = {
    "Account": {
        "moved",
        "suspended",
        "limited",
        "role",
        "source",
        "mute_expires_at",
        "memorial",
        "invalid_handle",
        "state",
    },
    "Status": {"favourited", "reblogged", "bookmarked", "muted", "pinned", "filtered"},
    "Poll": {"voted", "own_votes"},
    "InstanceV2": {"wrapstodon"},
    "InstanceConfigurationV2": {"timelines_access"},
    "InstanceRegistrations": {"sign_up_url"},
    "Role": {"collection_limit"},
    "Tag": {"history", "following", "id", "trendable", "usable", "requires_review", "featuring"},
    "Application": {"id", "vapid_key", "redirect_uri", "redirect_uris", "scopes"},
    "MediaAttachmentMetadataContainer": {"original", "small", "colors", "focus"},
    "MediaAttachmentVideoMetadata": {"frame_rate", "duration", "bitrate"},
}
# What an answer has beyond the entity.
MORE = {"Status": {"text"}}
# May be null in answers although the library does not say so: media that are worked on have no address yet.
NULL = {
    "MediaAttachment": {"url"},
    "Instance": {"contact_account"},
}

SENT = {
    "status": str,
    "media_ids": list,
    "poll": dict,
    "visibility": str,
    "spoiler_text": str,
    "sensitive": bool,
    "language": str,
    "in_reply_to_id": str,
    "quoted_status_id": str,
    "quote_approval_policy": str,
}
POLL = {"options": list, "expires_in": int, "multiple": bool, "hide_totals": bool}


def hints(entity: type) -> dict[str, Any]:
    return {
        name: hint
        for name, hint in get_type_hints(entity, vars(return_types)).items()
        if not name.startswith("_")
    }


def differences(entity: type, value: Any, where: str) -> Iterator[str]:
    """Everything in which an answer is not the entity."""
    name = entity.__name__
    if not isinstance(value, dict):
        yield f"{where}: {type(value).__name__} instead of {name}"
        return
    known = hints(entity)
    for member in set(known) - set(value) - SOMETIMES.get(name, set()):
        yield f"{where}.{member}: missing"
    for member, given in value.items():
        if member not in known:
            if member not in MORE.get(name, set()):
                yield f"{where}.{member}: not known"
        elif given is not None or member not in NULL.get(name, set()):
            yield from _typed(known[member], given, f"{where}.{member}")


def _typed(hint: Any, value: Any, where: str) -> Iterator[str]:
    kind, args = get_origin(hint) or hint, get_args(hint)
    if args and type(None) in args:
        others = [arg for arg in args if arg is not type(None)]
        if value is not None and all(list(_typed(each, value, where)) for each in others):
            yield from _typed(others[0], value, where)
    elif isinstance(kind, type) and issubclass(kind, list):
        if not isinstance(value, list):
            yield f"{where}: {type(value).__name__} instead of a list"
            return
        for place, each in enumerate(value if args else ()):
            yield from _typed(args[0], each, f"{where}[{place}]")
    elif args:
        if all(list(_typed(each, value, where)) for each in args):
            yield f"{where}: none of {args}"
    else:
        yield from _plain(hint, value, where)


def _plain(hint: Any, value: Any, where: str) -> Iterator[str]:
    if hint is datetime:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
            yield f"{where}: {value!r} is no instant"
    elif hint is MaybeSnowflakeIdType:
        if not isinstance(value, str) or not value.isdecimal():
            yield f"{where}: {value!r} is no id"
    elif hint is AttribAccessDict:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
    elif isinstance(hint, type) and issubclass(hint, AttribAccessDict):
        yield from differences(hint, value, where)
    elif isinstance(hint, type) and (
        not isinstance(value, hint) or (hint is int and isinstance(value, bool))
    ):
        yield f"{where}: {type(value).__name__} instead of {hint.__name__}"


def of_answers(calls: list[Exchange]) -> tuple[set[str], set[str]]:
    """(differences, routes that were met)."""
    found, met = set(), set()
    for call in calls:
        for route, (entity, _) in ROUTES.items():
            if call.status < 300 and re.fullmatch(route, f"{call.method} {call.path}"):
                met.add(route)
                answers = call.received if isinstance(call.received, list) else [call.received]
                for answer in answers:
                    found |= set(differences(getattr(return_types, entity), answer, entity))
    return found, met


def of_errors(calls: list[Exchange]) -> set[str]:
    return {
        f"{call.method} {call.path} {call.status}"
        for call in calls
        if call.status >= 400 and not (set(call.received) <= {"error", "error_description"})
    }


@pytest.fixture(scope="module")
def met() -> list[Exchange]:
    async def more(stage: Stage) -> None:
        await figures(stage)
        for fault in ("login_disabled", "rate_limited"):
            await stage.fault(fault)
            await stage.publish(stage.case.kinds[0], mark=fault)

    return exchanges("mastodon", more)


def test_what_is_answered_to_us(met: list[Exchange]) -> None:
    found, routes = of_answers(met)
    assert found == set()
    assert len(routes) >= 7
    assert of_errors(met) == set()


def test_what_we_send(met: list[Exchange]) -> None:
    sent = [call for call in met if (call.method, call.path) == ("POST", "/api/v1/statuses")]
    assert len(sent) >= 8
    for call in sent:
        assert re.fullmatch(r"polypost:[\w-]+:[\w-]+:[0-9a-f]{24}", call.headers["idempotency-key"])
        body = call.sent
        assert set(body) <= set(SENT)
        assert {"status", "visibility"} <= set(body)
        assert all(isinstance(value, SENT[name]) for name, value in body.items())
        assert all(isinstance(value, POLL[name]) for name, value in body.get("poll", {}).items())
    for call in met:
        if call.path == "/api/v2/media":
            assert call.headers["content-type"].startswith("multipart/form-data; boundary=")
            assert call.headers["content-length"] == str(len(call.body))
        if call.path.startswith("/api/v1/") and not call.path.endswith("/instance"):
            assert call.headers["authorization"].startswith("Bearer ")


def test_what_is_answered_to_others(tmp_path: Any) -> None:
    async def story(net: Mastodon) -> None:
        picture = await net.picture(description="A")
        await net.call("GET", f"/api/v1/media/{picture}")
        first = await net.post("@demo2 #tag", media_ids=[picture])
        poll = await net.post(
            "?", poll={"options": ["a", "b"], "expires_in": 300}, in_reply_to_id=first["id"]
        )
        await net.post("q", quoted_status_id=first["id"], quote_approval_policy="followers")
        await net.post("later", scheduled_at="2099-01-01T00:00:00Z")
        await net.call("PUT", f"/api/v1/statuses/{first['id']}", json={"status": "b"})
        for path in (
            "/api/v1/instance",
            f"/api/v1/accounts/{net.number}",
            f"/api/v1/polls/{poll['id']}",
            f"/api/v1/statuses/{first['id']}",
            f"/api/v1/statuses/{first['id']}/context",
            f"/api/v1/statuses/{first['id']}/history",
            "/api/v1/timelines/home",
            "/api/v1/scheduled_statuses",
            "/.well-known/oauth-authorization-server",
            "/api/v1/apps/verify_credentials",
        ):
            await net.call("GET", path)

    async def main() -> list[Exchange]:
        async with at_mastodon(tmp_path) as net, recording(net.url) as tap:
            net.url = tap.url
            await story(net)
            return tap.exchanges

    found, routes = of_answers(
        [call for call in asyncio.run(main()) if "2099" not in call.body.decode("latin-1")]
    )
    assert found == set()
    assert len(routes) >= 13
