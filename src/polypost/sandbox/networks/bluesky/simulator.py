"""The Bluesky simulator: its addresses, its demo accounts, its words for trouble."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from polypost.sandbox.networks.bluesky import errors, rates
from polypost.sandbox.networks.bluesky.blobs import Blobs
from polypost.sandbox.networks.bluesky.identity import DOMAIN, Identity, did_of
from polypost.sandbox.networks.bluesky.jwts import Jwts
from polypost.sandbox.networks.bluesky.parts import Parts
from polypost.sandbox.networks.bluesky.reading import Reading
from polypost.sandbox.networks.bluesky.records import Records
from polypost.sandbox.networks.bluesky.repo import Repo
from polypost.sandbox.networks.bluesky.resident import POST_URI
from polypost.sandbox.networks.bluesky.sessions import ACCOUNT_FAULTS, APP_PASSWORD, Sessions
from polypost.sandbox.networks.bluesky.social import Social
from polypost.sandbox.networks.bluesky.tids import Tids
from polypost.sandbox.networks.bluesky.video import Video
from polypost.sandbox.networks.bluesky.views import Views
from polypost.sandbox.networks.bluesky.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Token, Wording

OTHER_FAULTS = (
    "blob_lost", "video_down", "video_failed", "exists_without_blob", "email_unconfirmed", "no_did_doc",
)  # fmt: skip


class BlueskySimulator(Simulator):
    """bsky.social, every account's own server, public.api.bsky.app, video.bsky.app, plc.directory and bsky.app at once.

    Each demo account has an app password and a main one; the main one of account 2 asks for a code by e-mail.
    """

    platform = "bluesky"
    look = Look("Bluesky", "#0a66d6", __package__)
    scopes = (APP_PASSWORD,)
    own_faults = (*ACCOUNT_FAULTS, *OTHER_FAULTS)
    # A session that a password opened belongs to no app.
    takes_apps = False
    client_id = ""
    client_secret = ""
    wording = Wording(
        error=errors.server_error,
        rate_limited=rates.too_many_until,
        # Bluesky knows no duplicates; the nearest is a key under which another record stands.
        duplicate=partial(errors.swapped, "bafyreih4fr3hyxdwewitqrmrnoknr7oj3mpw3bf34rsxblcpu4bxrz3pay"),
        token_dead=partial(errors.expired, "Token has been revoked"),
        token_expired=errors.expired,
    )

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        identity, tids, limits = Identity(net), Tids(), rates.Rates(net)
        sessions = Sessions(net, self.gate, limits, identity, Jwts(net.store))
        blobs = Blobs(net, sessions, limits)
        records = Records(net, blobs, tids)
        views = Views(net, identity, records)
        reading = Reading(net, sessions, identity, records, views)
        video = Video(net, sessions, blobs)
        self._rates = limits
        self._identity = identity
        self._sessions = sessions
        self._blobs = blobs
        self._repo = Repo(sessions, limits, blobs, identity, tids, records)
        self._reading = reading
        self._video = video
        self._social = Social(net, sessions, identity, records, views, reading)
        self._parts = Parts(net, sessions, blobs, video)
        self._web = Web(net, self.pages, identity, records, views)
        self._methods = self._xrpc()

    def _xrpc(self) -> dict[str, tuple[str, Handler]]:
        """Every method by name, with the HTTP method it wants."""
        repo, reading, video, social = self._repo, self._reading, self._video, self._social
        parts, sessions, identity = self._parts, self._sessions, self._identity
        queries: dict[str, Handler] = {
            "com.atproto.server.getSession": sessions.get,
            "com.atproto.server.getServiceAuth": sessions.service_auth,
            "com.atproto.server.describeServer": identity.describe_server,
            "com.atproto.identity.resolveHandle": identity.resolve_handle,
            "com.atproto.identity.resolveDid": identity.resolve_did,
            "com.atproto.identity.resolveIdentity": identity.resolve_identity,
            "com.atproto.repo.getRecord": repo.get,
            "com.atproto.repo.listRecords": repo.listing,
            "com.atproto.repo.describeRepo": repo.describe,
            "com.atproto.sync.getBlob": self._blobs.get,
            "com.atproto.sync.getLatestCommit": repo.latest_commit,
            "app.bsky.actor.getProfile": reading.profile,
            "app.bsky.actor.getProfiles": reading.profiles,
            "app.bsky.feed.getPosts": reading.posts,
            "app.bsky.feed.getPostThread": reading.thread,
            "app.bsky.feed.getAuthorFeed": reading.author_feed,
            "app.bsky.feed.getTimeline": social.timeline,
            "app.bsky.feed.getActorLikes": social.actor_likes,
            "app.bsky.feed.getLikes": social.likes,
            "app.bsky.feed.getRepostedBy": social.reposted_by,
            "app.bsky.feed.getQuotes": social.quotes,
            "app.bsky.feed.searchPosts": social.search_posts,
            "app.bsky.graph.getFollowers": social.followers,
            "app.bsky.graph.getFollows": social.follows,
            "app.bsky.notification.listNotifications": social.notifications,
            "app.bsky.notification.getUnreadCount": social.unread,
            "app.bsky.actor.searchActors": social.search_actors,
            "app.bsky.actor.searchActorsTypeahead": social.search_actors,
            "app.bsky.actor.getPreferences": social.preferences,
            "app.bsky.video.getJobStatus": video.status,
            "app.bsky.video.getUploadLimits": video.limits,
            "app.bsky.video.getUploadStatus": parts.status,
            "_health": identity.health,
        }
        procedures: dict[str, Handler] = {
            "com.atproto.server.createSession": sessions.create,
            "com.atproto.server.refreshSession": sessions.refresh,
            "com.atproto.server.deleteSession": sessions.delete,
            "com.atproto.repo.createRecord": repo.create,
            "com.atproto.repo.putRecord": repo.put,
            "com.atproto.repo.deleteRecord": repo.delete,
            "com.atproto.repo.applyWrites": repo.apply,
            "com.atproto.repo.uploadBlob": self._blobs.upload,
            "app.bsky.notification.updateSeen": social.seen,
            "app.bsky.actor.putPreferences": social.put_preferences,
            "app.bsky.video.uploadVideo": video.upload,
            "app.bsky.video.startUpload": parts.start,
            "app.bsky.video.uploadPart": parts.part,
            "app.bsky.video.finishUpload": parts.finish,
            "app.bsky.video.abortUpload": parts.abort,
        }
        return {name: ("GET", handler) for name, handler in queries.items()} | {
            name: ("POST", handler) for name, handler in procedures.items()
        }

    def app(self) -> ASGIApp:
        """The port's app; pages in a browser may call it from anywhere, as they may call every server of the network."""
        return CORSMiddleware(
            super().app(), allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], max_age=86_400
        )

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        return [
            Route("/xrpc/{method}", self._call, methods=["GET", "POST"]),
            Route("/.well-known/atproto-did", self._identity.well_known_did),
            Route("/.well-known/did.json", self._identity.well_known_document),
            Route("/profile/{actor}/post/{rkey}", self._web.post),
            Route("/profile/{actor}", self._web.profile),
            Route("/{did}", self._identity.directory),
        ]

    def open_account(self, number: int) -> Account:
        """Demo account `number`, with the same handle, DID and passwords in every sandbox."""
        name = "demo" if number == 1 else f"demo{number}"
        return self.net.accounts.add(
            id=did_of(number),
            username=f"{name}.{DOMAIN}",
            name="Demo account" if number == 1 else f"Demo account {number}",
            data={
                "app_password": _password(number),
                "password": f"main-password-{number}",
                "email": f"{name}@example.com",
                "email_confirmed": True,
                "two_factor": number == 2,
            },
        )

    def grant(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> tuple[Token, Token | None]:
        """The tokens of a session that the app password opened."""
        return self._sessions.issue(account, APP_PASSWORD)

    def token_extra(self, account: Account) -> dict[str, Any]:
        """The account's server and its DID."""
        return {"pds": self.net.url, "did": account.id}

    def credentials(self, account: Account) -> dict[str, Any]:
        """With what a person would sign in with, and a post to answer and quote."""
        signing_in = {
            "identifier": account.username,
            "appPassword": account.data["app_password"],
            "password": account.data["password"],
            "email": account.data["email"],
            "examplePost": POST_URI,
        }
        return {**super().credentials(account), **signing_in}

    def profile_path(self, username: str) -> str:
        """The path of an account's page."""
        return f"/profile/{username}"

    async def _call(self, request: Request) -> Response:
        name = request.path_params["method"]
        client = request.client.host if request.client else "unknown"
        self._rates.take(request, rates.CALLS, client)
        if name not in self._methods:
            return errors.answer(501, "MethodNotImplemented", "Method Not Implemented")
        wanted, handler = self._methods[name]
        if request.method != wanted and not (wanted == "GET" and request.method == "HEAD"):
            said = f"Incorrect HTTP method ({request.method}) expected {wanted}"
            return errors.answer(405, "InvalidRequest", said)
        return await handler(request)


def _password(number: int) -> str:
    """An app password in Bluesky's form: four groups of four."""
    digest = hashlib.sha256(f"polypost sandbox app password {number}".encode()).digest()
    letters = base64.b32encode(digest).decode().lower()
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))
