"""Who exists on a simulated network, and what authorises a call there: codes and tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from polypost import clock
from polypost.sandbox.simkit.store import Share, instant_of, seconds_of


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a network; `data` holds what only that network knows about it."""

    id: str
    username: str
    name: str
    data: dict[str, Any]
    created: datetime


class Accounts(Share):
    """The accounts of one network."""

    def add(self, *, id: str, username: str, name: str, data: dict[str, Any] | None = None) -> Account:  # noqa: A002  # the networks' word
        """Open an account. Raises sqlite3.IntegrityError when id or username is taken."""
        now = clock.now()
        self._store.execute(
            "INSERT INTO accounts (platform, id, username, name, data, created) VALUES (?, ?, ?, ?, ?, ?)",
            self._platform, id, username, name, json.dumps(data or {}), now.timestamp(),
        )  # fmt: skip
        return Account(id, username, name, data or {}, now)

    def demo(
        self,
        number: int,
        *,
        id: str,  # noqa: A002  # the networks' word
        data: dict[str, Any] | None = None,
        username: str = "demo",
        name: str = "Demo account",
    ) -> Account:
        """Open demo account `number`; all but the first have it in their names."""
        if number > 1:
            username, name = f"{username}{number}", f"{name} {number}"
        return self.add(id=id, username=username, name=name, data=data)

    def get(self, account_id: str) -> Account | None:
        """The account with the network's id."""
        return self._one("id", account_id)

    def by_username(self, username: str) -> Account | None:
        """The account with this name, in any case."""
        # The exact name first, for which there is an index.
        return self._one("username", username) or self._one("username", username, " COLLATE NOCASE")

    def all(self, limit: int = -1) -> list[Account]:
        """The accounts, oldest first; all of them without a limit."""
        sql = "SELECT * FROM accounts WHERE platform = ? ORDER BY number LIMIT ?"
        rows = self._store.all(sql, self._platform, limit)
        return [_account(row) for row in rows]

    def ids(self) -> list[str]:
        """Their ids at the network, oldest first."""
        rows = self._store.all("SELECT id FROM accounts WHERE platform = ? ORDER BY number", self._platform)
        return [row["id"] for row in rows]

    def count(self) -> int:
        """How many accounts there are."""
        return self._store.number("SELECT count(*) FROM accounts WHERE platform = ?", self._platform)

    def update(self, account_id: str, **changes: Any) -> None:
        """Merge `changes` into the account's data."""
        self._store.execute(
            # A null takes its member away (RFC 7396).
            "UPDATE accounts SET data = json_patch(data, ?) WHERE platform = ? AND id = ?",
            json.dumps(changes), self._platform, account_id,
        )  # fmt: skip

    def _one(self, column: str, value: str, collate: str = "") -> Account | None:
        sql = f"SELECT * FROM accounts WHERE platform = ? AND {column} = ?{collate}"  # noqa: S608  # our own words
        row = self._store.one(sql, self._platform, value)
        return None if row is None else _account(row)


def _account(row: sqlite3.Row) -> Account:
    return Account(
        row["id"], row["username"], row["name"], json.loads(row["data"]), instant_of(row["created"])
    )


@dataclass(frozen=True, slots=True)
class Code:
    """What a redeemed authorization code stands for."""

    account_id: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]


