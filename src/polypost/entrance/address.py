"""Where others find this server."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from polypost.outbound.guard import LOOPBACK
from polypost.settings import Settings

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)


def only_here(settings: Settings, public_url: str) -> bool:
    """Whether only this machine is meant to reach the server: it listens on a loopback address and is known by one."""
    return _is_loopback(settings.host) and _is_loopback(urlsplit(public_url).hostname or "")


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def own_address(request: Request, settings: Settings) -> str:
    """This server's address: the configured one, else the one that the request came to."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope["server"]
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return f"{request.scope['scheme']}://{host}"
