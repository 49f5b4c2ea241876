"""The pages a person would see: a video with its comments, a Short, a channel; and the images of videos."""

from __future__ import annotations

import io
from functools import lru_cache
from html import escape
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from polypost.probe import probe
from polypost.sandbox.networks.youtube.categories import CATEGORIES
from polypost.sandbox.networks.youtube.comments import Comments
from polypost.sandbox.networks.youtube.videos import Videos, facts_of, privacy, short, upload_status
from polypost.sandbox.simkit import (
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_CHANNEL = 60
ON_VIDEO = 200
SIDE = (480, 360)


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, comments: Comments, videos: Videos) -> None:
        self._pages = pages
        self._comments = comments
        self._videos = videos
        self._net = net

    async def watch(self, request: Request) -> Response:
        """`/watch?v={id}`."""
        return self._show(request.query_params.get("v", ""))

    async def video(self, request: Request) -> Response:
        """`/shorts/{id}` and `/embed/{id}`."""
        return self._show(str(request.path_params["id"]))

    async def oembed(self, request: Request) -> Response:
        """`/oembed?url=`: what another page shows of a video; nobody signs in for it."""
        parts = urlsplit(request.query_params.get("url", ""))
        named = parse_qs(parts.query).get("v", [parts.path.rpartition("/")[2]])[0]
        post = self._videos.get(named)
        account = None if post is None else self._net.accounts.get(post.account_id)
        if post is None or account is None:
            return PlainTextResponse("Not Found", 404)
        if privacy(post) == "private":
            return PlainTextResponse("Forbidden", 403)
        title, url = post.raw["snippet"]["title"], self._net.url
        wide, high = (113, 200) if short(post) else (200, 113)
        frame = f'<iframe width="{wide}" height="{high}" src="{url}/embed/{post.id}?feature=oembed"'
        return JSONResponse(
            {
                "title": title,
                "author_name": account.name,
                "author_url": f"{url}/@{account.username}",
                "type": "video",
                "height": high,
                "width": wide,
                "version": "1.0",
                "provider_name": "YouTube",
                "provider_url": "https://www.youtube.com/",
                "thumbnail_height": SIDE[1],
                "thumbnail_width": SIDE[0],
                "thumbnail_url": f"{url}/vi/{post.id}/hqdefault.jpg",
                "html": f'{frame} frameborder="0" allowfullscreen title="{escape(title)}"></iframe>',
            }
        )

    async def linked(self, request: Request) -> Response:
        """`youtu.be/{id}`."""
        return RedirectResponse(f"/watch?v={request.path_params['id']}", 303)

    async def channel(self, request: Request) -> Response:
        """`/channel/{id}` and `/@{handle}`."""
        named = request.path_params
        if "handle" in named:
            account = self._net.accounts.by_username(str(named["handle"]))
        else:
            account = self._net.accounts.get(str(named["id"]))
        if account is None:
            return self._pages.missing("This page isn’t available.")
        posts = self._net.posts.by_account(account.id, limit=ON_CHANNEL)
        return self._pages.render(
            "profile.html",
            account=account,
            videos=[(post, _length(post), _label(post)) for post in posts if not short(post)],
            shorts=[(post, _label(post)) for post in posts if short(post)],
            count=self._net.posts.count(account.id),
            title=f"{account.name} (@{account.username})",
        )

    async def image(self, request: Request) -> Response:
        """`i.ytimg.com/vi/{id}/{size}.jpg`: the thumbnail that was set, or a plain one."""
        post = self._videos.get(str(request.path_params["id"]))
        if post is None:
            return Response(plain("", SIDE), 404, media_type="image/jpeg")
        blob = post.raw["thumbnail"]
        if blob is not None:
            path = self._net.blobs.path(blob)
            return FileResponse(path, media_type=probe(path).mime)
        return Response(plain(post.id, SIDE), media_type="image/jpeg")

    def _show(self, video_id: str) -> Response:
        post = self._videos.get(video_id)
        if post is None:
            return self._pages.missing("Video unavailable. This video isn’t available any more.")
        account = self._net.accounts.get(post.account_id)
        names = {each.id: each for each in self._net.accounts.all(100)}
        comments = self._comments.of_video(post.id)[-ON_VIDEO:][::-1]
        return self._pages.render(
            "post.html",
            account=account,
            post=post,
            video=post.media[0],
            short=short(post),
            poster=f"/vi/{post.id}/hqdefault.jpg" if post.raw["thumbnail"] else "",
            text=linkify(post.text),
            notes=_notes(post),
            state=_state(post),
            counts=self._videos.counts(post, owner=False),
            comments=[(each, names.get(each.body["author"])) for each in comments],
            title=f"{post.raw['snippet']['title']} – YouTube",
            author=account,
            sketches=[
                Sketch(
                    text="" if short(post) else post.text,
                    title=post.raw["snippet"]["title"],
                    media=post.media,
                    poster=f"/vi/{post.id}/hqdefault.jpg" if post.raw["thumbnail"] else None,
                    surface="short" if short(post) else "",
                )
            ],
        )


@lru_cache(maxsize=128)
def plain(video_id: str, size: tuple[int, int]) -> bytes:
    """A grey image with a shade that follows from the id."""
    shade = 60 + sum(video_id.encode()) % 80
    out = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade + 12)).save(out, "JPEG", quality=60)
    return out.getvalue()


def _length(post: SimPost) -> str:
    facts = facts_of(post)
    if facts is None or facts.duration is None:
        return ""
    whole = round(facts.duration)
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _label(post: SimPost) -> str:
    seen = privacy(post)
    return "" if seen == "public" else seen.capitalize()


def _state(post: SimPost) -> str:
    now = upload_status(post)
    if now in {"failed", "rejected"}:
        return (
            f"Processing {now}: {post.raw['reason']}"
            if now == "failed"
            else f"Rejected: {post.raw['reason']}"
        )
    return "Processing" if now == "uploaded" else ""


def _notes(post: SimPost) -> list[str]:
    raw, status = post.raw, post.raw["status"]
    notes = [] if privacy(post) == "public" else [privacy(post).capitalize()]
    if raw["locked"]:
        notes.append("Locked as private")
    if "publishAt" in status and privacy(post) == "private":
        notes.append(f"Scheduled for {status['publishAt']}")
    declared = {
        "selfDeclaredMadeForKids": "Made for kids",
        "containsSyntheticMedia": "Altered or synthetic content",
    }
    notes += [words for name, words in declared.items() if status.get(name)]
    if raw.get("paidProductPlacementDetails", {}).get("hasPaidProductPlacement"):
        notes.append("Includes paid promotion")
    if status.get("license") == "creativeCommon":
        notes.append("Creative Commons")
    category = CATEGORIES.get(raw["snippet"]["categoryId"])
    return notes + ([category[0]] if category else [])
