"""The apps that a network knows: whoever wants people's consent has registered there."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from polypost.sandbox.local import on_loopback
from polypost.sandbox.simkit.store import Share


@dataclass(frozen=True, slots=True)
class App:
    """A registered app: without `secret` any will do, and it leads people to `redirects` and to this machine alone."""

    client_id: str
    secret: str | None = None
    redirects: tuple[str, ...] = ()

    def shows(self, secret: str) -> bool:
        """Whether it may call with this secret."""
        return self.secret in {None, secret}

    def leads_to(self, redirect: str) -> bool:
        """Whether people may be led there."""
        return redirect in self.redirects or on_loopback(urlsplit(redirect).hostname or "")


class Apps(Share):
    """The apps of one network that were registered at the control surface."""

    def register(self, client_id: str, *, secret: str | None = None, redirects: Iterable[str] = ()) -> App:
        """Register an app, or what is new about one: a secret, and addresses beside those that it has."""
        known = self.find(client_id) or App(client_id)
        app = App(client_id, secret or known.secret, tuple(dict.fromkeys((*known.redirects, *redirects))))
        self._store.execute(
            "INSERT OR REPLACE INTO apps VALUES (?, ?, ?, ?)",
            self._platform, client_id, app.secret, json.dumps(app.redirects),
        )  # fmt: skip
        return app

    def find(self, client_id: str) -> App | None:
        """The app with this id."""
        row = self._store.one(
            "SELECT * FROM apps WHERE platform = ? AND client_id = ?", self._platform, client_id
        )
        return None if row is None else _app(row)

    def all(self) -> list[App]:
        """The apps by their ids."""
        rows = self._store.all("SELECT * FROM apps WHERE platform = ? ORDER BY client_id", self._platform)
        return [_app(row) for row in rows]


def _app(row: sqlite3.Row) -> App:
    return App(row["client_id"], row["secret"], tuple(json.loads(row["redirects"])))
