"""Connecting an account by the authorization-code flow, from the link to the stored tokens (K3, RFC 9700)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from polypost import clock
from polypost.errors import (
    InvalidRequest,
    NotConfigured,
    OutboundError,
    PlatformError,
    PolypostError,
    Problem,
    Rejected,
)
from polypost.integrations import redirects, service
from polypost.integrations.addresses import answer_url, authorize_url, origin
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.tables import oauth_states
from polypost.integrations.vault import Vault
from polypost.outbound import Networks
from polypost.platforms import registry
from polypost.platforms.base import Account, App, Connector, Grant, OAuth2, Tokens
from polypost.storage import Store

LIFETIME = timedelta(minutes=10)
# Used and old states are kept a while, so that a look into the store can explain a complaint.
KEPT = timedelta(days=1)
DENIALS = frozenset({"access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize"})

_T = oauth_states.c


@dataclass(frozen=True, slots=True)
class Finished:
    """How a flow ended. `error` is a sentence for people; without `redirect_to` the entrance shows it itself."""

    redirect_to: str | None
    integrations: Sequence[Integration] = ()
    error: str | None = None


class Connect:
    """Begins and finishes OAuth flows; `public_url` gives this server's own address, never taken from a request."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        networks: Networks,
        apps: Callable[[str], App | None],
        public_url: Callable[[], str],
        *,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._store = store
        self._vault = vault
        self._networks = networks
        self._apps = apps
        self._public_url = public_url
        self._connectors = connectors

    def callback_url(self, platform: str) -> str:
        """The redirect address to register with the network; each network has its own, against mix-ups."""
        return f"{self._public_url().rstrip('/')}/v1/connect/{platform}/callback"

    async def begin(
        self,
        project_id: str,
        platform: str,
        *,
        redirect_uri: str | None = None,
        cancel_redirect_uri: str | None = None,
        headless: bool = False,
        profile_id: str | None = None,
        browser: str | None = None,
    ) -> str:
        """The address of the network's consent page; the link works once, for ten minutes.

        With `browser`, the id of a browser session, only that session can finish. Raises InvalidRequest for
        an unknown platform or a redirect that is not allowed, NotConfigured when there is no app.
        """
        connector, app = self._network(platform)
        state = secrets.token_urlsafe(32)
        oauth = _oauth(connector)
        verifier = secrets.token_urlsafe(48) if oauth.pkce else None
        hashed, now = _hash(state), clock.now()

        def write(db: Connection) -> None:
            allowed = redirects.list_redirects(db, project_id)
            problems = redirects.redirect_problems(
                allowed, self._public_url(), redirectUri=redirect_uri, cancelRedirectUri=cancel_redirect_uri
            )
            if problems:
                raise InvalidRequest(problems)
            # Of all projects: what is over is nobody's any more.
            db.execute(delete(oauth_states).where(_T.expires_at < now - KEPT))
            db.execute(
                insert(oauth_states).values(
                    hash=hashed,
                    project_id=project_id,
                    platform=platform,
                    app_id=app.id,
                    verifier=verifier and self._vault.seal(db, project_id, hashed, "verifier", verifier),
                    redirect_uri=redirect_uri,
                    cancel_redirect_uri=cancel_redirect_uri,
                    headless=headless,
                    profile_id=profile_id,
                    browser=browser and _hash(browser),
                    created_at=now,
                    expires_at=now + LIFETIME,
                )
            )

        await self._store.write(write)
        override = self._networks.overrides.get(platform)
        return authorize_url(
            oauth,
            app.client_id,
            self.callback_url(platform),
            state,
            verifier=verifier,
            override=override,
        )

    async def finish(
        self, platform: str, query: Mapping[str, str], *, browser: str | None = None
    ) -> Finished:
        """Take what the network sent the browser back with, connect the accounts, and say where to go next.

        Raises NotConfigured when the app is gone, StoreUnavailable.
        """
        connector, app = self._network(platform)
        now, hashed = clock.now(), _hash(query.get("state", ""))
        state = await self._store.write(
            lambda db: _use(db, platform, hashed, browser and _hash(browser), now)
        )
        if state is None:
            return Finished(
                None,
                error="This link is not known, was used before, or is older than ten minutes. Start again.",
            )
        refusal = query.get("error")
        if refusal in DENIALS:
            away = state.cancel_redirect_uri or state.redirect_uri
            target = answer_url(away, status="cancelled", platform=platform, error="access_denied")
            return Finished(target, error="The account was not connected: access was denied.")
        try:
            if app.id != state.app_id:
                raise Rejected("The app of this server was changed in between.", code="app_changed")
            self._check_issuer(_oauth(connector), platform, query.get("iss"))
            code = query.get("code")
            if refusal or not code:
                raise Rejected(f"{connector.spec.name} sent no authorization.", code="no_authorization")
            found = await self._redeem(connector, app, state, code)
        except (PlatformError, OutboundError) as error:
            return _failed(state, platform, error)
        ids = [integration.id for integration in found]
        target = answer_url(state.redirect_uri, status="success", platform=platform, integrationId=ids)
        return Finished(target, tuple(found))

    async def _redeem(self, connector: Connector, app: App, state: Row[Any], code: str) -> list[Integration]:
        """Exchange the code, once, and store the accounts it stands for."""
        platform = connector.spec.id
        http = self._networks.client(platform)
        verifier = await self._store.read(lambda db: self._verifier(db, state))
        grant = Grant(code=code, redirect_uri=self.callback_url(platform), verifier=verifier)
        tokens = await connector.exchange(http, app, grant)
        accounts = await connector.identify(AccountSession.of_login(http, tokens))
        if not accounts:
            raise Rejected(
                f"This {connector.spec.name} login has no account that can publish.", code="no_account"
            )
        return await self._store.write(lambda db: self._add(db, state, accounts, tokens))

    def _add(
        self, db: Connection, state: Row[Any], accounts: Sequence[Account], tokens: Tokens
    ) -> list[Integration]:
        return [
            service.add(
                db,
                self._vault,
                state.project_id,
                account,
                tokens,
                platform=state.platform,
                app_id=state.app_id,
                profile_id=state.profile_id,
            )
            for account in accounts
        ]

    def _verifier(self, db: Connection, state: Row[Any]) -> str | None:
        if state.verifier is None:
            return None
        return self._vault.open(db, state.project_id, state.hash, "verifier", state.verifier)

    def _network(self, platform: str) -> tuple[Connector, App]:
        connector = self._connectors(platform)
        if connector is None:
            raise InvalidRequest(
                [
                    Problem(
                        "platform", f"'{platform}' is not available on this server.", code="unknown_platform"
                    )
                ]
            )
        app = self._apps(platform)
        if app is None:
            prefix = f"POLYPOST_{platform.upper()}"
            raise NotConfigured(
                f"{connector.spec.name} has no app on this server yet.",
                next_step=f"Make one with the redirect address {self.callback_url(platform)} "
                f"and set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET.",
            )
        return connector, app

    def _check_issuer(self, oauth: OAuth2, platform: str, issuer: str | None) -> None:
        if issuer is None:
            return
        known = [oauth.authorize_url, self._networks.overrides.get(platform, oauth.authorize_url)]
        if origin(issuer) not in map(origin, known):
            raise Rejected(
                "The answer came from another server than the one that was asked.", code="wrong_issuer"
            )


def _use(db: Connection, platform: str, hashed: str, browser: str | None, now: datetime) -> Row[Any] | None:
    """The flow behind a state, marked as used; None when there is none left. The state itself names the project."""
    changed = db.execute(
        update(oauth_states)
        .where(
            _T.hash == hashed,
            _T.platform == platform,
            _T.used_at.is_(None),
            _T.expires_at > now,
            or_(_T.browser.is_(None), _T.browser == browser),
        )
        .values(used_at=now)
    )
    if not changed.rowcount:
        return None
    return db.execute(select(oauth_states).where(_T.hash == hashed)).one()


def _oauth(connector: Connector) -> OAuth2:
    if connector.spec.oauth is None:
        raise InvalidRequest(
            [Problem("platform", f"{connector.spec.name} accounts are not connected by a link.")]
        )
    return connector.spec.oauth


def _failed(state: Row[Any], platform: str, error: PolypostError) -> Finished:
    away = state.redirect_uri or state.cancel_redirect_uri
    target = answer_url(away, status="error", platform=platform, error=error.code)
    return Finished(target, error=f"The account was not connected: {error.message}")


def _hash(secret: str) -> str:
    # Whoever reads the store must not be able to finish somebody's flow.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
