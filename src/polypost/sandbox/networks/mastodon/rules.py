"""The server's name, what it allows at present, and how old it is: its operator and a fault can change both."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.mastodon.errors import error
from polypost.sandbox.networks.mastodon.limits import CONFIGURABLE, limit
from polypost.sandbox.simkit import Network, exchange, read_json

DOMAIN = "mastodon.example"
CHANGED, KEY = "server", "limits"
OLDER = "older_server"


class Rules:
    """The limits of this server, and the handler that changes them."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def limit(self, name: str) -> int:
        """A limit as this server has it now."""
        changed = self._net.documents.get(CHANGED, KEY)
        value = None if changed is None else changed.body.get(name)
        return limit(name) if value is None else int(value)

    def older(self, request: Request) -> bool:
        """Whether the server is one before 4.3 in this call."""
        return exchange(request).fault(OLDER) is not None

    async def change(self, request: Request) -> Response:
        """`PUT /_sandbox/limits`: the operator of this server changes its limits; an empty object undoes it."""
        body = await read_json(request)
        good = isinstance(body, dict) and all(
            name in CONFIGURABLE and isinstance(value, int) for name, value in body.items()
        )
        if not good:
            return error(400, f"Give numbers for some of {', '.join(sorted(CONFIGURABLE))}.")
        self._net.documents.put(CHANGED, KEY, body)
        return JSONResponse({name: self.limit(name) for name in sorted(CONFIGURABLE)})
