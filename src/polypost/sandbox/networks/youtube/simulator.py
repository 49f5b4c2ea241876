"""The YouTube simulator: its addresses, its demo channels, its words for trouble."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import partial

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from polypost.sandbox.networks.youtube import errors
from polypost.sandbox.networks.youtube.analytics import Analytics
from polypost.sandbox.networks.youtube.auth import ANALYTICS, FORCE, READONLY, UNAUDITED_CLIENT, UPLOAD, Auth
from polypost.sandbox.networks.youtube.captions import CaptionIntake, Captions
from polypost.sandbox.networks.youtube.channels import Channels
from polypost.sandbox.networks.youtube.comments import Comments
from polypost.sandbox.networks.youtube.dress import Undressed
from polypost.sandbox.networks.youtube.identity import EMAIL, OPENID, PROFILE
from polypost.sandbox.networks.youtube.intake import (
    AT_OPENING,
    AT_PROCESSING,
    Intake,
    ThumbnailIntake,
    VideoIntake,
)
from polypost.sandbox.networks.youtube.playlists import Playlists
from polypost.sandbox.networks.youtube.quota import Quota
from polypost.sandbox.networks.youtube.sessions import Sessions
from polypost.sandbox.networks.youtube.uploads import CUTS, Uploads
from polypost.sandbox.networks.youtube.userinfo import UserInfo
from polypost.sandbox.networks.youtube.video_calls import VideoCalls
from polypost.sandbox.networks.youtube.videos import Videos
from polypost.sandbox.networks.youtube.web import Web
from polypost.sandbox.simkit import Account, Look, Network, Simulator, Wording, always, each_path
from polypost.sandbox.simkit.google import TESTING_CLIENT

API = "/youtube/v3"
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class YouTubeSimulator(Simulator):
    """YouTube on one port: accounts.google.com, oauth2, youtube, youtubeanalytics and www.googleapis.com, www.youtube.com.

    Demo account 2 may not upload more than 15 minutes. The app `sandbox-unaudited-app` is not audited (its uploads are
    locked as private), `sandbox-testing-app` is in testing (its refresh tokens live for seven days).
    """

    platform = "youtube"
    look = Look("YouTube", "#b3261e", __package__)
    scopes = (UPLOAD, READONLY, FORCE, ANALYTICS, OPENID, *sorted(EMAIL | PROFILE))
    wording = Wording(
        error=errors.backend,
        rate_limited=errors.rate_limited,
        duplicate=errors.duplicate,
        token_dead=errors.unauthenticated,
    )
    other_apps = (UNAUDITED_CLIENT, TESTING_CLIENT)
    _auth: Auth
    own_faults = (
        *AT_OPENING, *CUTS, "session_gone", "no_channel", "forced_private", *AT_PROCESSING,
        "thumbnail_forbidden", "thumbnail_rate", "comments_disabled",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        auth, quota, videos = Auth(net, self.pages, self.gate), Quota(net), Videos(net)
        self._auth = auth
        self._calls = VideoCalls(net, auth, quota, videos)
        self._channels = Channels(net, auth, quota, videos)
        self._lists = Playlists(net, auth, quota, videos)
        self._captions = Captions(net, auth, quota, videos)
        self._comments = Comments(net, auth, quota, videos)
        self._analytics = Analytics(net, auth, videos)
        self._web = Web(net, self.pages, self._comments, videos)
        sessions = Sessions(net)
        intakes: tuple[tuple[str, Intake], ...] = (
            (f"{API}/videos", VideoIntake(net, auth, quota, videos)),
            (f"{API}/thumbnails/set", ThumbnailIntake(net, auth, quota, videos)),
            (f"{API}/captions", CaptionIntake(net, auth, quota, videos, self._captions)),
        )
        self._uploads = [(path, Uploads(net, auth, sessions, intake)) for path, intake in intakes]

    def app(self) -> ASGIApp:
        """The app, behind what undresses calls as Google's front end does."""
        return Undressed(super().app())

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        web, nowhere = self._web, partial(errors.error, 404, "notFound", "Not Found", domain="global")
        return [
            *self._auth.routes(),
            *(
                Route(prefix + path, uploads.any, methods=METHODS)
                for path, uploads in self._uploads
                for prefix in ("/upload", "/resumable/upload")
            ),
            *self._api(),
            *self._identity(),
            Route("/v2/reports", self._analytics.reports),
            Route("/vi/{id}/{size}.jpg", web.image),
            Route("/oembed", web.oembed),
            Route("/watch", web.watch),
            Route("/shorts/{id}", web.video),
            Route("/embed/{id}", web.video),
            Route("/channel/{id}", web.channel),
            Route("/@{handle}", web.channel),
            *(
                Route(f"/{room}/{{rest:path}}", always(nowhere), methods=METHODS)
                for room in ("youtube", "upload")
            ),
            Route("/{id}", web.linked),
        ]

    def _identity(self) -> list[Route]:
        who, userinfo = self._auth.identity, UserInfo(self.net, self._auth)
        older = ("/oauth2/v1/userinfo", "/oauth2/v2/userinfo", "/userinfo/v2/me")
        return [
            *each_path(("/v1/userinfo", "/oauth2/v3/userinfo"), userinfo.claims, "GET", "POST"),
            *each_path(older, userinfo.older, "GET"),
            Route("/oauth2/v3/certs", who.certs),
            Route("/oauth2/v1/certs", who.certs_pem),
            Route("/.well-known/openid-configuration", who.configuration),
        ]

    def _api(self) -> list[Route]:
        calls, channels, lists = self._calls, self._channels, self._lists
        comments, captions = self._comments, self._captions
        table = (
            ("GET", "/videos", calls.list),
            ("POST", "/videos", calls.needs_media),
            ("PUT", "/videos", calls.update),
            ("DELETE", "/videos", calls.delete),
            ("POST", "/videos/rate", calls.rate),
            ("GET", "/videos/getRating", calls.rating),
            ("GET", "/search", calls.search),
            ("GET", "/videoCategories", calls.categories),
            ("GET", "/channels", channels.channels),
            ("PUT", "/channels", channels.change),
            ("GET", "/activities", channels.activities),
            ("GET", "/subscriptions", channels.subscriptions),
            ("GET", "/channelSections", channels.sections),
            ("GET", "/i18nLanguages", calls.languages),
            ("GET", "/i18nRegions", calls.regions),
            ("GET", "/playlists", lists.playlists),
            ("POST", "/playlists", lists.make_playlist),
            ("PUT", "/playlists", lists.change_playlist),
            ("DELETE", "/playlists", lists.delete_playlist),
            ("GET", "/playlistItems", lists.items),
            ("POST", "/playlistItems", lists.add_item),
            ("PUT", "/playlistItems", lists.move_item),
            ("DELETE", "/playlistItems", lists.remove_item),
            ("GET", "/commentThreads", comments.threads),
            ("POST", "/commentThreads", comments.start),
            ("GET", "/captions", captions.list),
            ("GET", "/captions/{id}", captions.download),
            ("PUT", "/captions", captions.change),
            ("DELETE", "/captions", captions.delete),
            ("GET", "/comments", comments.comments),
            ("POST", "/comments", comments.reply),
            ("PUT", "/comments", comments.change),
            ("POST", "/comments/setModerationStatus", comments.moderate),
            ("DELETE", "/comments", comments.delete),
        )
        return [Route(API + path, handler, methods=[method]) for method, path, handler in table]

    def open_account(self, number: int) -> Account:
        """Demo channel `number`, the same in every sandbox; the second one has not been verified for long videos."""
        digest = hashlib.blake2b(f"youtube channel {number}".encode(), digest_size=16).digest()
        return self.net.accounts.demo(
            number,
            id="UC" + base64.urlsafe_b64encode(digest).decode().rstrip("="),
            name="Demo channel",
            data={"long_uploads": "eligible" if number == 2 else "allowed", "subscribers": 900 + 11 * number},
        )

    def profile_path(self, username: str) -> str:
        """A channel's address by its handle."""
        return f"/@{username}"
