"""What the creator's own settings allow, asked before each direct post as TikTok demands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polypost.errors import RateLimited, Rejected
from polypost.platforms.abilities import Creator
from polypost.platforms.base import Post, Run, Session
from polypost.platforms.kit.answers import word
from polypost.platforms.tiktok.api import call
from polypost.platforms.tiktok.options import TikTokOptions

_PATH = "/v2/post/publish/creator_info/query/"


async def ask(run: Run) -> dict[str, Any]:
    """The creator's name and settings. A daily cap is told here already, and then the whole account waits."""
    try:
        data = await call(run, "POST", _PATH, json={})
    except RateLimited as limited:
        await run.hold(limited.until)
        raise
    creator = _read(data)
    return {
        "username": creator.username,
        "privacy": list(creator.audiences),
        "comment": creator.comments_off,
        "duet": creator.duets_off,
        "stitch": creator.stitches_off,
        "longest": creator.longest,
    }


async def look(session: Session) -> Creator:
    """The same outside of a post, for whoever builds a form for one."""
    return _read(await call(session, "POST", _PATH, json={}))


def _read(data: Mapping[str, Any]) -> Creator:
    options = data.get("privacy_level_options")
    longest = data.get("max_video_post_duration_sec")
    return Creator(
        avatar_url=word(data.get("creator_avatar_url")),
        username=word(data.get("creator_username")),
        name=word(data.get("creator_nickname")),
        audiences=[each for each in options if isinstance(each, str)] if isinstance(options, list) else [],
        comments_off=data.get("comment_disabled") is True,
        duets_off=data.get("duet_disabled") is True,
        stitches_off=data.get("stitch_disabled") is True,
        longest=longest if isinstance(longest, int | float) else None,
    )


def judge(creator: Mapping[str, Any], post: Post) -> None:
    """Raise Rejected for everything in the post that the creator's settings do not allow."""
    wrong = list(_wrong(creator, post))
    if wrong:
        raise Rejected(
            " ".join(said for said, _ in wrong),
            code="not_permitted",
            next_step=" ".join(change for _, change in wrong),
        )


def _wrong(creator: Mapping[str, Any], post: Post) -> Iterator[tuple[str, str]]:
    options, video = post.options, post.media[0].ref.type == "video"
    assert isinstance(options, TikTokOptions)
    offered = creator["privacy"]
    if offered and options.audience not in offered:
        yield (
            f"platformSpecificData.privacyLevel: the account does not offer {options.audience}.",
            f"Choose one of {', '.join(offered)}.",
        )
    flags = {"Comment": options.disable_comment}
    if video:
        flags |= {"Duet": options.disable_duet, "Stitch": options.disable_stitch}
    for name, disabled in flags.items():
        if creator[name.lower()] and not disabled:
            yield (
                f"platformSpecificData.disable{name}: the account has switched this off.",
                f"Set disable{name} to true.",
            )
    longest, length = creator["longest"], post.media[0].facts.duration if video else None
    # Encoders round the last frame up.
    if longest and length and round(length, 1) > longest:
        yield (
            f"mediaItems[0]: this account may post videos of at most {longest:g} seconds; this one lasts {length:.1f}.",
            "Cut the video.",
        )
