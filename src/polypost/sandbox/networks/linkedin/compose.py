"""From the body of a create call to a post: what LinkedIn looks at, in the order in which it complains."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from polypost import clock
from polypost.sandbox.networks.linkedin import errors, little, urns
from polypost.sandbox.networks.linkedin.auth import Caller
from polypost.sandbox.networks.linkedin.library import Asset, Library
from polypost.sandbox.networks.linkedin.limits import limit
from polypost.sandbox.networks.linkedin.little import Little
from polypost.sandbox.networks.linkedin.people import Directory
from polypost.sandbox.simkit import Media, Network, Refused, SimPost

VISIBILITY = ("PUBLIC", "CONNECTIONS", "LOGGED_IN", "CONTAINER")
DISTRIBUTION = ("MAIN_FEED", "NONE")
DURATIONS = ("ONE_DAY", "THREE_DAYS", "SEVEN_DAYS", "FOURTEEN_DAYS")
KINDS = ("media", "multiImage", "article", "poll")


@dataclass(frozen=True, slots=True)
class Order:
    """A post that may be made: what it says and shows, and what LinkedIn compares to find duplicates."""

    author: str
    text: Little
    record: dict[str, Any]
    assets: tuple[tuple[Asset, str], ...] = ()
    thumbnail: Asset | None = None

    @property
    def kind(self) -> str:
        """`share`, or `ugcPost` for videos and several images."""
        several = len(self.assets) > 1
        # Recorded answers name videos and several images so, everything else share.
        return "ugcPost" if several or any(asset.kind == "video" for asset, _ in self.assets) else "share"

    @property
    def fingerprint(self) -> str:
        """Author, text and content."""
        compared = [
            self.author,
            self.text.little,
            self.record.get("content"),
            self.record.get("reshareContext"),
        ]
        return json.dumps(compared, sort_keys=True)


@dataclass(slots=True)
class _Shown:
    """What the content of a post refers to."""

    assets: list[tuple[Asset, str]] = field(default_factory=list)
    thumbnail: Asset | None = None
    early: bool = False


class Composer:
    """Judges and makes posts."""

    def __init__(self, net: Network, library: Library, directory: Directory) -> None:
        self._net = net
        self._library = library
        self._directory = directory

    def find(self, urn: str, *, deleted: bool = False) -> SimPost | None:
        """A post by any of its URNs: an activity has the number of its share or ugcPost."""
        if urns.kind_of(urn) not in urns.POSTS:
            return None
        number = urns.id_of(urn)
        for name in dict.fromkeys((urn, f"urn:li:share:{number}", f"urn:li:ugcPost:{number}")):
            if (post := self._net.posts.get(name, deleted=deleted)) is not None:
                return post
        return None

    def read(self, commentary: Any) -> Little:
        """A commentary, understood. Raises Refused (400) when it is none or too long."""
        if not isinstance(commentary, str):
            raise errors.invalid("MISSING_FIELD", "commentary is missing", "commentary")
        text = little.read(commentary, self._directory.name)
        if len(text.text) > limit("text_characters"):
            message = f"The commentary has {len(text.text)} characters, more than {limit('text_characters')}"
            raise errors.invalid("FIELD_LENGTH_TOO_LONG", message, "commentary")
        return text

    def check(self, caller: Caller, body: dict[str, Any], *, early: bool = False) -> Order:
        """The order behind a body. Raises Refused."""
        author = self._author(caller, body)
        text = self.read(body.get("commentary"))
        _choice(body, "visibility", VISIBILITY)
        if body["visibility"] == "CONNECTIONS" and urns.kind_of(author) == "organization":
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "Organizations have no connections", "visibility")
        _choice(
            _object(body, "distribution"), "feedDistribution", DISTRIBUTION, "distribution/feedDistribution"
        )
        if _text(body, "lifecycleState", "lifecycleState") != "PUBLISHED":
            message = "Only PUBLISHED can be created"
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", message, "lifecycleState")
        shown = self._content(author, body.get("content"), early=early)
        reshared = self._reshared(body.get("reshareContext"))
        if not text.text and not body.get("content") and not reshared:
            raise errors.invalid("MISSING_FIELD", "The post has neither commentary nor content", "commentary")
        kept = ("author", "visibility", "distribution", "lifecycleState", "content", "reshareContext")
        record = {name: body[name] for name in kept if body.get(name)}
        record["commentary"] = text.little
        record["isReshareDisabledByAuthor"] = body.get("isReshareDisabledByAuthor") is True
        return Order(author, text, record, tuple(shown.assets), shown.thumbnail)

    def refuse_duplicate(self, order: Order) -> None:
        """Raises Refused (422) when the author has the same post already."""
        # Its documents speak of ten minutes, reports of 24 to 48 hours.
        since = clock.now() - timedelta(hours=limit("duplicate_hours"))
        same = self._net.posts.same_since(order.author, order.fingerprint, since)
        if same is not None:
            raise Refused(errors.duplicate(same.id))

    def make(self, order: Order) -> SimPost:
        """Make the post visible."""
        now = int(clock.now().timestamp() * 1000)
        urn = f"urn:li:{order.kind}:{self._net.snowflake(epoch_ms=0)}"
        record = {
            "id": urn,
            **order.record,
            "createdAt": now,
            "publishedAt": now,
            "lastModifiedAt": now,
            "lifecycleStateInfo": {"isEditedByAuthor": False},
        }
        media: list[Media] = [asset.as_media(alt) for asset, alt in order.assets]
        return self._net.posts.add(
            id=urn,
            account_id=order.author,
            text=order.text.text,
            permalink=f"/feed/update/{urn}/",
            media=media,
            raw={
                "record": record,
                "cut": order.text.cut,
                "unescaped": order.text.loose,
                "damaged": any(asset.damaged for asset, _ in order.assets),
                "thumbnail": order.thumbnail.as_media() if order.thumbnail else None,
            },
            fingerprint=order.fingerprint,
        )

    def _author(self, caller: Caller, body: dict[str, Any]) -> str:
        author = _text(body, "author", "author")
        if urns.kind_of(author) not in urns.AUTHORS:
            code = "INVALID_URN_TYPE" if urns.kind_of(author) else "INVALID_URN_ID"
            raise errors.invalid(code, "The author is no member and no organization", "author")
        if not caller.writes(author):
            raise errors.denied("partnerApiPostsExternal.CREATE")
        return author

    def _content(self, author: str, content: Any, *, early: bool) -> _Shown:
        shown = _Shown(early=early)
        if content is None:
            return shown
        if not isinstance(content, dict) or len(kinds := [name for name in KINDS if name in content]) != 1:
            message = "The content has to be one of media, multiImage, article and poll"
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", message, "content")
        part = _object(content, kinds[0], f"content/{kinds[0]}")
        match kinds[0]:
            case "media":
                self._media(author, part, shown)
            case "multiImage":
                self._images(author, part, shown)
            case "article":
                self._article(author, part, shown)
            case "poll":
                _poll(part)
        return shown

    def _media(self, author: str, part: dict[str, Any], shown: _Shown) -> None:
        asset = self._asset(
            author, part.get("id"), ("image", "video", "document"), "content/media/id", early=shown.early
        )
        # Documents need a title, images and videos do not (Posts API).
        if asset.kind == "document":
            _text(part, "title", "content/media/title")
        shown.assets.append((asset, _alt(part, "content/media/altText")))

    def _images(self, author: str, part: dict[str, Any], shown: _Shown) -> None:
        images = part.get("images")
        low, high = limit("multi_image_min"), limit("multi_image_max")
        path = "content/multiImage/images"
        if not isinstance(images, list) or not low <= len(images) <= high:
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"There must be {low} to {high} images", path)
        for number, image in enumerate(images):
            if not isinstance(image, dict):
                raise errors.invalid("INVALID_VALUE_FOR_FIELD", "An image is no object", path)
            asset = self._asset(author, image.get("id"), ("image",), f"{path}/{number}/id", early=shown.early)
            shown.assets.append((asset, _alt(image, f"{path}/{number}/altText")))

    def _article(self, author: str, part: dict[str, Any], shown: _Shown) -> None:
        source = urlsplit(_text(part, "source", "content/article/source"))
        if source.scheme not in {"http", "https"} or not source.hostname:
            raise errors.invalid(
                "INVALID_VALUE_FOR_FIELD", "The source is no web address", "content/article/source"
            )
        # LinkedIn does not read the address: what the card shows has to be given (Posts API).
        _text(part, "title", "content/article/title")
        _short(part, "title", "article_title_characters", "content/article/title")
        _short(part, "description", "article_description_characters", "content/article/description")
        if part.get("thumbnail"):
            path = "content/article/thumbnail"
            shown.thumbnail = self._asset(author, part["thumbnail"], ("image",), path)

    def _asset(
        self, author: str, urn: Any, kinds: tuple[str, ...], path: str, *, early: bool = False
    ) -> Asset:
        if not isinstance(urn, str) or not urn:
            raise errors.invalid("MISSING_FIELD", "The id is missing", path)
        kind = urns.kind_of(urn)
        if kind not in kinds:
            code = "INVALID_URN_TYPE" if kind else "INVALID_URN_ID"
            raise errors.invalid(code, f"{urn[:60]} is not one of {', '.join(kinds)}", path)
        asset = self._library.get(urn)
        if asset is None or asset.owner != author:
            code = "INVALID_VIDEO_ID" if kind == "video" else "INVALID_URN_ID"
            raise errors.invalid(code, f"{urn} does not exist or belongs to somebody else", path)
        # MEDIA_ASSET_WAITING_UPLOAD and _PROCESSING tell clients to wait and send the post again.
        if asset.status != "AVAILABLE" and not (early and asset.status == "PROCESSING"):
            raise errors.invalid(f"MEDIA_ASSET_{asset.status}", f"{urn} is not ready", path)
        return asset

    def _reshared(self, context: Any) -> bool:
        """Whether another post is shown. What is not from here is taken for somebody else's, if its number may be one."""
        if context is None:
            return False
        parent = context.get("parent") if isinstance(context, dict) else None
        urn = parent if isinstance(parent, str) else ""
        post = self.find(urn, deleted=True)
        if post is None and not (urns.kind_of(urn) in urns.POSTS and urns.is_plausible(urn)):
            raise errors.invalid("INVALID_URN_ID", "There is no such post", "reshareContext/parent")
        if post is not None and post.deleted is not None:
            raise errors.invalid("INVALID_URN_ID", "The post was deleted", "reshareContext/parent")
        if post is not None and post.raw["record"]["isReshareDisabledByAuthor"]:
            raise errors.denied("partnerApiPostsExternal.CREATE")
        return True


