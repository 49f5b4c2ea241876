"""The LinkedIn simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from polypost.sandbox.networks.linkedin import errors, urns
from polypost.sandbox.networks.linkedin.auth import SELF_SERVE_APP, Auth
from polypost.sandbox.networks.linkedin.comments import Comments, Thread
from polypost.sandbox.networks.linkedin.compose import Composer
from polypost.sandbox.networks.linkedin.legacy import Legacy
from polypost.sandbox.networks.linkedin.library import Library
from polypost.sandbox.networks.linkedin.people import Directory, People
from polypost.sandbox.networks.linkedin.posts import Posts
from polypost.sandbox.networks.linkedin.rates import Rates
from polypost.sandbox.networks.linkedin.reactions import Reactions
from polypost.sandbox.networks.linkedin.restli import Tunnels
from polypost.sandbox.networks.linkedin.social import Numbers, Social
from polypost.sandbox.networks.linkedin.uploads import KINDS, Uploads
from polypost.sandbox.networks.linkedin.web import Web
from polypost.sandbox.simkit import Account, Code, Look, Network, Simulator, Token, Wording

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class LinkedInSimulator(Simulator):
    """LinkedIn on one port: www.linkedin.com, api.linkedin.com and its upload hosts at once.

    Every demo member administers one organization. The demo app is one that LinkedIn has vetted, so its tokens may
    read posts back and are refreshed; the app `sandbox-self-serve-app` gets no more than any developer does.
    """

    platform = "linkedin"
    look = Look("LinkedIn", "#0a5cab", __package__, "This page doesn’t exist.")
    scopes = (
        "openid", "profile", "email", "w_member_social", "r_basicprofile", "r_member_social",
        "r_member_postAnalytics", "w_organization_social", "r_organization_social", "rw_organization_admin",
    )  # fmt: skip
    own_faults = (
        "restricted_member", "version_ended", "conflict", "ghost_duplicate",
        "status_forbidden", "upload_needs_token", "processing_failed", "comment_forbidden",
    )  # fmt: skip

    other_apps = (SELF_SERVE_APP,)
    _auth: Auth

    def __init__(self, net: Network) -> None:
        self.wording = Wording(
            error=partial(errors.answer, errors.FAULTS["accident"]),
            # The rule's seconds stand in a header that LinkedIn itself seldom sends.
            rate_limited=lambda seconds: errors.throttled("MEMBER", seconds=seconds),
            # It names a post which is not there.
            duplicate=lambda: errors.duplicate(f"urn:li:share:{net.snowflake(epoch_ms=0)}"),
            token_dead=partial(errors.answer, errors.FAULTS["revoked_token"]),
            token_expired=partial(errors.answer, errors.FAULTS["expired_token"]),
        )
        super().__init__(net)
        library, directory = Library(net), Directory(net)
        composer = Composer(net, library, directory)
        thread = Thread(net, composer)
        numbers = Numbers(net, thread)
        auth, rates = Auth(net, self.pages, self.gate), Rates(net)
        self._auth = auth
        self._people = People(net, auth, directory)
        self._uploads = Uploads(net, auth, library)
        self._posts = Posts(net, auth, rates, composer)
        self._social = Social(net, auth, composer, thread, numbers)
        self._comments = Comments(net, auth, thread)
        self._reactions = Reactions(net, auth, thread)
        self._legacy = Legacy(net, auth, rates, composer, library)
        self._web = Web(net, self.pages, composer, directory, thread, numbers)

    def app(self) -> ASGIApp:
        """The port's app, with long queries taken out of the bodies they came in."""
        return Tunnels(super().app())

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        auth, legacy = self._auth, self._legacy
        return [
            Route("/oauth/v2/authorization", auth.authorize, methods=["GET", "POST"]),
            Route("/oauth/native-pkce/authorization", auth.authorize, methods=["GET", "POST"]),
            Route("/oauth/v2/accessToken", auth.token, methods=["POST"]),
            Route("/oauth/v2/revoke", auth.revoke, methods=["POST"]),
            Route("/oauth/v2/introspectToken", auth.introspect, methods=["POST"]),
            Route("/oauth/openid/jwks", auth.keys),
            Route("/oauth/.well-known/openid-configuration", auth.discovery),
            Route("/v2/userinfo", self._people.userinfo),
            Route("/v2/ugcPosts", legacy.create, methods=["POST"]),
            Route("/v2/ugcPosts", legacy.several, methods=["GET"]),
            Route("/v2/ugcPosts/{urn}", legacy.one, methods=["GET"]),
            Route("/v2/ugcPosts/{urn}", self._posts.delete, methods=["DELETE"]),
            Route("/v2/assets", legacy.register, methods=["POST"]),
            Route("/v2/assets/{id}", legacy.status, methods=["GET"]),
            Route("/dms-uploads/{asset}/{part}", self._uploads.send, methods=["PUT", "POST"]),
            # Clients of before the versions call the same resources under /v2.
            *(route for api in ("rest", "v2") for route in self._api(api)),
            *(Route(f"/{api}/{{rest:path}}", _nowhere, methods=METHODS) for api in ("rest", "v2", "oauth")),
            Route("/feed/update/{urn}", self._web.post),
            Route("/feed/update/{urn}/", self._web.post),
            Route("/in/{vanity}/", self._web.member),
            Route("/company/{vanity}/", self._web.company),
        ]

    def _api(self, api: str) -> list[Route]:
        people, posts, social, uploads = self._people, self._posts, self._social, self._uploads
        comments, reactions = self._comments, self._reactions
        table = [
            ("posts", posts.several, "GET"),
            ("posts", posts.create, "POST"),
            ("posts/{urn}", posts.one, "GET"),
            ("posts/{urn}", posts.act, "POST"),
            ("posts/{urn}", posts.delete, "DELETE"),
            ("me", people.me, "GET"),
            ("people/{key}", people.person, "GET"),
            ("organizationAcls", people.acls, "GET"),
            ("organizationalEntityAcls", people.acls, "GET"),
            ("organizationAuthorizations/{key}", people.authorization, "GET"),
            ("organizations", people.organizations, "GET"),
            ("organizationsLookup", people.organizations, "GET"),
            ("organizations/{id}", people.organization, "GET"),
            ("socialActions/{urn}", social.metadata, "GET"),
            ("socialActions/{urn}/comments", comments.several, "GET"),
            ("socialActions/{urn}/comments", comments.create, "POST"),
            ("socialActions/{urn}/comments/{id}", comments.one, "GET"),
            ("socialActions/{urn}/comments/{id}", comments.edit, "POST"),
            ("socialActions/{urn}/comments/{id}", comments.delete, "DELETE"),
            ("socialActions/{urn}/likes", reactions.likes, "GET"),
            ("socialActions/{urn}/likes", reactions.like, "POST"),
            ("socialActions/{urn}/likes/{actor}", reactions.unlike, "DELETE"),
            ("reactions", reactions.create, "POST"),
            ("reactions", reactions.several, "GET"),
            ("reactions/{key}", reactions.at, "GET"),
            ("reactions/{key}", reactions.delete, "DELETE"),
            ("socialMetadata", social.several, "GET"),
            ("socialMetadata/{urn}", social.metadata, "GET"),
            ("socialMetadata/{urn}", social.change, "POST"),
            ("networkSizes/{urn}", people.network_size, "GET"),
            ("memberFollowersCount", people.followers, "GET"),
            ("organizationalEntityShareStatistics", social.share_statistics, "GET"),
            ("memberCreatorPostAnalytics", social.member_analytics, "GET"),
        ]
        for resource in KINDS:
            table += [
                (resource, uploads.act, "POST"),
                (resource, uploads.several, "GET"),
                (f"{resource}/{{urn}}", uploads.status, "GET"),
            ]
        return [Route(f"/{api}/{path}", handler, methods=[method]) for path, handler, method in table]

    def open_account(self, number: int) -> Account:
        """Demo member `number`, with an organization."""
        urn, suffix = urns.organization(number), "" if number == 1 else f" {number}"
        vanity = "demo-company" if number == 1 else f"demo-company-{number}"
        return self.net.accounts.demo(
            number,
            id=urns.person(number),
            data={"administers": {urn: {"name": f"Demo Company{suffix}", "vanity": vanity}}},
        )

    def grant(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> tuple[Token, Token | None]:
        """Tokens as the consent would give."""
        return self._auth.issue(Code(account.id, client_id, "", scopes), demo=True)

    def profile_path(self, username: str) -> str:
        """With the folder that LinkedIn's own addresses have."""
        return f"/in/{username}/"


async def _nowhere(request: Request) -> Response:
    return errors.no_such_path(request.url.path)
