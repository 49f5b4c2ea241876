"""The API's own objects, typed: dictionaries with the API's own keys, so that a newer server's further keys are there too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, Required, TypeAlias, TypedDict

Answer: TypeAlias = dict[str, Any]
When: TypeAlias = str | datetime


class Entry(TypedDict, total=False):
    """One account of a post; `content` and `platformSpecificData` are for it alone."""

    platform: Required[str]
    accountId: Required[str]
    content: str
    platformSpecificData: Mapping[str, Any]
    fit: Mapping[str, Any]


class MediaItem(TypedDict, total=False):
    """A file of a post; `type` is `image`, `gif`, `video` or `document`."""

    type: Required[str]
    url: Required[str]
    thumbnail: str
    altText: str
    fit: Mapping[str, Any]


class Target(TypedDict, total=False):
    """What became of one account of a post; `errorCode`, `waitingFor` and `nextAt` are not PostPeer's."""

    platform: Required[str]
    accountId: str
    status: Required[str]
    content: str | None
    platformPostId: str | None
    platformPostUrl: str | None
    publishedAt: str | None
    errorMessage: str | None
    errorCode: str | None
    warningMessage: str | None
    waitingFor: str
    nextAt: str | None


class Post(TypedDict):
    """A post; `status` is `draft`, `scheduled`, `publishing`, `published`, `partial` or `failed`, in PostPeer's words also `pending`."""

    postId: str
    content: str
    status: str
    scheduledFor: str | None
    timezone: str
    mediaItems: list[MediaItem]
    platforms: list[Target]
    createdAt: str
    updatedAt: str
    late: NotRequired[str]
    lateAfter: NotRequired[int | None]
    scheduleId: NotRequired[str | None]


class Result(TypedDict, total=False):
    """What is known of one account when a post was just taken; `success` is true unless it failed."""

    platform: Required[str]
    accountId: str
    success: Required[bool]
    status: str
    platformPostId: str
    platformPostUrl: str
    error: str
    code: str | None
    warningMessage: str


class Taken(TypedDict):
    """The answer to what makes or repeats a post."""

    success: bool
    status: str
    postId: str
    platforms: list[Result]
    scheduledFor: NotRequired[str]
    timezone: NotRequired[str]
    warningMessage: NotRequired[str]


class Place(TypedDict):
    """Where a file goes to and where it is read; the last three are not PostPeer's."""

    uploadUrl: str
    publicUrl: str
    expiresAt: NotRequired[str]
    maxBytes: NotRequired[int]
    resumable: NotRequired[bool]


class Account(TypedDict):
    """A connected account; `authStatus` is `active` or `reconnect_required`."""

    id: str
    platform: str
    platformUserId: str | None
    username: str | None
    displayName: str | None
    profileId: str | None
    authStatus: str
    authFailureReason: str | None
    createdAt: str


class Keyed(TypedDict, total=False):
    """`idempotency_key`: a key of your own instead of a random one; the same key with the same call is done once."""

    idempotency_key: str


class Waiting(Keyed, total=False):
    """`respond_async`: an answer at once, without the up to 20 seconds that the server waits for networks."""

    respond_async: bool


class Parts(Keyed, total=False):
    """Parts of a post without an hour."""

    media_items: Sequence[MediaItem]
    media_fit: str
    timezone: str
    late: str
    late_after: int


class Timed(Parts, total=False):
    """Parts of a post with an hour: a text, or a datetime; one without an offset is wall time in `timezone`."""

    scheduled_for: When


class New(Timed, Waiting, total=False):
    """Parts of a post: give `publish_now=True` or `scheduled_for`."""

    publish_now: bool


class Moment(Keyed, total=False):
    """When a draft goes out: one of `scheduled_for` (with `timezone`), `publish_now=True`, `queue=True` (with `profile_id`)."""

    scheduled_for: When
    timezone: str
    publish_now: bool
    queue: bool
    profile_id: str


class Change(Waiting, total=False):
    """What of a post's failed targets is changed; what is left out stays."""

    content: str
    media_items: Sequence[MediaItem]
    platforms: Sequence[Mapping[str, Any]]
    force: bool


class Paged(TypedDict, total=False):
    """A part of a list: `limit` entries after the first `offset`, `sort` is `asc` or `desc`."""

    limit: int
    offset: int
    sort: str


class Leafed(TypedDict, total=False):
    """A page of a list, from 1, with `limit` entries."""

    page: int
    limit: int


class PostsQuery(Paged, total=False):
    """Which posts; `profile_id="null"` are those of no profile."""

    status: str
    platform: str | Sequence[str]
    profile_id: str
    created_after: When
    created_before: When
    scheduled_after: When
    scheduled_before: When


class AccountsQuery(Paged, total=False):
    """Which accounts; `q` is a part of a name, or a whole id."""

    platform: str | Sequence[str]
    profile_id: str
    q: str


class ConsentQuery(TypedDict, total=False):
    """How an account is connected; `server` is Mastodon's."""

    redirect_uri: str
    cancel_redirect_uri: str
    headless: bool
    profile_id: str
    app_id: str
    server: str


class SubscriptionParts(TypedDict, total=False):
    """Who is told of what: `webhook={"url": …}` or `email={"recipients": […]}`."""

    profile_id: str | None
    only_scheduled_posts: bool
    enabled: bool
    webhook: Mapping[str, Any]
    email: Mapping[str, Any]


class SubscriptionChange(SubscriptionParts, total=False):
    """What of a subscription is changed."""

    event_types: Sequence[str]


class ScheduleParts(Keyed, total=False):
    """Parts of a recurring post; `starts_at` is wall time in `timezone`."""

    media_items: Sequence[MediaItem]
    media_fit: str
    timezone: str
    name: str
    late: str
    late_after: int


class ScheduleChange(ScheduleParts, total=False):
    """What of a recurring post is changed."""

    content: str
    platforms: Sequence[Entry]
    rule: str
    starts_at: str


class FiguresQuery(Leafed, total=False):
    """Which figures: of one post, or of the posts of a period; days as `YYYY-MM-DD`."""

    post_id: str
    platform: str
    account_id: str
    source: str
    from_date: str
    to_date: str
    sort_by: str
    order: str


class ImageParts(TypedDict, total=False):
    """What a picture is to be like."""

    aspect_ratio: str
    style: str
    reference_image_urls: Sequence[str]
    asset_image_urls: Sequence[str]
    reference_image_url: str