def _poll(part: dict[str, Any]) -> None:
    _text(part, "question", "content/poll/question")
    _short(part, "question", "poll_question_characters", "content/poll/question")
    options = part.get("options")
    low, high = limit("poll_options_min"), limit("poll_options_max")
    path = "content/poll/options"
    if not isinstance(options, list) or not low <= len(options) <= high:
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", f"There must be {low} to {high} options", path)
    for number, option in enumerate(options):
        place = f"{path}/{number}/text"
        if not isinstance(option, dict):
            raise errors.invalid("INVALID_VALUE_FOR_FIELD", "An option is no object", path)
        _text(option, "text", place)
        _short(option, "text", "poll_option_characters", place)
    settings = _object(part, "settings", "content/poll/settings")
    _choice(settings, "duration", DURATIONS, "content/poll/settings/duration")


def _object(body: dict[str, Any], name: str, path: str = "") -> dict[str, Any]:
    found = body.get(name)
    if not isinstance(found, dict):
        raise errors.invalid("MISSING_FIELD", f"{path or name} is missing", path or name)
    return found


def _text(body: dict[str, Any], name: str, path: str) -> str:
    found = body.get(name)
    if not isinstance(found, str) or not found.strip():
        raise errors.invalid("MISSING_FIELD", f"{path} is missing", path)
    return found


def _choice(body: dict[str, Any], name: str, known: tuple[str, ...], path: str = "") -> None:
    if _text(body, name, path or name) not in known:
        message = f"{path or name} must be one of {', '.join(known)}"
        raise errors.invalid("INVALID_VALUE_FOR_FIELD", message, path or name)


def _short(body: dict[str, Any], name: str, bound: str, path: str) -> None:
    text = body.get(name) or ""
    if not isinstance(text, str) or len(text) > limit(bound):
        raise errors.invalid("FIELD_LENGTH_TOO_LONG", f"{path} has more than {limit(bound)} characters", path)


def _alt(body: dict[str, Any], path: str) -> str:
    _short(body, "altText", "alt_text_characters", path)
    return body.get("altText") or ""
