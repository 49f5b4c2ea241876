"""Finding a server behind what a person wrote, and reading what it allows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from httpx2 import Response

from polypost import clock
from polypost.errors import OutboundError, PlatformError, Rejected
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, Run
from polypost.platforms.kit.answers import member, objects, parsed
from polypost.platforms.mastodon.api import look, server_of
from polypost.platforms.mastodon.errors import error_for
from polypost.platforms.mastodon.spec import SPEC

FRESH = timedelta(hours=24)
_MOST_HOPS = 4
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Our name of a limit → where a server's configuration has it.
_PLACES: Mapping[str, tuple[str, str]] = {
    "text_characters": ("statuses", "max_characters"),
    "media_per_post": ("statuses", "max_media_attachments"),
    "url_characters": ("statuses", "characters_reserved_per_url"),
    "image_bytes": ("media_attachments", "image_size_limit"),
    "image_pixels": ("media_attachments", "image_matrix_limit"),
    "video_bytes": ("media_attachments", "video_size_limit"),
    "video_fps": ("media_attachments", "video_frame_rate_limit"),
    "video_pixels": ("media_attachments", "video_matrix_limit"),
    "alt_text_characters": ("media_attachments", "description_limit"),
    "poll_max_options": ("polls", "max_options"),
    "poll_option_characters": ("polls", "max_characters_per_option"),
    "poll_min_seconds": ("polls", "min_expiration"),
    "poll_max_seconds": ("polls", "max_expiration"),
}


def limit_of(account: Account, name: str) -> int:
    """A limit as the account's server has it, else as it stands on most."""
    value = member(account.metadata, "limits").get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else SPEC.limit(name)


def types_of(account: Account) -> tuple[str, ...]:
    """The media types that the account's server takes."""
    known = account.metadata.get("mimeTypes")
    if isinstance(known, list) and known:
        return tuple(str(each) for each in known)
    return tuple(dict.fromkeys(each for types in SPEC.media_types.values() for each in types))


def api_version(account: Account) -> int | None:
    """The version of Mastodon's API that the server tells; None for servers before 4.3 and other software."""
    version = account.metadata.get("apiVersion")
    return version if isinstance(version, int) and not isinstance(version, bool) else None


async def find(http: NetworkClient, named: str) -> str:
    """The API's host behind `example.social`, an address on it, or `user@example.social`. Raises Rejected."""
    host, user = _read(named)
    tried: list[str] = []
    waiting = [host]
    while waiting and len(tried) < _MOST_HOPS:
        asked = waiting.pop(0)
        tried.append(asked)
        found = await _instance_or_hint(http, asked)
        if found == asked:
            return asked
        hints = [found] if found else await _by_profile(http, asked, user)
        waiting += [hint for hint in hints if hint not in (*tried, *waiting)]
    raise Rejected(
        f"There is no Mastodon server at {host}.",
        code="no_server",
        next_step="Write the account as user@example.social, or the address of the server in a browser.",
    )


def _read(named: str) -> tuple[str, str | None]:
    """(host, user) in what a person wrote."""
    text = named.strip()
    path = ""
    if "://" in text or "/" in text:
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
        except ValueError:
            parts = urlsplit("")
        text, path = parts.netloc, parts.path
    user, _, host = text.lstrip("@").rpartition("@")
    if path.startswith("/@"):
        user = path[2:].partition("/")[0].partition("@")[0]
    try:
        name = host.rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise Rejected(
            f"'{named.strip()[:100]}' is not the name of a server.",
            code="no_server",
            next_step="Write a name like example.social, without a port.",
        )
    return name, user or None


async def _instance_or_hint(http: NetworkClient, host: str) -> str | None:
    """The host itself when a server answers there, another one when it points there, None when nothing does."""
    for path in ("/api/v2/instance", "/api/v1/instance"):
        answer = await look(http, host, path)
        if answer.is_success and _is_instance(parsed(answer)):
            return host
        if (elsewhere := _led_to(answer)) and elsewhere != host:
            return elsewhere
        if answer.status_code == 429 or answer.status_code >= 500:
            raise error_for(answer, clock.now())
    return None


def _is_instance(body: Mapping[str, Any]) -> bool:
    return isinstance(body.get("version"), str) and any(
        isinstance(body.get(k), str) for k in ("domain", "uri")
    )


async def _by_profile(http: NetworkClient, host: str, user: str | None) -> list[str]:
    """Hosts that WebFinger names for an account: the API may stand elsewhere than the handle's domain says."""
    if user is None:
        return []
    answer = await look(http, host, "/.well-known/webfinger", params={"resource": f"acct:{user}@{host}"})
    if elsewhere := _led_to(answer):
        return [elsewhere]
    found = objects(parsed(answer).get("links")) if answer.is_success else []
    ranked = sorted(found, key=lambda link: not str(link.get("rel")).endswith("profile-page"))
    return [name for link in ranked if (name := _host(link.get("href")))]


def _led_to(answer: Response) -> str | None:
    return _host(answer.headers.get("location")) if answer.status_code in _REDIRECTS else None


def _host(url: Any) -> str | None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        name = (parts.hostname or "").lower()
        usable = parts.scheme == "https" and parts.port in {None, 443}
    except ValueError:
        return None
    return name if usable and _NAME.fullmatch(name) else None


async def facts(http: NetworkClient, server: str, now: datetime) -> dict[str, Any]:
    """What an account's metadata keeps of its server: version, limits, types, and when they were read."""
    answer = await look(http, server, "/api/v2/instance")
    # The second version came with Mastodon 4.0, and other software may lack it.
    if answer.status_code == 404:
        answer = await look(http, server, "/api/v1/instance")
    body = parsed(answer) if answer.is_success else {}
    if not _is_instance(body):
        raise error_for(answer, now)
    version = member(body, "api_versions").get("mastodon")
    known = member(body, "configuration")
    types = member(known, "media_attachments").get("supported_mime_types")
    return {
        "server": server,
        "version": str(body["version"])[:100],
        "apiVersion": version if isinstance(version, int) else None,
        "limits": _limits(body, known),
        "mimeTypes": [str(each)[:100] for each in types[:200]] if isinstance(types, list) else [],
        "limitsReadAt": clock.iso(now),
    }


def _limits(body: Mapping[str, Any], configuration: Mapping[str, Any]) -> dict[str, int]:
    told = {name: member(configuration, part).get(theirs) for name, (part, theirs) in _PLACES.items()}
    # Software that came before `configuration` has this one number at the top.
    told["text_characters"] = told["text_characters"] or body.get("max_toot_chars")
    return {
        name: int(value)
        for name, value in told.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**53
    }


async def refreshed(run: Run) -> dict[str, Any]:
    """The server's facts when the account's are older than a day, else nothing."""
    try:
        read_at = clock.parse_stamp(str(run.account.metadata.get("limitsReadAt")))
    except ValueError:
        read_at = None
    if read_at is not None and run.now() - read_at < FRESH:
        return {}
    return await facts(run.http, server_of(run), run.now())


async def relearned(run: Run) -> None:
    """After a refusal: the limits may have changed, so that the next post is judged by the new ones."""
    try:
        await run.learn(await facts(run.http, server_of(run), run.now()))
    except (PlatformError, OutboundError):
        # The refusal itself is what has to be told.
        return
