"""What an agent asks a person for, by OAuth 2.1: read in the same way where it begins and where it is agreed to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from polypost.access.clients import Client
from polypost.access.grants import SCOPES
from polypost.entrance.services import Services
from polypost.errors import InvalidRequest, Problem

RESOURCE, ISSUER = "/mcp/oauth", "/oauth"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_LONGEST = 2000


class Turned(Exception):
    """The agent is told no at its own address, `url`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True, slots=True)
class Asked:
    """What an agent asks for; `issuer` says to it who answers."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    state: str | None
    issuer: str

    def answer(self, **said: str) -> str:
        """The address at which the agent hears the answer."""
        further = {"state": self.state} if self.state is not None else {}
        glue = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{glue}{urlencode(said | further | {'iss': self.issuer})}"


async def asked(rooms: Services, base: str, query: Mapping[str, str]) -> Asked:
    """What a query asks for.

    Raises InvalidRequest where nobody may be sent back, because program or address is not known; else Turned.
    """
    client = await rooms.clients.find(query.get("client_id", ""))
    uri = query.get("redirect_uri", "")
    if client is None or not client.takes(uri):
        name = "client_id" if client is None else "redirect_uri"
        raise InvalidRequest([Problem(name, "is not known here", "Connect the agent anew.", "bad_client")])
    wanted = query.get("scope", "").split()
    found = Asked(
        client,
        uri,
        tuple(scope for scope in SCOPES if scope in wanted or not wanted),
        query.get("code_challenge", ""),
        query.get("state"),
        f"{base}{ISSUER}",
    )
    if (wrong := _wrong(query, found, base)) is not None:
        raise Turned(found.answer(error=wrong[0], error_description=wrong[1]))
    return found


def is_resource(said: str, base: str) -> bool:
    """Whether this names the path for agents; a slash at its end does not count."""
    return said.removesuffix("/") == f"{base}{RESOURCE}"


def _wrong(query: Mapping[str, str], found: Asked, base: str) -> tuple[str, str] | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type", "response_type has to be code"
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(found.challenge):
        return "invalid_request", "PKCE with S256 is needed"
    if not is_resource(query.get("resource", f"{base}{RESOURCE}"), base):
        return "invalid_target", "resource is not of this server"
    if not found.scopes or len(found.state or "") > _LONGEST:
        return "invalid_scope" if not found.scopes else "invalid_request", f"choose among {' '.join(SCOPES)}"
    return None