class CodeRefused(Exception):
    """A code that buys nothing; `reason` is unknown, expired, used, client, redirect_uri or verifier."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Codes(Share):
    """Authorization codes of one network: single use, short lived, bound to client, redirect and PKCE challenge."""

    def issue(
        self,
        *,
        account_id: str,
        client_id: str,
        redirect_uri: str,
        scopes: Iterable[str],
        lifetime: timedelta,
        challenge: str | None = None,
        method: str | None = None,
    ) -> str:
        """A new code."""
        code = secrets.token_urlsafe(48)
        self._store.execute(
            "INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            self._platform, code, account_id, client_id, redirect_uri, " ".join(scopes), challenge, method,
            (clock.now() + lifetime).timestamp(),
        )  # fmt: skip
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str | None = None) -> Code:
        """Use a code up. Raises CodeRefused; a refused code is not used up, except by time."""
        row = self._store.one("SELECT * FROM codes WHERE platform = ? AND code = ?", self._platform, code)
        if row is None:
            raise CodeRefused("unknown")
        now = clock.now().timestamp()
        if row["used"] is not None:
            raise CodeRefused("used")
        if row["expires"] < now:
            raise CodeRefused("expired")
        if row["client_id"] != client_id:
            raise CodeRefused("client")
        if row["redirect_uri"] != redirect_uri:
            raise CodeRefused("redirect_uri")
        if not pkce_fits(row["challenge"], row["method"], verifier):
            raise CodeRefused("verifier")
        # Of two calls at once only one changes the row.
        sql = "UPDATE codes SET used = ? WHERE platform = ? AND code = ? AND used IS NULL"
        if self._store.execute(sql, now, self._platform, code).rowcount == 0:
            raise CodeRefused("used")
        return Code(row["account_id"], client_id, redirect_uri, tuple(row["scopes"].split()))


def pkce_fits(challenge: str | None, method: str | None, verifier: str | None) -> bool:
    """Whether a verifier answers its challenge by RFC 7636; without a challenge anything does."""
    if not challenge:
        return True
    if not verifier:
        return False
    # What a challenge without a method means (RFC 7636, 4.3).
    if (method or "plain").lower() == "plain":
        return secrets.compare_digest(challenge.encode(), verifier.encode())
    # RFC 7636 writes no padding; a challenge that has it is forgiven.
    digest = hashlib.sha256(verifier.encode()).digest()
    return secrets.compare_digest(
        challenge.rstrip("=").encode(), base64.urlsafe_b64encode(digest).rstrip(b"=")
    )


ACCESS, REFRESH = "access", "refresh"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `family` is shared by everything that one consent gave, through all rotations."""

    value: str
    kind: str
    account_id: str
    client_id: str
    scopes: tuple[str, ...]
    family: str
    secret: str | None
    data: dict[str, Any]
    issued: datetime
    expires: datetime | None
    used: bool
    revoked: bool

    @property
    def live(self) -> bool:
        """Whether it still authorises anything: not used up, not revoked, not past its end."""
        return not (self.used or self.revoked or self.expired)

    @property
    def expired(self) -> bool:
        """Whether its end has come."""
        return self.expires is not None and self.expires <= clock.now()

    @property
    def expires_in(self) -> int | None:
        """Seconds until its end, the one that has begun among them, never below 0; None where there is none."""
        return None if self.expires is None else max(0, ceil((self.expires - clock.now()).total_seconds()))


class Tokens(Share):
    """Access, refresh, page and OAuth 1.0a tokens of one network."""

    def issue(
        self,
        kind: str,
        *,
        account_id: str,
        client_id: str,
        scopes: Iterable[str] = (),
        lifetime: timedelta | None = None,
        family: str | None = None,
        prefix: str = "",
        secret: str | None = None,
        data: dict[str, Any] | None = None,
        value: str | None = None,
    ) -> Token:
        """A new token of a kind ("access", "refresh", …); without `family` it begins one."""
        now = clock.now()
        row = self._store.changed(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL) RETURNING *",
            self._platform, value or prefix + secrets.token_urlsafe(40), kind, account_id, client_id, " ".join(scopes),
            family or secrets.token_hex(8), secret, json.dumps(data or {}), now.timestamp(),
            seconds_of(None if lifetime is None else now + lifetime),
        )  # fmt: skip
        return _token(row)

    def find(self, value: str) -> Token | None:
        """The token, dead or alive; ask `.live`."""
        row = self._store.one("SELECT * FROM tokens WHERE platform = ? AND value = ?", self._platform, value)
        return None if row is None else _token(row)

    def newest(self, kind: str, *, account_id: str, client_id: str) -> Token | None:
        """The newest live token of a kind that an account gave to a client."""
        row = self._store.one(
            "SELECT * FROM tokens WHERE platform = ? AND account_id = ? AND client_id = ? AND kind = ?"
            " AND used IS NULL AND revoked IS NULL ORDER BY issued DESC LIMIT 1",
            self._platform, account_id, client_id, kind,
        )  # fmt: skip
        token = None if row is None else _token(row)
        return token if token is not None and token.live else None

    def use_up(self, value: str) -> bool:
        """Spend a single-use token; False when it was spent already."""
        sql = (
            "UPDATE tokens SET used = ? WHERE platform = ? AND value = ? AND used IS NULL AND revoked IS NULL"
        )
        return self._store.execute(sql, clock.now().timestamp(), self._platform, value).rowcount == 1

    def revoke(self, value: str) -> None:
        """End one token."""
        sql = "UPDATE tokens SET revoked = ? WHERE platform = ? AND value = ? AND revoked IS NULL"
        self._store.execute(sql, clock.now().timestamp(), self._platform, value)

    def revoke_family(self, family: str) -> None:
        """End everything that one consent gave."""
        sql = "UPDATE tokens SET revoked = ? WHERE platform = ? AND family = ? AND revoked IS NULL"
        self._store.execute(sql, clock.now().timestamp(), self._platform, family)


def _token(row: sqlite3.Row) -> Token:
    return Token(
        value=row["value"],
        kind=row["kind"],
        account_id=row["account_id"],
        client_id=row["client_id"],
        scopes=tuple(row["scopes"].split()),
        family=row["family"],
        secret=row["secret"],
        data=json.loads(row["data"]),
        issued=instant_of(row["issued"]),
        expires=instant_of(row["expires"]),
        used=row["used"] is not None,
        revoked=row["revoked"] is not None,
    )
