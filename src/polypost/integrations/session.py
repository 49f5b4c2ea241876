"""A live authorisation outside of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from polypost import clock
from polypost.integrations.service import no_account
from polypost.outbound import NetworkClient
from polypost.platforms.base import Account, Tokens


@dataclass(slots=True)
class AccountSession:
    """Speaks for one account, or for a login that has none yet; implements `platforms.base.Session`."""

    http: NetworkClient
    tokens: Tokens
    account: Account

    @classmethod
    def of_login(cls, http: NetworkClient, tokens: Tokens) -> AccountSession:
        """The session in which a connector asks whose tokens these are."""
        return cls(http, tokens, no_account())

    @property
    def token(self) -> str:
        """The access token."""
        return self.tokens.access_token

    @property
    def extra(self) -> Mapping[str, Any]:
        """What came with the tokens."""
        return self.tokens.extra

    def now(self) -> datetime:
        """The server's clock."""
        return clock.now()
