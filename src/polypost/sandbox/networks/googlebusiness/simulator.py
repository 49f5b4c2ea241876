"""The Google Business Profile simulator: its addresses, its demo locations, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.googlebusiness import errors
from polypost.sandbox.networks.googlebusiness.auth import MANAGE, Auth
from polypost.sandbox.networks.googlebusiness.business import Business, maps_path
from polypost.sandbox.networks.googlebusiness.posts import Posts
from polypost.sandbox.networks.googlebusiness.rates import Rates
from polypost.sandbox.networks.googlebusiness.reading import Reading
from polypost.sandbox.networks.googlebusiness.shelf import Shelf
from polypost.sandbox.networks.googlebusiness.web import Web
from polypost.sandbox.simkit import Account, Look, Network, Simulator, Wording, always
from polypost.sandbox.simkit.google import TESTING_CLIENT

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
LOCATION = "/v4/accounts/{account}/locations/{location}"


class GoogleBusinessSimulator(Simulator):
    """Google on one port: accounts.google.com, oauth2, the four interfaces of Business Profile, Maps and local pages.

    Each demo account is a location. One person owns all of them, so that every login stands for all; location 1 is
    found under two accounts. The app `sandbox-testing-app` is in testing: its refresh tokens live for seven days.
    """

    platform = "googlebusiness"
    look = Look("Google Business Profile", "#1a66c9", __package__)
    scopes = (MANAGE,)
    wording = Wording(
        error=errors.unavailable,
        rate_limited=errors.rate_limited,
        duplicate=errors.duplicate,
        token_dead=errors.unauthenticated,
    )
    other_apps = (TESTING_CLIENT,)
    _auth: Auth
    own_faults = (
        "scope_missing", "api_disabled", "quota_zero", "no_refresh_token", "no_locations",
        "role_lost", "suspended", "rejected", "nameless", "no_search_url", "fetch_failed",
        "offer_needs_event", "times_required", "cannot_delete",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        rates = Rates(net)
        self._business = Business(net)
        self._auth = Auth(net, self.pages, self.gate, rates)
        self._local_posts = Posts(net, self._auth, rates, self._business, Shelf(net))

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        auth, reading = self._auth, Reading(self._auth, self._business)
        web = Web(self.net, self.pages, self._business)
        return [
            *auth.routes(),
            Route("/v1/accounts", reading.accounts),
            Route("/v1/accounts/{account}", reading.account),
            Route("/v1/accounts/{account}/locations", reading.locations),
            Route("/v1/locations/{location}", reading.location),
            Route("/v1/locations/{location}/VoiceOfMerchantState", reading.standing),
            *self._posts(),
            Route("/v1/{rest:path}", always(lambda: errors.not_found().response), methods=METHODS),
            Route("/place", web.place),
            Route("/maps", web.maps),
        ]

    def _posts(self) -> list[Route]:
        posts = self._local_posts
        table = (
            ("POST", f"{LOCATION}/localPosts", posts.create),
            ("GET", f"{LOCATION}/localPosts", posts.listed),
            ("GET", f"{LOCATION}/localPosts/{{post}}", posts.get),
            ("PATCH", f"{LOCATION}/localPosts/{{post}}", posts.change),
            ("DELETE", f"{LOCATION}/localPosts/{{post}}", posts.delete),
        )
        return [
            *(Route(path, handler, methods=[method]) for method, path, handler in table),
            Route("/v4/{rest:path}", posts.nowhere, methods=METHODS),
        ]

    def open_account(self, number: int) -> Account:
        """Demo location `number`."""
        return self._business.open(number)

    def profile_path(self, username: str) -> str:
        """A location's page on Maps."""
        account = self.net.accounts.by_username(username)
        return "/maps" if account is None else maps_path(account)
