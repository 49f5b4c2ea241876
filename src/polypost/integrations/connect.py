"""Connecting an account by the authorization-code flow, from the link to the stored tokens (K3, RFC 9700)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from polypost import clock
from polypost.errors import (
    InvalidRequest,
    NotConfigured,
    NotFound,
    OutboundError,
    PlatformError,
    PolypostError,
    Problem,
    Rejected,
    UpstreamError,
)
from polypost.integrations import apps as apps_room
from polypost.integrations import consents, profiles, redirects, selection
from polypost.integrations.addresses import answer_url, authorize_url, origin
from polypost.integrations.apps import Apps
from polypost.integrations.selection import Offer, Origin
from polypost.integrations.service import Integration
from polypost.integrations.session import AccountSession
from polypost.integrations.tables import oauth_states
from polypost.integrations.vault import Vault
from polypost.outbound import Networks, on_behalf_of
from polypost.platforms import registry
from polypost.platforms.base import App, Connector, Grant, OAuth2, OnServers
from polypost.storage import Store

LIFETIME = timedelta(minutes=10)
# Used and old states are kept a while, so that a look into the store can explain a complaint.
KEPT = timedelta(days=1)
# What a named server says of an app that it no longer knows, or that was registered before it learned new scopes.
APP_UNKNOWN = "app_unknown"
STALE = frozenset({"invalid_client", "unauthorized_client", "invalid_scope"})
DENIALS = frozenset({"access_denied", "user_denied", "user_cancelled_login", "user_cancelled_authorize"})

_T = oauth_states.c
Introduce = Callable[[str, App, str], Awaitable[None]]
# By this cookie a flow that was begun in a browser is known to end in the same one.
BROWSER_COOKIE = "polypost-connect"


@dataclass(frozen=True, slots=True)
class Finished:
    """How a flow ended. `error` is a sentence for people; without `redirect_to` the entrance shows it itself."""

    redirect_to: str | None
    integrations: Sequence[Integration] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    """How one flow goes: the connector, its app, its addresses, and the server where people name one."""

    connector: Connector
    app: App
    oauth: OAuth2
    server: str | None = None


class Connect:
    """Begins and finishes OAuth flows; `public_url` gives this server's own address, never taken from a request.

    With `loopback` people may be sent to any address of this machine, whatever the project's list says. `introduce` is
    told of the app and its redirect address before people are sent to the network.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        networks: Networks,
        apps: Apps,
        public_url: Callable[[], str],
        *,
        loopback: bool = False,
        introduce: Introduce | None = None,
        connectors: Callable[[str], Connector | None] = registry.connector,
    ) -> None:
        self._loopback = loopback
        self._introduce = introduce
        self._store = store
        self._vault = vault
        self._networks = networks
        self._apps = apps
        self._public_url = public_url
        self._connectors = connectors

    def callback_url(self, platform: str) -> str:
        """The redirect address to register with the network; each network has its own, against mix-ups."""
        return f"{self._public_url().rstrip('/')}/v1/connect/{platform}/callback"

    def choice_url(self, platform: str, token: str) -> str:
        """The page on which the person chooses among a login's accounts."""
        return f"{self._public_url().rstrip('/')}/v1/connect/{platform}/choose/{token}"

    def is_ready(self, db: Connection, project_id: str, platform: str) -> bool:
        """Whether an account can be connected: the server has an app there, or the network needs none."""
        network = self._known(platform)
        app = self._apps.find(db, project_id, platform, None)
        if app is None or network.spec.oauth is None:
            return app is not None or isinstance(network, OnServers)
        return bool(app.client_secret) or network.spec.oauth.secretless_apps

    async def begin(
        self,
        project_id: str,
        platform: str,
        *,
        redirect_uri: str | None = None,
        cancel_redirect_uri: str | None = None,
        headless: bool = False,
        profile_id: str | None = None,
        app_id: str | None = None,
        server: str | None = None,
        browser: str | None = None,
    ) -> str:
        """The address of the network's consent page; the link works once, for ten minutes.

        `app_id` names an app of the project's own, `server` the account's server on a network of many. With `browser`,
        the id of a browser session, only that session can finish. Raises InvalidRequest for an unknown platform or a
        redirect that is not allowed, NotFound for an unknown app or profile, NotConfigured when there is no app, UpstreamError.
        """

        def check(db: Connection) -> None:
            self._allowed(db, project_id, redirect_uri, cancel_redirect_uri)
            profiles.require(db, project_id, profile_id)

        # Before the network is asked, which may register an app; and again with the write, as it may have changed.
        await self._store.read(check)
        way = await self._way(project_id, platform, app_id, server)
        state = secrets.token_urlsafe(32)
        verifier = secrets.token_urlsafe(48) if way.oauth.pkce else None
        # The store keeps no state that could be used: whoever reads it cannot finish somebody else's flow.
        hashed, now = _hash(state), clock.now()

        def write(db: Connection) -> None:
            check(db)
            # Of all projects: what is over is nobody's any more.
            db.execute(delete(oauth_states).where(_T.expires_at < now - KEPT))
            db.execute(
                insert(oauth_states).values(
                    hash=hashed,
                    project_id=project_id,
                    platform=platform,
                    app_id=way.app.id,
                    server=way.server,
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
        return authorize_url(
            way.oauth,
            way.app.client_id,
            self.callback_url(platform),
            state,
            verifier=verifier,
            override=self._networks.overrides.get(platform),
        )

    async def finish(
        self, platform: str, query: Mapping[str, str], *, browser: str | None = None
    ) -> Finished:
        """Take what the network sent the browser back with, connect the accounts, and say where to go next.

        Raises StoreUnavailable.
        """
        connector = self._known(platform)
        now, hashed = clock.now(), _hash(query.get("state", ""))
        state = await self._store.write(
            lambda db: _use(db, platform, hashed, browser and _hash(browser), now)
        )
        if state is None:
            consents.tell(platform, "failed", code="link_unknown")
            return Finished(
                None,
                error="This link is not known, was used before, or is older than ten minutes. Start again.",
            )
        refusal = query.get("error")
        if refusal in DENIALS:
            # Networks have their own words for it; the address that was given for a refusal hears one.
            away = state.cancel_redirect_uri or state.redirect_uri
            consents.tell(platform, "denied", project=state.project_id, code="access_denied")
            target = answer_url(away, status="cancelled", platform=platform, error="access_denied")
            return Finished(target, error="The account was not connected: access was denied.")
        try:
            app = await self._store.read(
                lambda db: self._apps.find(db, state.project_id, platform, state.app_id)
            )
            if app is None:
                raise Rejected("The app of this flow was removed in between.", code="app_changed")
            # RFC 9207: an answer of another server, whose code would go to this one's token endpoint (mix-up).
            self._check_issuer(connector, state.server, query.get("iss"))
            code = query.get("code")
            if refusal in STALE and state.server:
                raise Rejected(f"The app on {state.server} is out of date. Start again.", code=APP_UNKNOWN)
            if refusal or not code:
                raise Rejected(f"{connector.spec.name} sent no authorization.", code="no_authorization")
            finished = await self._redeem(connector, app, state, code)
        except (PlatformError, OutboundError) as error:
            consents.tell(platform, "failed", project=state.project_id, code=error.code, reason=error.message)
            if error.code == APP_UNKNOWN and state.server:
                await self._store.write(lambda db: apps_room.forget(db, state.project_id, state.app_id))
            return _failed(state, platform, error)
        added = [each.id for each in finished.integrations]
        consents.tell(platform, "connected", project=state.project_id, integrations=added)
        return finished

    async def _redeem(self, connector: Connector, app: App, state: Row[Any], code: str) -> Finished:
        """Exchange the code, once, and store the accounts it stands for, or what there is to choose from."""
        platform = connector.spec.id
        on_behalf_of(state.project_id)
        http = self._networks.client(platform)
        verifier = await self._store.read(lambda db: self._verifier(db, state))
        grant = Grant(code, self.callback_url(platform), verifier, state.server)
        tokens = await connector.login.exchange(http, app, grant)
        accounts = await connector.identify(AccountSession.of_login(http, tokens))
        if not accounts:
            raise Rejected(
                f"This {connector.spec.name} login has no account that can publish.", code="no_account"
            )
        came = Origin(state.project_id, platform, state.app_id, state.profile_id, state.redirect_uri)
        if connector.spec.account_choice and len(accounts) > 1:
            token = await self._store.write(
                lambda db: selection.offer(db, self._vault, came, accounts, tokens)
            )
            return Finished(self._to_choice(state, platform, token))
        found = await self._store.write(lambda db: selection.connect(db, self._vault, came, accounts, tokens))
        return _done(platform, found, state.redirect_uri)

    def _to_choice(self, state: Row[Any], platform: str, token: str) -> str:
        asked = state.redirect_uri if state.headless else None
        own = answer_url(asked, status="selection_required", platform=platform, selectionToken=token)
        return own or self.choice_url(platform, token)

    async def offered(self, platform: str, token: str) -> Offer:
        """What a selection token offers. Raises NotFound."""
        return await self._store.read(lambda db: selection.look(db, self._vault, platform, token))

    async def choose(self, platform: str, token: str, chosen: Sequence[str]) -> Finished:
        """Connect the chosen accounts; the token dies. Raises NotFound, InvalidRequest."""
        made = await self._store.write(lambda db: selection.choose(db, self._vault, platform, token, chosen))
        return _done(platform, made.integrations, made.redirect_uri)

    def _allowed(self, db: Connection, project_id: str, redirect: str | None, cancel: str | None) -> None:
        problems = redirects.redirect_problems(
            redirects.list_redirects(db, project_id),
            self._public_url(),
            loopback=self._loopback,
            redirectUri=redirect,
            cancelRedirectUri=cancel,
        )
        if problems:
            raise InvalidRequest(problems)

    def _verifier(self, db: Connection, state: Row[Any]) -> str | None:
        if state.verifier is None:
            return None
        return self._vault.open(db, state.project_id, state.hash, "verifier", state.verifier)

    def _known(self, platform: str) -> Connector:
        connector = self._connectors(platform)
        if connector is None:
            said = f"'{platform}' is not available on this server."
            raise InvalidRequest([Problem("platform", said, registry.meant(platform), "unknown_platform")])
        return connector

    async def _way(self, project_id: str, platform: str, app_id: str | None, server: str | None) -> _Way:
        connector = self._known(platform)
        if isinstance(connector, OnServers):
            if app_id is not None:
                raise _no_app()
            return await self._way_on_server(project_id, connector, server)
        oauth = connector.spec.oauth
        if oauth is None:
            said = f"{connector.spec.name} accounts are not connected by a link."
            hint = f"Use POST /v1/connect/{platform}/auth."
            raise InvalidRequest([Problem("platform", said, hint, "not_by_link")])
        app = await self._store.read(lambda db: self._apps.find(db, project_id, platform, app_id))
        if app is None and app_id is not None:
            raise _no_app()
        if app is None:
            prefix = f"POLYPOST_{platform.upper()}"
            raise NotConfigured(
                f"{connector.spec.name} has no app on this server yet.",
                next_step=f"Make one with the redirect address {self.callback_url(platform)} "
                f"and set {prefix}_CLIENT_ID and {prefix}_CLIENT_SECRET, or add it with POST /v1/apps.",
            )
        if not app.client_secret and not oauth.secretless_apps:
            raise NotConfigured(
                f"{connector.spec.name}'s app on this server has no secret.",
                next_step=f"Set POLYPOST_{platform.upper()}_CLIENT_SECRET to the one that {connector.spec.name} shows "
                "beside the client id.",
            )
        if self._introduce is not None:
            await self._introduce(platform, app, self.callback_url(platform))
        # What a network grants to any app comes first; what it grants to this one follows.
        scopes = tuple(dict.fromkeys((*oauth.scopes, *app.scopes)))
        return _Way(connector, app, replace(oauth, scopes=scopes))

    async def _way_on_server(self, project_id: str, connector: Any, named: str | None) -> _Way:
        """The app on the server that the person named, registered there when it is the project's first account."""
        platform: str = connector.spec.id
        if not named:
            hint = "Send server=example.social, the server the account lives on."
            raise InvalidRequest([Problem("server", "is missing", hint, "server_missing")])
        http = self._networks.client(platform)
        try:
            host = await connector.find_server(http, named)
            oauth = await connector.consent(http, host)
            app = await self._store.read(lambda db: self._apps.on_server(db, project_id, platform, host))
            if app is None:
                made = await connector.register(http, host, self.callback_url(platform))
                app = await self._store.write(lambda db: self._keep(db, project_id, platform, host, made))
        except Rejected as refused:
            raise InvalidRequest([Problem("server", refused.message, code=refused.code)]) from refused
        except (PlatformError, OutboundError) as trouble:
            raise UpstreamError(f"{named[:100]} could not be asked. {trouble.message}") from trouble
        return _Way(connector, app, oauth, host)

    def _keep(self, db: Connection, project_id: str, platform: str, host: str, made: App) -> App:
        kept = apps_room.create(
            db,
            self._vault,
            project_id,
            platform=platform,
            name=f"Polypost on {host}",
            client_id=made.client_id,
            client_secret=made.client_secret,
            server=host,
        )
        return App(made.client_id, made.client_secret, kept.id)

    def _check_issuer(self, connector: Connector, server: str | None, issuer: str | None) -> None:
        if issuer is None:
            return
        oauth = connector.spec.oauth
        asked = f"https://{server}" if server else oauth.authorize_url if oauth else ""
        known = [asked, self._networks.overrides.get(connector.spec.id, asked)]
        if origin(issuer) not in map(origin, known):
            raise Rejected(
                "The answer came from another server than the one that was asked.", code="wrong_issuer"
            )


def _done(platform: str, found: Sequence[Integration], redirect_uri: str | None) -> Finished:
    ids = [integration.id for integration in found]
    return Finished(answer_url(redirect_uri, status="success", platform=platform, integrationId=ids), found)


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


def _failed(state: Row[Any], platform: str, error: PolypostError) -> Finished:
    away = state.redirect_uri or state.cancel_redirect_uri
    target = answer_url(away, status="error", platform=platform, error=error.code)
    return Finished(target, error=f"The account was not connected: {error.message}")


def _no_app() -> NotFound:
    return NotFound("There is no OAuth app with this id for this network.", code="app_not_found")


def _hash(secret: str) -> str:
    # Whoever reads the store must not be able to finish somebody's flow.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
