"""The Mastodon simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.mastodon import errors, rates
from polypost.sandbox.networks.mastodon.answers import Answers
from polypost.sandbox.networks.mastodon.auth import DEMO_APP, EXPIRED_TOKEN, REVOKED_TOKEN, Auth
from polypost.sandbox.networks.mastodon.compose import Composer
from polypost.sandbox.networks.mastodon.library import Library
from polypost.sandbox.networks.mastodon.media import MediaCalls
from polypost.sandbox.networks.mastodon.reading import Reading
from polypost.sandbox.networks.mastodon.rules import DOMAIN, Rules
from polypost.sandbox.networks.mastodon.scheduled import Scheduled
from polypost.sandbox.networks.mastodon.server import Server
from polypost.sandbox.networks.mastodon.statuses import Statuses
from polypost.sandbox.networks.mastodon.web import Web
from polypost.sandbox.simkit import Account, Look, Network, Simulator, Wording, always, each_path

FIRST_ACCOUNT = 109_000_000_000_000_000


class MastodonSimulator(Simulator):
    """One Mastodon server on one port, whatever name a client calls it by; it calls itself `mastodon.example`."""

    platform = "mastodon"
    look = Look("Mastodon", "#5b4be1")
    scopes = ("profile", "write:statuses", "write:media", "read:statuses")
    wording = Wording(
        error=partial(errors.error, 503, errors.TROUBLE),
        rate_limited=rates.too_many_until,
        # Mastodon itself takes the same text any number of times.
        duplicate=partial(errors.error, 422, "Validation failed: Uri has already been taken"),
        token_dead=partial(errors.error, 401, REVOKED_TOKEN),
        # Its tokens have no end, those of other servers that speak its API may.
        token_expired=partial(errors.error, 401, EXPIRED_TOKEN),
    )
    takes_apps = False
    _auth: Auth
    own_faults = (
        "older_server", "moved", "app_forgotten", "login_disabled", "silenced", "html_errors", "bad_gateway",
        "bad_gateway_after", "late_key", "key_lost", "processing_failed", "thumbnail_failed",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        rules, limits = Rules(net), rates.Rates(net)
        library = Library(net, rules)
        answers = Answers(net, library)
        auth = Auth(net, self.pages, self.gate, limits, answers, rules)
        composer = Composer(net, auth, library, rules)
        self._rules = rules
        self._server = Server(net, rules, answers)
        self._auth = auth
        self._scheduled = Scheduled(net, auth, answers, composer, library)
        self._statuses = Statuses(net, auth, answers, library, self._scheduled, rules, composer)
        self._uploads = MediaCalls(net, auth, answers, library, rules)
        self._reading = Reading(net, auth, answers, self._scheduled)
        self._web = Web(net, self.pages, answers, library, self._scheduled)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of the server."""
        return [*self._open_routes(), *self._api_routes(), *self._web_routes()]

    def _open_routes(self) -> list[BaseRoute]:
        auth, server = self._auth, self._server
        return [
            Route("/_sandbox/limits", self._rules.change, methods=["PUT"]),
            Route("/.well-known/oauth-authorization-server", server.metadata),
            Route("/.well-known/webfinger", server.webfinger),
            Route("/.well-known/nodeinfo", server.nodeinfo_links),
            Route("/nodeinfo/2.0", server.nodeinfo),
            Route("/health", always(partial(PlainTextResponse, "OK"))),
            # Mastodon.py 2 writes a slash behind these two.
            *each_path(("/api/v1/instance", "/api/v1/instance/"), server.instance_v1, "GET"),
            *each_path(("/api/v2/instance", "/api/v2/instance/"), server.instance, "GET"),
            Route("/oauth/authorize", auth.authorize, methods=["GET", "POST"]),
            Route("/oauth/authorize/native", auth.native),
            Route("/oauth/token", auth.token, methods=["POST"]),
            Route("/oauth/revoke", auth.revoke, methods=["POST"]),
            Route("/oauth/userinfo", auth.userinfo, methods=["GET", "POST"]),
        ]

    def _api_routes(self) -> list[BaseRoute]:
        auth, statuses, media = self._auth, self._statuses, self._uploads
        reading, scheduled = self._reading, self._scheduled
        listed: list[tuple[str, str, Any]] = [
            ("POST", "/v1/apps", auth.register),
            ("GET", "/v1/apps/verify_credentials", auth.verify_app),
            ("GET", "/v1/accounts/verify_credentials", reading.me),
            ("GET", "/v1/accounts/lookup", reading.lookup),
            ("GET", "/v1/accounts/{id}", reading.account),
            ("GET", "/v1/accounts/{id}/statuses", reading.statuses),
            ("GET", "/v1/preferences", reading.preferences),
            ("GET", "/v1/custom_emojis", reading.nothing),
            ("GET", "/v1/announcements", reading.nothing),
            ("GET", "/v1/instance/rules", reading.nothing),
            ("GET", "/v1/timelines/home", reading.home),
            ("GET", "/v1/timelines/public", reading.public),
            ("GET", "/v1/timelines/tag/{tag}", reading.tag),
            ("POST", "/v1/statuses", statuses.create),
            ("GET", "/v1/statuses", statuses.several),
            ("GET", "/v1/statuses/{id}", statuses.one),
            ("PUT", "/v1/statuses/{id}", statuses.edit),
            ("DELETE", "/v1/statuses/{id}", statuses.delete),
            ("GET", "/v1/statuses/{id}/context", statuses.context),
            ("GET", "/v1/statuses/{id}/source", statuses.source),
            ("GET", "/v1/statuses/{id}/history", statuses.history),
            ("POST", "/v1/statuses/{id}/{verb}", statuses.mark),
            ("GET", "/v1/polls/{id}", statuses.poll),
            ("POST", "/v1/polls/{id}/votes", statuses.vote),
            ("GET", "/v1/scheduled_statuses", scheduled.many),
            ("GET", "/v1/scheduled_statuses/{id}", scheduled.one),
            ("PUT", "/v1/scheduled_statuses/{id}", scheduled.move),
            ("DELETE", "/v1/scheduled_statuses/{id}", scheduled.cancel),
            ("POST", "/v2/media", media.upload),
            ("POST", "/v1/media", media.upload_v1),
            ("GET", "/v1/media/{id}", media.look),
            ("PUT", "/v1/media/{id}", media.describe),
            ("DELETE", "/v1/media/{id}", media.remove),
        ]
        routes: list[BaseRoute] = [Route(f"/api{path}", call, methods=[verb]) for verb, path, call in listed]
        nowhere = partial(errors.error, 404, "Not Found")
        return [
            *routes,
            *(Route(f"/{root}/{{rest:path}}", always(nowhere), methods=METHODS) for root in ("api", "oauth")),
        ]

    def _web_routes(self) -> list[BaseRoute]:
        web = self._web
        return [
            Route("/users/{username}/statuses/{id}", web.status),
            Route("/web/statuses/{id}", web.status),
            Route("/users/{username}", web.actor),
            Route("/@{username}/{id}", web.status),
            Route("/@{username}", web.profile),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`."""
        return self.net.accounts.demo(number, id=f"{FIRST_ACCOUNT + number}@{DOMAIN}")

    def token_extra(self, account: Account) -> dict[str, Any]:
        """The server that the token belongs to, and the app that got it."""
        return {"server": DOMAIN, "application": DEMO_APP}

    def profile_path(self, username: str) -> str:
        """The path of an account's page."""
        return f"/@{username}"


METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
