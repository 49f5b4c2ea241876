"""From the parameters of `POST /api/v1/statuses` to a status: every rule that a server holds against it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from polypost.sandbox.networks.mastodon.auth import Auth
from polypost.sandbox.networks.mastodon.errors import invalid, not_found, refused
from polypost.sandbox.networks.mastodon.intake import Sent, as_flag, as_text
from polypost.sandbox.networks.mastodon.library import IMAGE, Library, Upload
from polypost.sandbox.networks.mastodon.limits import limit
from polypost.sandbox.networks.mastodon.rules import Rules
from polypost.sandbox.networks.mastodon.text import graphemes, length
from polypost.sandbox.simkit import Caller, Network, SimPost

VISIBILITIES = ("public", "unlisted", "private", "direct")
POLICIES = ("public", "followers", "nobody")
NO_PARENT = "The post you are trying to reply to does not appear to exist."
NOT_READY = "Cannot attach files that have not finished processing. Try again in a moment!"
MIXED = "Cannot attach a video to a post that already contains images"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True)
class Order:
    """A status that may be made."""

    account_id: str
    text: str
    spoiler: str
    uploads: tuple[Upload, ...]
    parent: SimPost | None
    quoted: SimPost | None
    poll: dict[str, Any] | None
    raw: dict[str, Any]


class Composer:
    """Checks orders and makes statuses of them."""

    def __init__(self, net: Network, auth: Auth, library: Library, rules: Rules) -> None:
        self._auth = auth
        self._library = library
        self._rules = rules
        self._net = net

    def check(
        self, caller: Caller, sent: Sent, *, older: bool, silenced: bool, edited: SimPost | None = None
    ) -> Order:
        """The order in a call. Raises Refused with the server's answer to the first rule that is broken."""
        parent = self._parent(sent)
        text, spoiler = sent.text("status"), sent.text("spoiler_text")
        if not text.strip() and spoiler.strip():
            # As the source of the server has it: a warning without a text becomes the text.
            text, spoiler = spoiler, ""
        uploads = self._media(caller, sent, older=older, edited=edited)
        poll = self._poll(sent)
        # By the documentation; Mastodon.py 2.3.3 says that 4.6 takes both.
        if poll is not None and uploads:
            raise invalid("Media attachments cannot be combined with a poll")
        if not text.strip() and not uploads:
            raise invalid("Text can't be blank")
        most = self._rules.limit("text_characters")
        if length(text, spoiler, per_url=self._rules.limit("url_characters")) > most:
            raise invalid(f"Text character limit of {most} exceeded")
        quoted = None if older else self._quoted(sent)
        if quoted is not None and (poll is not None or uploads):
            raise invalid("Quotes cannot be combined with media attachments or polls")
        return Order(
            account_id=caller.account.id,
            text=text,
            spoiler=spoiler,
            uploads=uploads,
            parent=parent,
            quoted=quoted,
            poll=poll,
            raw=self._raw(caller, sent, text, spoiler, silenced=silenced),
        )

    def _raw(self, caller: Caller, sent: Sent, text: str, spoiler: str, *, silenced: bool) -> dict[str, Any]:
        visibility = sent.text("visibility", "public") or "public"
        if visibility not in VISIBILITIES:
            raise invalid("Visibility is not included in the list")
        # A limited account's public statuses leave the public timelines without a word.
        if silenced and visibility == "public":
            visibility = "unlisted"
        policy = sent.text("quote_approval_policy", "public") or "public"
        if policy not in POLICIES:
            raise invalid("Quote approval policy is not included in the list")
        language = sent.text("language") or None
        app = self._auth.app_of(caller.token.client_id)
        return {
            "spoiler_text": spoiler,
            # A warning makes the status sensitive.
            "sensitive": bool(sent.flag("sensitive")) or bool(spoiler),
            "visibility": visibility,
            "language": language if language and _LANGUAGE.fullmatch(language) else None,
            "quote_policy": "nobody" if visibility in {"private", "direct"} else policy,
            "application": {"name": app["name"], "website": app["website"]} if app else None,
            "source": text,
        }

    def make(self, order: Order) -> SimPost:
        """Make the status visible."""
        post_id = self._net.snowflake(epoch_ms=0, random_bits=16)
        account = self._net.accounts.get(order.account_id)
        assert account is not None
        raw = order.raw | {"media_ids": [upload.id for upload in order.uploads], "history": []}
        if order.poll:
            raw["poll"] = order.poll
        if order.quoted:
            raw["quoted"] = order.quoted.id
        with self._net.store.transaction():
            post = self._net.posts.add(
                id=post_id,
                account_id=order.account_id,
                text=order.text,
                permalink=f"/@{account.username}/{post_id}",
                media=[upload.as_media() for upload in order.uploads],
                raw=raw,
                parent=order.parent.id if order.parent else None,
                thread=order.parent.thread if order.parent else post_id,
            )
            self._library.attach(order.uploads, post_id)
            if order.quoted:
                quoters = [*order.quoted.raw.get("quoted_by", []), post_id]
                self._net.posts.update(order.quoted.id, raw={**order.quoted.raw, "quoted_by": quoters})
        return post

    def _parent(self, sent: Sent) -> SimPost | None:
        wanted = sent.text("in_reply_to_id")
        if not wanted:
            return None
        parent = self._net.posts.get(wanted)
        if parent is None:
            raise refused(404, NO_PARENT)
        return parent

    def _quoted(self, sent: Sent) -> SimPost | None:
        wanted = sent.text("quoted_status_id")
        if not wanted:
            return None
        quoted = self._net.posts.get(wanted)
        if quoted is None:
            raise not_found()
        if quoted.raw["quote_policy"] == "nobody":
            raise refused(403, "This action is not allowed")
        return quoted

    def _media(
        self, caller: Caller, sent: Sent, *, older: bool, edited: SimPost | None
    ) -> tuple[Upload, ...]:
        ids = [as_text(each) for each in sent.listed("media_ids") if as_text(each)]
        if len(ids) > self._rules.limit("media_per_post"):
            raise invalid(f"Cannot attach more than {self._rules.limit('media_per_post')} files")
        own = set(edited.raw["media_ids"]) if edited else set()
        found: list[Upload] = []
        for media_id in ids:
            upload = self._library.get(media_id)
            mine = upload is not None and upload.account_id == caller.account.id
            if upload is not None and mine and (upload.waiting or media_id in own):
                found.append(upload)
            # Older servers leave out media that they do not find, without a word.
            elif not older:
                raise invalid(
                    f"Media attachment {media_id} could not be found or is already attached to another post"
                )
        if len(found) > 1 and any(upload.kind != IMAGE for upload in found):
            raise invalid(MIXED)
        if any(not upload.ready or upload.failed for upload in found):
            raise invalid(NOT_READY)
        return tuple(found)

    def _poll(self, sent: Sent) -> dict[str, Any] | None:
        poll = sent.values.get("poll")
        if not isinstance(poll, dict) or not poll.get("options"):
            return None
        given = poll["options"] if isinstance(poll["options"], list) else [poll["options"]]
        options = [as_text(each) for each in given if as_text(each).strip()]
        get = self._rules.limit
        if len(options) < limit("poll_min_options"):
            raise invalid("Options must have more than one item")
        if len(options) > get("poll_max_options"):
            raise invalid(f"Options can't contain more than {get('poll_max_options')} items")
        if any(graphemes(each) > get("poll_option_characters") for each in options):
            raise invalid(f"Options can't be longer than {get('poll_option_characters')} characters each")
        if len(set(options)) < len(options):
            raise invalid("Options contain duplicate items")
        seconds = as_text(poll.get("expires_in"))
        if not seconds.isdecimal():
            raise invalid("Expires at can't be blank")
        if int(seconds) < get("poll_min_seconds"):
            raise invalid("Expires at is too soon")
        if int(seconds) > get("poll_max_seconds"):
            raise invalid("Expires at is too far into the future")
        return {
            "options": options,
            "expires_in": int(seconds),
            "multiple": bool(as_flag(poll.get("multiple"))),
            "hide_totals": bool(as_flag(poll.get("hide_totals"))),
        }
