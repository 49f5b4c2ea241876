"""X, told from top to bottom: upload all media, publish the first post, then each reply of the thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from polypost.errors import Rejected
from polypost.platforms.base import (
    Attempt,
    Connector,
    Draft,
    MediaFile,
    MediaProfile,
    MediaRef,
    Post,
    Proof,
    RetryRule,
    Run,
    Session,
    Sought,
)
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.kit.options import thread_media
from polypost.platforms.kit.removal import is_removed
from polypost.platforms.twitter import check, oauth, reconcile
from polypost.platforms.twitter.api import permalink
from polypost.platforms.twitter.drawing import DRAWING
from polypost.platforms.twitter.errors import Call, error_for, exhausted_until
from polypost.platforms.twitter.metrics import PostMetrics
from polypost.platforms.twitter.options import TwitterOptions
from polypost.platforms.twitter.spec import API, SPEC
from polypost.platforms.twitter.text import weighted_length
from polypost.platforms.twitter.upload import upload


class TwitterConnector(PostMetrics, Connector):
    """Publishes posts, threads and polls with OAuth 2.0 user tokens of the X API v2."""

    spec = SPEC
    options = TwitterOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)
    media_refs = staticmethod(thread_media)
    drawing = DRAWING

    def media_profile(self, kind: str, draft: Draft) -> MediaProfile | None:
        """Subscribers may send more of a video."""
        own = kind == "video" and check.subscription(draft.account) is True
        return self.spec.media.get("video/premium" if own else kind)

    async def publish(self, run: Run, post: Post) -> Proof:
        """All media first, so that nothing can go wrong in the middle of a thread that need not."""
        options: TwitterOptions = post.options
        self._judge_thread(run, post)
        media = await _upload_all(run, "media", post.media, [file.ref for file in post.media])
        thread = []
        for number, item in enumerate(options.thread, 1):
            files = [post.extra_media[shown.url] for shown in item.media]
            ids = await _upload_all(run, f"thread-{number}-media", files, item.refs({}))
            thread.append((item.content, ids))

        proof = await _create(run, "post", _root(post, media), _call_for(post.text, options))
        parent = proof
        for number, (text, ids) in enumerate(thread, 1):
            body = _body(text, ids, reply_to=parent.id)
            parent = await _create(run, f"thread-{number}", body, Call.PLAIN_POST)
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any post, by text, number of media and parent."""
        parent = post.options.reply_to_tweet_id
        return Sought("post", _handles(_body(post.text, [each.url for each in draft.media], reply_to=parent)))

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """Only a text makes X refuse a second copy, so a post without one is never sent again on a guess."""
        texts = (post.text, *(item.content for item in post.options.thread))
        return SPEC.retry_when_absent if all(text.strip() for text in texts) else "never"

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove one post; the replies of its thread stay."""
        url = f"{API}/2/tweets/{proof.id}"
        answer = await session.http.request("DELETE", url, headers=bearer(session))
        if not is_removed(answer):
            raise error_for(answer, session.now())

    def _judge_thread(self, run: Run, post: Post) -> None:
        known = {url: file.facts for url, file in post.extra_media.items()}
        problems = check.thread_media_problems(post.options, known, run.account)
        if problems:
            raise Rejected(
                " ".join(f"{problem.path}: {problem.message} {problem.hint}" for problem in problems)
            )


async def _upload_all(run: Run, slot: str, files: Sequence[MediaFile], refs: Sequence[MediaRef]) -> list[str]:
    shown = zip(files, refs, alt_texts(SPEC, refs), strict=True)
    return [
        await upload(run, f"{slot}-{place}", file, ref.type, alt)
        for place, (file, ref, alt) in enumerate(shown)
    ]


async def _create(run: Run, part: str, body: dict[str, Any], call: Call) -> Proof:
    """Publish one post, and let the account rest when that used up its allowance."""
    rest: list[datetime] = []

    async def send() -> Proof:
        answer = await run.http.commit("POST", f"{API}/2/tweets", headers=bearer(run), json=body)
        data = parsed(answer).get("data") if answer.is_success else None
        post_id = data.get("id") if isinstance(data, dict) else None
        if not isinstance(post_id, str) or not post_id.isdecimal():
            raise error_for(answer, run.now(), call=call, committing=True)
        if until := exhausted_until(answer.headers):
            rest.append(until)
        return Proof(post_id, permalink(run.account, post_id))

    proof = await run.commit(part, send, handles=_handles(body))
    for until in rest:
        await run.hold(until)
    return proof


def _handles(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": body.get("text", ""),
        "media": len(body.get("media", {}).get("media_ids", ())),
        "reply_to": body.get("reply", {}).get("in_reply_to_tweet_id"),
    }


def _body(text: str, media: list[str], *, reply_to: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if text.strip():
        body["text"] = text
    if media:
        body["media"] = {"media_ids": media}
    if reply_to:
        body["reply"] = {"in_reply_to_tweet_id": reply_to}
    return body


def _root(post: Post, media: list[str]) -> dict[str, Any]:
    options: TwitterOptions = post.options
    body = _body(post.text, media, reply_to=options.reply_to_tweet_id)
    if options.poll:
        poll = options.poll
        body["poll"] = {"options": poll.options, "duration_minutes": poll.duration_minutes}
    if options.who_may_reply:
        body["reply_settings"] = options.who_may_reply
    if options.community_id:
        body["community_id"] = options.community_id
    if options.share_with_followers:
        body["share_with_followers"] = True
    return body


def _call_for(text: str, options: TwitterOptions) -> Call:
    """Whether the first post asks for something that X may refuse without the token being at fault."""
    asked = (options.reply_to_tweet_id, options.who_may_reply, options.community_id, options.poll)
    special = any(asked) or weighted_length(text) > SPEC.limit("text")
    return Call.SPECIAL_POST if special else Call.PLAIN_POST
