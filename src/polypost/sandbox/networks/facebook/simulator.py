"""The Facebook simulator: its addresses, its demo Pages, its words for trouble."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from polypost.sandbox.networks.facebook import errors
from polypost.sandbox.networks.facebook.auth import SCOPES, Auth
from polypost.sandbox.networks.facebook.batch import Batch
from polypost.sandbox.networks.facebook.library import Library
from polypost.sandbox.networks.facebook.nodes import Nodes
from polypost.sandbox.networks.facebook.people import People
from polypost.sandbox.networks.facebook.posting import Posting
from polypost.sandbox.networks.facebook.reading import Reading
from polypost.sandbox.networks.facebook.talk import Talk
from polypost.sandbox.networks.facebook.timeline import AT_PUBLICATION, Timeline
from polypost.sandbox.networks.facebook.uploads import Uploads
from polypost.sandbox.networks.facebook.videos import Videos
from polypost.sandbox.networks.facebook.web import Web
from polypost.sandbox.simkit import Account, Handler, Look, Network, Simulator, Stranger, each_path, meta

METHODS = ["GET", "POST", "DELETE"]
ROOT = ("/", "/v{version:graph}", "/v{version:graph}/")
RUPLOAD = ("/video-upload/v{version:graph}/{video}", "/video-upload/{video}")
NODE = ("/v{version:graph}/{id}", "/v{version:graph}/{id}/", "/{id}")
CATEGORIES = (
    ("2200", "Local business"),
    ("1350536325044173", "Arts & entertainment"),
    ("187133811318958", "Community"),
)


class FacebookSimulator(Simulator):
    """Facebook on one port: www, graph, graph-video and rupload at once.

    Every path of the Graph API exists with and without `/v26.0` or an earlier version. Each demo account is a Page; one
    person has a role on all of them, so that one login stands for all of them. The demo tokens are the Pages' own.
    """

    platform = "facebook"
    tidies_paths = True
    look = Look("Facebook", "#1464d2", __package__, "This content isn’t available right now.")
    wording = meta.wording(errors.FAULTS, errors.rate_limited)
    _auth: Auth
    scopes = SCOPES
    own_faults = (
        *AT_PUBLICATION, "checkpoint", "unconfirmed", "page_role_lost",
        "permission_declined", "no_expires_in", "tasks_missing", "usage_high", "upload_timeout",
        "wrong_offset", "processing_failed", "thumbnail_refused", "relative_permalink", "cannot_delete",
    )  # fmt: skip

    def __init__(self, net: Network) -> None:
        super().__init__(net)
        library = Library(net)
        timeline = Timeline(net, library)
        nodes = Nodes(net, library, timeline)
        auth = Auth(net, self.pages, self.gate)
        posting = Posting(net, auth, nodes, library, timeline)
        films = Videos(net, auth, library, timeline, posting)
        self._auth = auth
        self._web = Web(net, self.pages, nodes, library, timeline)
        self._people = People(net, nodes, auth)
        self._posting = posting
        self._videos = films
        self._uploads = Uploads(net, auth, library, films)
        self._talk = Talk(net, auth, nodes, library)
        self._reading = Reading(net, auth, nodes, self._talk, self._web, library, timeline, films)
        self._batch = Batch(self.routes)

    def routes(self) -> Sequence[BaseRoute]:
        """Every path of every host."""
        web, uploads = self._web, self._uploads
        return [
            *_graph("/dialog/oauth", self._auth.authorize, "GET", "POST"),
            *_graph("/oauth/access_token", self._auth.token, "GET", "POST"),
            *_graph("/debug_token", self._people.debug, "GET"),
            *each_path(ROOT, self._batch.run, "POST"),
            *each_path(ROOT, self._reading.several, "GET"),
            Route("/profile.php", web.profile),
            Route("/photo.php", web.photo),
            Route("/photo/", web.photo),
            Route("/{page}/posts/{number:int}", web.post),
            Route("/{page}/videos/{video:int}/", self.web_video),
            Route("/reel/{video:int}/", self.web_video),
            Route("/reel/{video:int}", self.web_video),
            Route("/stories/{page}/{number:int}/", web.story),
            *each_path(RUPLOAD, uploads.send, "POST"),
            *each_path(RUPLOAD, uploads.progress, "GET"),
            *_graph("/upload:{session}", uploads.fill, "POST"),
            *_graph("/upload:{session}", uploads.filled, "GET"),
            *_graph("/{id}/uploads", uploads.open, "POST"),
            *self._edges(),
            *each_path(NODE, self._reading.node, "GET"),
            *each_path(NODE, self._reading.change, "POST"),
            *each_path(NODE, self._reading.delete, "DELETE"),
            Route("/v{version:float}/{rest:path}", meta.nowhere, methods=METHODS),
            Route("/{id}/", web.anything),
        ]

    async def web_video(self, request: Request) -> Response:
        """A video's page; its id comes as a number."""
        request.path_params["video"] = str(request.path_params["video"])
        return await self._web.video(request)

    def _edges(self) -> list[Route]:
        posting, films, reading, people = self._posting, self._videos, self._reading, self._people
        return [
            *_graph("/{id}/accounts", people.accounts, "GET"),
            *_graph("/{id}/permissions", people.permissions, "GET"),
            *_graph("/{id}/permissions", people.remove, "DELETE"),
            *_graph("/{id}/feed", posting.feed, "POST"),
            *(route for edge in ("feed", "posts", "published_posts")
              for route in _graph(f"/{{id}}/{edge}", reading.feed, "GET")),
            *_graph("/{id}/scheduled_posts", reading.scheduled, "GET"),
            *_graph("/{id}/photos", posting.photos, "POST"),
            *_graph("/{id}/photo_stories", posting.photo_story, "POST"),
            *_graph("/{id}/stories", reading.stories, "GET"),
            *_graph("/{id}/videos", films.videos, "POST"),
            *_graph("/{id}/videos", reading.videos, "GET"),
            *_graph("/{id}/video_reels", films.reels, "POST"),
            *_graph("/{id}/video_reels", reading.videos, "GET"),
            *_graph("/{id}/video_stories", films.stories, "POST"),
            *_graph("/{id}/thumbnails", films.set_thumbnail, "POST"),
            *_graph("/{id}/thumbnails", reading.thumbnails, "GET"),
            *_graph("/{id}/comments", self._talk.comment, "POST"),
            *_graph("/{id}/comments", self._talk.comments, "GET"),
            *_graph("/{id}/likes", self._talk.like, "POST", "DELETE"),
            *_graph("/{id}/likes", self._talk.likes, "GET"),
            *_graph("/{id}/reactions", self._talk.likes, "GET"),
            *_graph("/{id}/attachments", reading.attachments, "GET"),
            *_graph("/{id}/insights", reading.insights, "GET"),
            *_graph("/{id}/video_insights", reading.insights, "GET"),
            *_graph("/{id}/picture", reading.image, "GET"),
        ]  # fmt: skip

    def open_account(self, number: int) -> Account:
        """Demo Page `number`, the same at every reset."""
        category_id, category = CATEGORIES[(number - 1) % len(CATEGORIES)]
        data = {"category": category, "category_id": category_id, "followers": 1_500 + 11 * number}
        return self.net.accounts.demo(
            number, id=f"1000{number:011}", username="demopage", name="Demo Page", data=data
        )

    def comment_by(self, who: Stranger, post_id: str, text: str, answered: str | None) -> dict[str, Any]:
        """What somebody without a Page says under a post."""
        return self._talk.comment_by(who, post_id, text, answered)

    def token_extra(self, account: Account) -> dict[str, Any]:
        """The app that the demo tokens belong to; posts name the app that made them."""
        return {"app": self.client_id}


def _graph(path: str, handler: Handler, *methods: str) -> list[Route]:
    """A path with a version before it, where Meta's own client ends some in a slash, and without."""
    version = "/v{version:graph}"
    return each_path((version + path, f"{version}{path}/", path), handler, *methods)
