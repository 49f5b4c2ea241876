"""The pages a person would see: a post, a video, a reel, a story, a Page."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from polypost import clock
from polypost.sandbox.networks.facebook.library import Library, Video
from polypost.sandbox.networks.facebook.limits import limit
from polypost.sandbox.networks.facebook.nodes import Nodes
from polypost.sandbox.networks.facebook.phases import metrics
from polypost.sandbox.networks.facebook.timeline import Timeline, is_story
from polypost.sandbox.simkit import (
    Account,
    Document,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PROFILE, ON_POST = 40, 200
HEADINGS = {"video": "Video", "reel": "Reel", "story": "Story"}


class Web:
    """The handlers."""

    def __init__(
        self, net: Network, pages: Pages, nodes: Nodes, library: Library, timeline: Timeline
    ) -> None:
        self._pages = pages
        self._nodes = nodes
        self._net = net
        self._library = library
        self._timeline = timeline

    async def anything(self, request: Request) -> Response:
        """`/{page}` and `/{page}_{post}`: a profile, or the way to a post."""
        named = str(request.path_params["id"])
        page = self._net.accounts.get(named) or self._net.accounts.by_username(named)
        if page is not None:
            return self._profile(page)
        owner = self._net.accounts.get(named.partition("_")[0])
        if owner is not None:
            self._timeline.release_due(owner)
        post = self._net.posts.get(named)
        return self._pages.missing() if post is None else RedirectResponse(post.permalink, 302)

    async def profile(self, request: Request) -> Response:
        """`/profile.php?id=`."""
        page = self._net.accounts.get(request.query_params.get("id", ""))
        return self._pages.missing("This Page isn’t available.") if page is None else self._profile(page)

    def _profile(self, page: Account) -> Response:
        self._timeline.release_due(page)
        posts = self._net.posts.by_account(page.id, limit=ON_PROFILE)
        day = clock.now() - timedelta(hours=limit("story_hours"))
        return self._pages.render(
            "profile.html",
            page=page,
            posts=[self._card(post, page) for post in posts if not is_story(post)],
            stories=[post for post in posts if is_story(post) and post.created > day],
            title=page.name,
        )

    async def post(self, request: Request) -> Response:
        """`/{page}/posts/{number}`."""
        page_id, number = request.path_params["page"], request.path_params["number"]
        page = self._net.accounts.get(page_id) or self._net.accounts.by_username(page_id)
        if page is not None:
            self._timeline.release_due(page)
        return self._show(self._net.posts.get(f"{page.id if page else page_id}_{number}"))

    async def video(self, request: Request) -> Response:
        """`/{page}/videos/{video}/` and `/reel/{video}/`."""
        found = self._net.documents.get("video", request.path_params["video"])
        return self._show(self._net.posts.get(found.body["post"] or "") if found else None)

    async def photo(self, request: Request) -> Response:
        """`/photo.php?fbid=`: the post that shows the photo."""
        found = self._net.documents.get("photo", request.query_params.get("fbid", ""))
        return self._show(self._net.posts.get(found.body["post"] or "") if found else None)

    async def story(self, request: Request) -> Response:
        """`/stories/{page}/{id}/`, for a day."""
        post = self._net.posts.get(str(request.path_params["number"]))
        day = timedelta(hours=limit("story_hours"))
        if post is None or not is_story(post) or clock.now() - post.created > day:
            return self._pages.missing("This story is no longer available.")
        return self._show(post)

    def _show(self, post: SimPost | None) -> Response:
        page = self._net.accounts.get(post.account_id) if post else None
        if post is None or page is None:
            return self._pages.missing()
        return self._pages.render(
            "post.html",
            heading=HEADINGS.get(post.raw["kind"], "Post"),
            card=self._card(post, page),
            comments=self._talk(post),
            page=page,
            comment_on=post.id,
            title=f"{page.name} on Facebook",
            author=page,
            sketches=[_sketch(post)],
        )

    def _talk(self, post: SimPost) -> list[tuple[Document, list[Document]]]:
        """The comments that the public sees, each with its answers."""
        nodes = self._nodes
        shown = [each for each in nodes.comments_of(post.id)[:ON_POST] if not each.body.get("hidden")]
        return [
            (each, [below for below in nodes.answers_to(each) if not below.body.get("hidden")])
            for each in shown
        ]

    def _card(self, post: SimPost, page: Account) -> dict[str, object]:
        """A post as the templates show it."""
        video = self._library.video(post.raw["video"], page.id) if post.raw["video"] else None
        link = post.raw["link"]
        return {
            "post": post,
            "page": page,
            "text": linkify(post.text),
            "photos": [media for media in post.media if media["kind"] == "image"],
            "video": next((media for media in post.media if media["kind"] == "video"), None),
            "cover": video.thumb if video else None,
            "processing": _processing(video),
            "headline": post.raw["title"],
            "link": link,
            "host": urlsplit(link).hostname if link else None,
            "numbers": metrics(post) | {"reactions": self._nodes.reactions(post)},
            "said": len(self._nodes.comments_of(post.id)),
            "story": is_story(post),
        }


def _sketch(post: SimPost) -> Sketch:
    kind, link = post.raw["kind"], post.raw["link"]
    surface = "story" if is_story(post) else "reel" if kind == "reel" else ""
    return Sketch(
        text=post.text,
        title=post.raw["title"] or "",
        media=post.media,
        card={"url": link} if link else None,
        surface=surface,
    )


def _processing(video: Video | None) -> bool:
    return video is not None and video.status == "processing"
