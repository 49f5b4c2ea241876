"""The apps that a network knows: whoever wants people's consent has registered there."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from polypost.sandbox.local import on_loopback
from polypost.sandbox.simkit.store import Share


@dataclass(frozen=True, slots=True)
class App:
    """A registered app: without `secret_hash` any secret will do, and it leads people to `redirects` and to this machine alone."""

    client_id: str
    secret_hash: str | None = None
    redirects: tuple[str, ...] = ()

    def shows(self, secret: str) -> bool:
        """Whether it may call with this secret."""
        return self.secret_hash is None or secrets.compare_digest(self.secret_hash, digest(secret))

    def leads_to(self, redirect: str) -> bool:
        """Whether people may be led there."""
        return redirect in self.redirects or on_loopback(urlsplit(redirect).hostname or "")


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Apps(Share):
    """The apps of one network that were registered at the control surface."""

    def register(self, client_id: str, *, secret: str | None = None, redirects: Iterable[str] = ()) -> App:
        """Register an app, or what is new about one: a secret, and addresses beside those that it has."""
        known = self.find(client_id) or App(client_id)
        app = App(
            client_id,
            digest(secret) if secret else known.secret_hash,
            tuple(dict.fromkeys((*known.redirects, *redirects))),
        )
        self._store.execute(
            "INSERT OR REPLACE INTO registered_apps VALUES (?, ?, ?, ?)",
            self._platform, client_id, app.secret_hash, json.dumps(app.redirects),
        )  # fmt: skip
        return app

    def find(self, client_id: str) -> App | None:
        """The app with this id."""
        query = "SELECT * FROM registered_apps WHERE platform = ? AND client_id = ?"
        row = self._store.one(query, self._platform, client_id)
        return None if row is None else _app(row)

    def all(self) -> list[App]:
        """The apps by their ids."""
        query = "SELECT * FROM registered_apps WHERE platform = ? ORDER BY client_id"
        rows = self._store.all(query, self._platform)
        return [_app(row) for row in rows]


def _app(row: sqlite3.Row) -> App:
    return App(row["client_id"], row["secret_hash"], tuple(json.loads(row["redirects"])))
