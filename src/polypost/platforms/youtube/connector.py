"""YouTube, told from top to bottom: open a session, send the bytes, end it with the last piece, then what follows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Connector,
    Draft,
    Found,
    Post,
    Proof,
    Reconciled,
    Run,
    Session,
    Sought,
)
from polypost.platforms.kit.answers import instant, member, parsed
from polypost.platforms.kit.matching import CLOCK_SLACK, TOO_MANY, essence, unclaimed
from polypost.platforms.kit.removal import not_removed
from polypost.platforms.youtube import check, oauth
from polypost.platforms.youtube.api import call, items, permalink, send, uploads_of
from polypost.platforms.youtube.drawing import DRAWING
from polypost.platforms.youtube.errors import Forbidden, Missing, error_for
from polypost.platforms.youtube.metrics import PostMetrics
from polypost.platforms.youtube.options import YouTubeOptions
from polypost.platforms.youtube.spec import SPEC
from polypost.platforms.youtube.upload import Incomplete, SessionGone, Upload, ask, open_session
from polypost.platforms.youtube.video import parts_of, resource_of

_SESSIONS = 3
_ENDINGS = 4
_LISTED = 50


class YouTubeConnector(PostMetrics, Connector):
    """Publishes videos to a channel through resumable uploads of the YouTube Data API v3."""

    spec = SPEC
    drawing = DRAWING
    options = YouTubeOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Session, bytes, the last piece; then thumbnail, playlist, comment, and a look at what YouTube made of it."""
        proof = await self._uploaded(run, post)
        await self._thumbnail(run, post, proof.id)
        await self._playlist(run, post, proof.id)
        await self._comment(run, post, proof.id)
        await self._look_back(run, post, proof.id)
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any video, by its title in the channel's list."""
        return Sought("publish", {"title": check.title_of(post.text, post.options)})

    async def look(self, run: Run, attempt: Attempt) -> Reconciled:
        """Ask the upload session: a finished one answers with its video, another says how many bytes it has."""
        handles = attempt.handles
        if "session" not in handles:
            return await self._find(run, attempt)
        answer = await ask(run, str(handles["session"]), int(handles["size"]))
        if answer.status_code in {200, 201}:
            video_id = parsed(answer).get("id")
            if isinstance(video_id, str) and video_id:
                return Found(Proof(video_id, permalink(video_id)))
            return CannotTell("YouTube's upload session ended without a video.")
        if answer.status_code == 308:
            return Absent()
        try:
            if answer.status_code in {404, 410}:
                # The session has been cleared away; what it may have made stands in the channel's list.
                return await self._find(run, attempt)
            raise error_for(answer, run.now())
        except (Rejected, Unavailable) as unreadable:
            return CannotTell(str(unreadable))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove the video."""
        try:
            await send(session, "DELETE", "/youtube/v3/videos", params={"id": proof.id})
        except Missing:
            return
        except Forbidden as refused:
            raise not_removed("YouTube", "in YouTube Studio", "video") from refused

    async def _uploaded(self, run: Run, post: Post) -> Proof:
        """The video. A second session is opened only when YouTube says that it does not know the one before."""
        file = post.media[0]
        title = check.title_of(post.text, post.options)
        for number in range(1, _SESSIONS + 1):
            mark = "" if number == 1 else f" (session {number})"
            opened: list[str] = []

            async def open_one(opened: list[str] = opened) -> str:
                opened.append(await open_session(run, resource_of(post, title), file, parts_of(post)))
                return opened[0]

            # Stored before the first byte, so that it can be asked whatever happens later.
            uri = await run.step(f"session{mark}", open_one)
            upload = Upload(run, file, uri, fresh=bool(opened))
            try:
                await upload.fill(mark)
                return await self._ended(run, upload, {"size": file.size, "title": title})
            except SessionGone:
                continue
        raise Unavailable("YouTube keeps losing the upload.")

    async def _ended(self, run: Run, upload: Upload, handles: Mapping[str, Any]) -> Proof:
        for _ in range(_ENDINGS):
            try:
                return await run.commit("publish", upload.finish, handles={"session": upload.uri, **handles})
            except Incomplete:
                await upload.catch_up()
        raise Unavailable("YouTube does not keep the last bytes of the video.")

    async def _thumbnail(self, run: Run, post: Post, video_id: str) -> None:
        film = post.media[0]
        image = post.extra_media.get(film.ref.thumbnail or "")
        if film.ref.thumbnail is None or image is None:
            return
        if check.is_short(film.facts):
            run.warn(
                "YouTube shows this as a Short, which takes no thumbnail, so the thumbnail was left out."
            )
            return
        # GIFs are taken without being named in the interface's list of types.
        kind = (
            image.facts.mime
            if image.facts.mime in {"image/jpeg", "image/png"}
            else "application/octet-stream"
        )

        async def put() -> None:
            params = {"videoId": video_id, "uploadType": "media"}
            headers = {"Content-Type": kind, "Content-Length": str(image.size)}
            path = "/upload/youtube/v3/thumbnails/set"
            await send(run, "POST", path, params=params, headers=headers, content=image.stream())

        warning = "The video is out, but YouTube did not take the thumbnail (channels have to be verified for that)."
        await run.after("thumbnail", put, warning=warning)

    async def _playlist(self, run: Run, post: Post, video_id: str) -> None:
        playlist = post.options.playlist_id
        if playlist is None:
            return
        entry = {"playlistId": playlist, "resourceId": {"kind": "youtube#video", "videoId": video_id}}
        put = partial(_made, run, "playlistItems", {"snippet": entry})
        warning = "The video is out, but YouTube did not add it to the playlist."
        await run.after("playlist", put, warning=warning, visible=True)

    async def _comment(self, run: Run, post: Post, video_id: str) -> None:
        text = post.options.first_comment
        if text is None:
            return
        said = {"videoId": video_id, "topLevelComment": {"snippet": {"textOriginal": text}}}
        put = partial(_made, run, "commentThreads", {"snippet": said})
        warning = "The video is out, but YouTube did not take the first comment."
        await run.after("first comment", put, warning=warning, visible=True)

    async def _look_back(self, run: Run, post: Post, video_id: str) -> None:
        """Say what YouTube made of the video: apps that are not audited get a private one, whatever they asked for."""

        async def look() -> dict[str, Any]:
            found = items(await call(run, "GET", "videos", params={"part": "status", "id": video_id}))
            return dict(member(found[0], "status")) if found else {}

        warning = "The video is out, but YouTube did not tell its visibility."
        status = await run.after("status", look, warning=warning) or {}
        made, wanted = status.get("privacyStatus"), post.options.privacy
        if made == "private" != wanted:
            run.warn(
                f"YouTube keeps the video private although {wanted} was asked for: it locks the uploads of apps that"
                " it has not audited. Have the app audited; this video cannot be made visible by an app."
            )
        elif isinstance(made, str) and made != wanted:
            run.warn(f"YouTube made the video {made} although {wanted} was asked for.")
        for name in ("failureReason", "rejectionReason"):
            if reason := status.get(name):
                run.warn(f"YouTube cannot show the video: {status.get('uploadStatus')}, {reason}.")

    async def _find(self, run: Run, attempt: Attempt) -> Reconciled:
        """The newest upload with the attempt's title that came since and is nobody else's."""
        playlist = uploads_of(run.account)
        params = {"part": "snippet,contentDetails", "playlistId": playlist, "maxResults": str(_LISTED)}
        found = items(await call(run, "GET", "playlistItems", params=params))
        since = attempt.started_at - CLOCK_SLACK
        ids = [
            str(entry["contentDetails"]["videoId"]) for entry in found if _is(entry, attempt.handles, since)
        ]
        free = await unclaimed(run, ids)
        if free:
            return Found(Proof(free[-1], permalink(free[-1])))
        return CannotTell(TOO_MANY) if len(found) == _LISTED and _is_since(found[-1], since) else Absent()


async def _made(run: Run, path: str, resource: Mapping[str, Any]) -> str:
    """Make something that belongs to the video; its id."""
    return str((await call(run, "POST", path, params={"part": "snippet"}, json=resource)).get("id"))


def _is_since(entry: Mapping[str, Any], since: datetime) -> bool:
    published = instant(member(entry, "snippet").get("publishedAt"))
    # YouTube gives whole seconds.
    return (
        published is not None and published.tzinfo is not None and published >= since.replace(microsecond=0)
    )


def _is(entry: Mapping[str, Any], handles: Mapping[str, Any], since: datetime) -> bool:
    if not member(entry, "contentDetails").get("videoId") or not _is_since(entry, since):
        return False
    return essence(member(entry, "snippet").get("title")) == essence(handles.get("title"))
