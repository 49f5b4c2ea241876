"""The X simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.twitter import errors, rates
from polypost.sandbox.networks.twitter.answers import Answers
from polypost.sandbox.networks.twitter.auth import PRIVILEGED_CLIENT, Auth
from polypost.sandbox.networks.twitter.compose import Composer
from polypost.sandbox.networks.twitter.library import Library
from polypost.sandbox.networks.twitter.posts import OWN_FAULTS, Posts
from polypost.sandbox.networks.twitter.uploads import PROCESSING_FAILED, Uploads
from polypost.sandbox.networks.twitter.users import Users
from polypost.sandbox.networks.twitter.web import Web
from polypost.sandbox.simkit import Account, Look, Network, Simulator, Wording, always, each_path


class TwitterSimulator(Simulator):
    """X on one port: api.x.com, api.twitter.com, upload.twitter.com and x.com at once.

    Demo account 2 has Premium, the others have no subscription. An app that calls itself `sandbox-enterprise-app` is
    above the self-serve tiers.
    """

    platform = "twitter"
    look = Look("X", "#1a6cb3")
    wording = Wording(
        error=partial(errors.problem, 503, "Service Unavailable", "Service Unavailable"),
        rate_limited=rates.too_many_until,
        duplicate=partial(errors.problem, 403, "Forbidden", errors.DUPLICATE),
        token_dead=errors.unauthorized,
    )
    other_apps = (PRIVILEGED_CLIENT,)
    _auth: Auth
    scopes = ("tweet.read", "tweet.write", "users.read", "media.write", "offline.access")
    own_faults = (*OWN_FAULTS, PROCESSING_FAILED)
    counts_by_call = True

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        library, answers, limits = Library(net), Answers(net), rates.Rates(net)
        auth = Auth(net, self.pages, self.gate)
        self._auth = auth
        self._posts = Posts(net, auth, limits, answers, Composer(net, library))
        self._uploads = Uploads(net, auth, limits, library)
        self._users = Users(net, auth, limits, answers)
        self._web = Web(net, self.pages, answers)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        posts, uploads, users = self._posts, self._uploads, self._users
        return [
            *each_path(AUTHORIZE, self._auth.authorize, "GET", "POST"),
            Route("/2/oauth2/token", self._auth.token, methods=["POST"]),
            Route("/2/oauth2/revoke", self._auth.revoke, methods=["POST"]),
            Route("/oauth2/token", self._auth.app_token, methods=["POST"]),
            Route("/2/users/me", users.me),
            Route("/2/users/by/username/{username}", users.one),
            Route("/2/users/by", users.several),
            Route("/2/users", users.several),
            Route("/2/users/{id}", users.one),
            Route("/2/users/{id}/tweets", posts.timeline),
            Route("/2/tweets", posts.create, methods=["POST"]),
            Route("/2/tweets", posts.several, methods=["GET"]),
            Route("/2/tweets/analytics", posts.analytics),
            Route("/2/tweets/{id}", posts.one, methods=["GET"]),
            Route("/2/tweets/{id}", posts.delete, methods=["DELETE"]),
            Route("/2/media/upload", uploads.upload, methods=["POST"]),
            Route("/2/media/upload", uploads.status, methods=["GET"]),
            Route("/2/media/upload/initialize", uploads.initialize, methods=["POST"]),
            Route("/2/media/upload/{id}/append", uploads.append, methods=["POST"]),
            Route("/2/media/upload/{id}/finalize", uploads.finalize, methods=["POST"]),
            Route("/2/media/metadata", uploads.metadata, methods=["POST"]),
            Route("/2/media/subtitles", uploads.subtitles, methods=["POST"]),
            Route("/1.1/media/upload.json", uploads.upload_v1, methods=["GET", "POST"]),
            Route("/1.1/media/metadata/create.json", uploads.metadata_v1, methods=["POST"]),
            *(
                Route(f"/{api}/{{rest:path}}", always(errors.not_found), methods=METHODS)
                for api in ("2", "1.1", "oauth2")
            ),
            Route("/i/web/status/{id}", self._web.post),
            Route("/{username}/status/{id}", self._web.post),
            Route("/{username}", self._web.profile),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`; the second one pays for Premium."""
        premium = number == 2
        return self.net.accounts.add(
            id=self.net.snowflake(),
            username="demo" if number == 1 else f"demo{number}",
            name="Premium demo account"
            if premium
            else f"Demo account {number}"
            if number > 1
            else "Demo account",
            data={"subscription_type": "Premium" if premium else "None"},
        )

    def credentials(self, account: Account) -> dict[str, Any]:
        """With OAuth 1.0a credentials too."""
        token = self._auth.oauth1_token(account)
        signing = {
            "consumerKey": self.client_id,
            "consumerSecret": self.client_secret,
            "accessToken": token.value,
            "accessTokenSecret": token.secret,
        }
        return {**super().credentials(account), "oauth1": signing}


# The page is the first, on x.com; the OpenAPI description 2.167 names the second, on the API's host.
AUTHORIZE = ("/i/oauth2/authorize", "/2/oauth2/authorize")
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
