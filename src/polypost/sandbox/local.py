"""Who may speak to the control surface: programs and people at this machine, not pages that others wrote.

A browser lets any page send simple requests to any address, and a name of its owner's may lead to this machine (DNS
rebinding). So the name that was asked for has to be one of ours, a page that asks has to be one of ours, and what
changes something has to be JSON, which a page of somebody else's cannot send unasked (Fetch standard, CORS-safelisted
request headers, read 2026-11-26).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A call to a network that has this header sets the sandbox up: it is no part of what is tested, and no fault strikes it.
SETTING_UP = "x-sandbox-setup"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_HOST = (
    "The control surface answers under names of this machine only (localhost, 127.0.0.1, [::1])."
    " Name further ones in POLYPOST_SANDBOX_HOSTS."
)
_ORIGIN = "The control surface answers to the sandbox's own pages and to programs, not to other pages."
_TYPE = "Send JSON and say so: curl -H 'content-type: application/json' -d '{…}'."


@dataclass(frozen=True, slots=True)
class Doors:
    """What the sandbox calls its own: `hosts` are names besides the loopback ones, `ports` those it listens on."""

    hosts: Collection[str]
    ports: Collection[int]

    def refusal(self, method: str, headers: Headers) -> Response | None:
        """The answer to a request that must not come in: 403 or 415; None for one that may."""
        asked = headers.getlist("host")
        # Of two names one could be judged and the other be meant.
        if len(asked) != 1 or not self._ours(f"//{asked[0]}"):
            return JSONResponse({"error": _HOST}, 403)
        # Another program of this machine may serve pages too: the port has to be ours as well.
        if any(not self._ours(origin, port_too=True) for origin in headers.getlist("origin")):
            return JSONResponse({"error": _ORIGIN}, 403)
        # A page cannot send a key in this header unasked either, and the stand-in for a model takes forms with one.
        if method in _READING or headers.get("authorization", "").lower().startswith("bearer "):
            return None
        # A form says where its page comes from, and that it is ours was found above.
        if "origin" in headers and headers.get("content-type", "") == _FORM:
            return None
        empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        kind = headers.get("content-type", _JSON if empty else "").partition(";")[0]
        return None if kind.strip().lower() == _JSON else JSONResponse({"error": _TYPE}, 415)

    def _ours(self, address: str, *, port_too: bool = False) -> bool:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if port_too and port not in self.ports:
            return False
        return host in self.hosts or on_loopback(host)


def on_loopback(host: str) -> bool:
    """Whether a host's name or number means this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class LocalOnly:
    """An app whose requests that `controls` picks pass the doors first. No answer's type is guessed by a browser."""

    def __init__(self, app: ASGIApp, doors: Doors, controls: Callable[[Scope], bool]) -> None:
        self._app = app
        self._doors = doors
        self._controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the refusal, or let the app answer."""

        async def sniffless(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-content-type-options"] = "nosniff"
            await send(message)

        refusal = None
        if scope["type"] == "http" and self._controls(scope):
            refusal = self._doors.refusal(scope["method"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, sniffless)


def everything(_scope: Scope) -> bool:
    """Every request of a port."""
    return True


def control_path(scope: Scope) -> bool:
    """Requests to the control surface on a port that also serves files to everybody."""
    return str(scope["path"]).startswith("/_sandbox")


def control_change(scope: Scope) -> bool:
    """Requests that change a simulated network from outside; its files lie under the same path, for everybody."""
    return control_path(scope) and scope["method"] not in _READING
