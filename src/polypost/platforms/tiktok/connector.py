"""TikTok, told from top to bottom: ask the creator's settings, send the media, wait for TikTok's word, find the address."""

from __future__ import annotations

from functools import partial
from typing import Any

from polypost.errors import RateLimited, Rejected, Unavailable
from polypost.platforms.abilities import Creator
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Connector,
    Found,
    Post,
    Proof,
    Reconciled,
    RetryRule,
    Run,
    Session,
)
from polypost.platforms.tiktok import check, creators, oauth, status, upload
from polypost.platforms.tiktok.api import publish
from polypost.platforms.tiktok.drawing import DRAWING
from polypost.platforms.tiktok.metrics import PostMetrics
from polypost.platforms.tiktok.options import TikTokOptions
from polypost.platforms.tiktok.spec import SPEC, WEB

_PUBLISH = "/v2/post/publish"
_INBOX = f"{WEB}/messages"
_NO_ADDRESS = "The post is out, but TikTok has not told its address yet; the link leads to the profile."


class TikTokConnector(PostMetrics, Connector):
    """Publishes videos and photos through the Content Posting API v2."""

    spec = SPEC
    drawing = DRAWING
    options = TikTokOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)

    async def creator(self, session: Session) -> Creator:
        """The creator's settings as TikTok tells them now."""
        return await creators.look(session)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Settings, media, TikTok's word, address."""
        if post.options.draft:
            return await self._draft(run, post)
        creator = await run.step("creator", partial(creators.ask, run))
        creators.judge(creator, post)
        if _video(post):
            taken = await upload.send(run, post, f"{_PUBLISH}/video/init/", _video_info(post))
        else:
            taken = await self._photos(run, post)
        ids = await status.published(run, taken.id)
        username = creator["username"] or run.account.username
        profile = f"{WEB}/@{username}" if username else None
        # Only public posts ever get an id of their own.
        if post.options.audience != "PUBLIC_TO_EVERYONE":
            return Proof(taken.id, profile)
        find = partial(status.public_id, run, taken.id)
        number = ids[0] if ids else await run.after("public id", find, warning=_NO_ADDRESS)
        if number is None:
            run.warn(_NO_ADDRESS)
            return Proof(taken.id, profile)
        return Proof(
            number, f"{profile}/{'video' if _video(post) else 'photo'}/{number}" if profile else None
        )

    async def look(self, run: Run, attempt: Attempt) -> Reconciled:
        """Ask for the publication by its id, which was stored before the last byte; photos have none by then."""
        publish_id = attempt.handles.get("publish_id")
        if publish_id is None:
            return CannotTell("TikTok names a photo post only in the answer that was lost.")
        try:
            seen = await status.ask(run, publish_id)
        except (Rejected, RateLimited, Unavailable) as unreadable:
            return CannotTell(str(unreadable))
        if seen.out or seen.word == "FAILED":
            # FAILED is TikTok's verdict on what it has taken; the story reads it next.
            return Found(Proof(publish_id))
        if seen.word != "PROCESSING_UPLOAD" or seen.uploaded is None:
            return CannotTell(f"TikTok's status is {seen.word or 'unknown'}.")
        return Found(Proof(publish_id)) if seen.uploaded >= attempt.handles["size"] else Absent()

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """A last chunk that did not arrive may be sent again; a call that made TikTok fetch photos may not."""
        return "always" if "publish_id" in attempt.handles else "never"

    async def _draft(self, run: Run, post: Post) -> Proof:
        """Into the creator's inbox: the creator's settings are asked in the app, when it is finished there."""
        if _video(post):
            if post.text.strip():
                run.warn("A TikTok video draft has no caption, so the text was left out; add it in the app.")
            taken = await upload.send(run, post, f"{_PUBLISH}/inbox/video/init/", {})
        else:
            taken = await self._photos(run, post)
        await status.published(run, taken.id)
        return Proof(taken.id, _INBOX)

    async def _photos(self, run: Run, post: Post) -> Proof:
        """One call, after which TikTok fetches the photos by itself."""
        # By address alone: the Content Posting API has no upload of photos (read 2026-11-24).
        body = _photo_body(post, [file.public_url for file in post.media])

        async def send() -> Proof:
            return Proof(await publish(run, f"{_PUBLISH}/content/init/", body))

        return await run.commit(upload.PART, send, handles={"photos": len(post.media)})


def _video(post: Post) -> bool:
    return post.media[0].ref.type == "video"


def _video_info(post: Post) -> dict[str, Any]:
    options = post.options
    cover = options.video_cover_timestamp_ms
    return {
        **({"title": post.text} if post.text else {}),
        "privacy_level": options.audience,
        "disable_duet": bool(options.disable_duet),
        "disable_stitch": bool(options.disable_stitch),
        "disable_comment": bool(options.disable_comment),
        "brand_content_toggle": bool(options.brand_content_toggle),
        "brand_organic_toggle": bool(options.brand_organic_toggle),
        "is_aigc": bool(options.is_aigc),
        **({"video_cover_timestamp_ms": cover} if cover is not None else {}),
    }


def _photo_body(post: Post, urls: list[str]) -> dict[str, Any]:
    options = post.options
    described = post.text if options.description is None else options.description
    texts = {"title": post.text, "description": described}
    settings = {
        "privacy_level": options.audience,
        "disable_comment": bool(options.disable_comment),
        "auto_add_music": options.auto_add_music is not False,
        "brand_content_toggle": bool(options.brand_content_toggle),
        "brand_organic_toggle": bool(options.brand_organic_toggle),
    }
    return {
        "media_type": "PHOTO",
        "post_mode": "MEDIA_UPLOAD" if options.draft else "DIRECT_POST",
        "post_info": {name: text for name, text in texts.items() if text}
        | ({} if options.draft else settings),
        "source_info": {
            "source": "PULL_FROM_URL",
            "photo_images": urls,
            "photo_cover_index": options.photo_cover_index or 0,
        },
    }
