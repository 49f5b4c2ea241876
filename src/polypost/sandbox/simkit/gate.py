"""Who may call: the demo app and its secret, and what befalls a live token."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from polypost.sandbox.simkit.accounts import REFRESH, Account, Token
from polypost.sandbox.simkit.apps import App, digest
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.traffic import Refused, Wording, exchange


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a call and the token it came with."""

    account: Account
    token: Token


class Gate:
    """The way in to one network. Demo tokens belong to the app `client_id`; `others` are the sandbox's own besides.

    With `counted_later` the network strikes calls by `rate_limited` and `read_limited` itself, where it counts them.
    """

    def __init__(
        self,
        net: Network,
        wording: Wording,
        client_id: str,
        client_secret: str,
        *,
        others: tuple[str, ...] = (),
        counted_later: bool = False,
    ) -> None:
        self._net = net
        self._counted_later = counted_later
        self._wording = wording
        self._others = others
        self.client_id = client_id
        self.client_secret = client_secret

    def app(self, client_id: str) -> App | None:
        """An app that the network knows: one of the sandbox's own, or one that was registered."""
        found = self._net.apps.find(client_id)
        if client_id == self.client_id:
            return App(client_id, digest(self.client_secret), found.redirects if found else ())
        return found or (App(client_id) if client_id in self._others else None)

    def knows(self, client_id: str, secret: str) -> bool:
        """Whether an app is known and shows its secret."""
        app = self.app(client_id)
        return app is not None and app.shows(secret)

    def admit(self, request: Request, token: Token) -> None:
        """Call it for every live token met: a `token_dead` rule ends the whole authorisation for good, others hit what reads."""
        call = exchange(request)
        call.identify(token.account_id)
        if call.fault("token_dead"):
            self._net.tokens.revoke_family(token.family)
            raise Refused(self._wording.token_dead())
        reads, wording = request.method == "GET", self._wording
        if token.kind != REFRESH and call.fault("token_expired"):
            raise Refused((wording.token_expired or wording.token_dead)())
        if reads and call.fault("read_error"):
            raise Refused(wording.error())
        # A renewal is no call of the account's, and some networks know only further in what call it is.
        if token.kind == REFRESH or self._counted_later:
            return
        if reads and (left := call.lasting("read_limited")):
            raise Refused((wording.read_limited or wording.rate_limited)(left))
        if (reads or wording.read_limited is None) and (left := call.lasting("rate_limited")):
            raise Refused((wording.read_limited or wording.rate_limited)(left))
