"""What LinkedIn is as data: addresses, scopes, limits, each number with its source and the day it was read."""

from __future__ import annotations

from datetime import date

from polypost.platforms.base import ApiVersion, MediaProfile, OAuth2, Spec, limits_read
from polypost.platforms.kit.media import MIB

_LEARN = "Microsoft Learn, LinkedIn"
_POSTS = f"{_LEARN}: Posts API"
_IMAGES = f"{_LEARN}: Images API"
_MULTI = f"{_LEARN}: MultiImage API"
_VIDEOS = f"{_LEARN}: Videos API"
_DOCUMENTS = f"{_LEARN}: Documents API"
_POLLS = f"{_LEARN}: Poll API"
_COMMENTS = f"{_LEARN}: Comments API"
_SHARE = f"{_LEARN}: Share on LinkedIn"
_READ = date(2026, 11, 24)

API = "https://api.linkedin.com"
WEB = "https://www.linkedin.com"
VERSION = "202609"

_limit = limits_read(_READ)

OAUTH = OAuth2(
    authorize_url=f"{WEB}/oauth/v2/authorization",
    token_url=f"{WEB}/oauth/v2/accessToken",
    scopes=("openid", "profile", "w_member_social"),
    app_refusals=frozenset({"invalid_client", "unauthorized_client", "invalid_client_id"}),
    revoke_url=f"{WEB}/oauth/v2/revoke",
    revokes=("access_token",),
    token_type_hint=False,
    no_renewal="LinkedIn gives this app no refresh tokens; a login lasts 60 days.",
)

SPEC = Spec(
    id="linkedin",
    name="LinkedIn",
    other_names=("li",),
    availability="prod",
    # Versions live for at least twelve months and end on the 15th; this is the earliest day for it.
    api_version=ApiVersion(VERSION, date(2027, 9, 15), f"{_LEARN}: API versioning"),
    oauth=OAUTH,
    hosts={"api": API, "web": WEB},
    text_limit="text_characters",
    limits={
        "text_characters": _limit(3_000, "characters", _POSTS),
        "multi_image_min": _limit(2, "items", _MULTI),
        "multi_image_max": _limit(20, "items", _MULTI),
        "alt_text_characters": _limit(4_086, "characters", _IMAGES),
        "image_pixels": _limit(36_152_319, "pixels", _IMAGES),
        "gif_frames": _limit(250, "frames", _IMAGES),
        "video_bytes_min": _limit(75 * 1024, "bytes", _VIDEOS),
        "video_bytes_max": _limit(500 * MIB, "bytes", _VIDEOS),
        "video_seconds_min": _limit(3, "seconds", _VIDEOS),
        "video_seconds_max": _limit(1_800, "seconds", _VIDEOS),
        "document_bytes": _limit(100 * MIB, "bytes", _DOCUMENTS),
        "document_pages": _limit(300, "pages", _DOCUMENTS),
        "article_title_characters": _limit(400, "characters", _POSTS),
        "poll_question_characters": _limit(140, "characters", _POLLS),
        "poll_option_characters": _limit(30, "characters", _POLLS),
        "poll_options_min": _limit(2, "options", _POLLS),
        "poll_options_max": _limit(4, "options", _POLLS),
        "comment_characters": _limit(1_250, "characters", _COMMENTS),
        "posts_per_member_day": _limit(150, "posts / day (UTC)", _SHARE),
        "posts_per_app_day": _limit(100_000, "posts / day (UTC)", _SHARE),
    },
    media_types={
        "image": ("image/jpeg", "image/png", "image/gif"),
        "gif": ("image/gif",),
        "video": ("video/mp4",),
        "document": ("application/pdf",),
    },
    described=("image", "gif"),
    media={
        "image": MediaProfile(
            _IMAGES, _READ, ("image/jpeg", "image/png", "image/gif"), pixels="image_pixels"
        ),
        "gif": MediaProfile(
            _IMAGES, _READ, ("image/gif",), pixels="image_pixels", frames="gif_frames", transparent=True
        ),
        "video": MediaProfile(
            _VIDEOS,
            _READ,
            ("video/mp4",),
            bytes="video_bytes_max",
            least_bytes="video_bytes_min",
            min_seconds="video_seconds_min",
            max_seconds="video_seconds_max",
            codecs=("h264",),
            sounds=("aac",),
        ),
    },
    lists={"every post": True},
    reconcile_kind="DL",
    retry_when_absent="unique_text",
    post_kinds=("text", "image", "multi-image", "video", "document", "article", "poll", "reshare"),
    quirks=(
        "A login stands for a person and, where the app is vetted, for the organizations this person administers.",
        "Apps that LinkedIn has not vetted get no refresh token: the account has to be connected again every 60 days.",
        "Such apps cannot read posts back, so an answer that was lost stays unknown.",
        "LinkedIn reads no links: a link card shows the title, description and picture that the post gives.",
        "A picture beside an articleUrl becomes the picture of the link card.",
        "Pictures, a video, a document, a link card and a poll exclude each other.",
        "Organizations have no connections, so their posts are public.",
        "LinkedIn refuses what the account has posted a short while ago, and names the earlier post.",
        "How many posts a day are left is told nowhere; a day ends at 00:00 UTC.",
    ),
    account_choice=True,
)
