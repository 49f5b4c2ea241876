"""Mastodon, told from top to bottom: upload all media, publish the first post, then each reply of the thread."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from polypost import clock
from polypost.errors import Rejected
from polypost.outbound import NetworkClient
from polypost.platforms.base import (
    Account,
    App,
    Attempt,
    Connector,
    Draft,
    MediaFile,
    MediaProfile,
    OAuth2,
    Post,
    Proof,
    RetryRule,
    Run,
    Session,
    Sought,
    Tokens,
)
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.kit.options import thread_media
from polypost.platforms.kit.removal import is_removed
from polypost.platforms.mastodon import check, oauth, reconcile, server
from polypost.platforms.mastodon.api import address, server_of
from polypost.platforms.mastodon.body import Part, key_of, reply, root
from polypost.platforms.mastodon.drawing import DRAWING
from polypost.platforms.mastodon.errors import error_for, used_up_until
from polypost.platforms.mastodon.metrics import PostMetrics
from polypost.platforms.mastodon.options import MastodonOptions
from polypost.platforms.mastodon.spec import SPEC
from polypost.platforms.mastodon.text import mentions_anybody
from polypost.platforms.mastodon.upload import upload

_STATUS_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The server keeps a key for an hour and stores it after the post: too early both would go out, too late as well.
_KEY_STORED, _KEY_LASTS = timedelta(seconds=60), timedelta(minutes=55)


class MastodonConnector(PostMetrics, Connector):
    """Publishes posts, threads and polls on the server that an account lives on."""

    spec = SPEC
    drawing = DRAWING
    options = MastodonOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)
    media_refs = staticmethod(thread_media)

    async def find_server(self, http: NetworkClient, named: str) -> str:
        """The API's host behind a server's name, an address on it, or a handle."""
        return await server.find(http, named)

    async def register(self, http: NetworkClient, server: str, redirect_uri: str) -> App:
        """A new app on the server."""
        return await oauth.register(http, server, redirect_uri)

    async def consent(self, http: NetworkClient, server: str) -> OAuth2:
        """The server's flow, with PKCE and `profile` where it has them."""
        return await oauth.consent(http, server)

    async def adopt(self, http: NetworkClient, server: str, token: str) -> Tokens:
        """Take a token that the account's owner made."""
        return await oauth.adopt(http, server, token)

    def media_profile(self, kind: str, draft: Draft) -> MediaProfile | None:
        """Which types are taken is up to the account's server."""
        profile, taken = self.spec.media.get(kind), server.types_of(draft.account)
        if profile is None:
            return None
        return replace(profile, types=tuple(mime for mime in profile.types if mime in taken))

    def media_limit(self, name: str, account: Account) -> float:
        """Limits are the server's too."""
        return server.limit_of(account, name)

    async def publish(self, run: Run, post: Post) -> Proof:
        """All media first, so that nothing can go wrong in the middle of a thread that need not."""
        options: MastodonOptions = post.options
        await _know_the_server(run, post)
        alts = alt_texts(SPEC, [file.ref for file in post.media], options.alt_text)
        parts = [await _with_media(run, "media", post.text, post.media, alts, options.focus)]
        for number, item in enumerate(options.thread, 1):
            files = [post.extra_media[shown.url] for shown in item.media]
            alts = alt_texts(SPEC, item.refs({}), item.alt_text)
            parts.append(await _with_media(run, f"thread-{number}-media", item.content, files, alts))

        if options.seen_by == "direct" and not mentions_anybody(post.text):
            run.warn("The post is direct and mentions nobody: only the account itself sees it.")
        proof = parent = await _create(run, post, "post", parts[0], root(options, parts[0]))
        for number, part in enumerate(parts[1:], 1):
            parent = await _create(run, post, f"thread-{number}", part, reply(options, part, parent.id))
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any post, by text, warning, number of media, poll and parent."""
        part = Part(post.text, [each.url for each in draft.media])
        return Sought("post", _handles(draft.account, part, root(post.options, part)))

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """While the server surely keeps the attempt's key a second call gives the first one's post, not another."""
        age = clock.now() - attempt.started_at
        sure = attempt.handles.get("keyed") is True and _KEY_STORED <= age < _KEY_LASTS
        return "always" if sure else "never"

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove one post with its media; the replies of its thread stay."""
        url = address(server_of(session), f"/api/v1/statuses/{proof.id}")
        answer = await session.http.request(
            "DELETE", url, params={"delete_media": "true"}, headers=bearer(session)
        )
        if not is_removed(answer):
            raise error_for(answer, session.now())


async def _know_the_server(run: Run, post: Post) -> None:
    """Read the server's limits when the known ones are old, and judge the post by them."""
    facts = await run.step("server", partial(server.refreshed, run))
    if not facts:
        return
    await run.learn(facts)
    known = {url: file.facts for url, file in post.extra_media.items()}
    refs = tuple(file.ref for file in post.media)
    problems = check.check(Draft(post.text, refs, post.options, run.account, known))
    if problems:
        raise Rejected(" ".join(f"{each.path}: {each.message} {each.hint}" for each in problems))


async def _with_media(
    run: Run,
    slot: str,
    text: str,
    files: Sequence[MediaFile],
    alts: Sequence[str],
    focus: Sequence[str] | None = None,
) -> Part:
    ids = [
        await upload(run, f"{slot}-{place}", file, alt=_at(alts, place), focus=_at(focus, place))
        for place, file in enumerate(files)
    ]
    return Part(text, ids, [file.ref.url for file in files])


def _at(texts: Sequence[str] | None, place: int) -> str:
    return texts[place] if texts and place < len(texts) else ""


async def _create(run: Run, post: Post, name: str, part: Part, body: dict[str, Any]) -> Proof:
    """Publish one post, and let the account rest when that used up its allowance."""
    rest: list[datetime] = []
    shown: list[Mapping[str, Any]] = []
    url = address(server_of(run), "/api/v1/statuses")
    headers = {**bearer(run), "Idempotency-Key": key_of(post, name, part, body)}
    # A reply within one's own thread needs nobody's leave.
    special = name == "post" and bool({"in_reply_to_id", "quoted_status_id"} & body.keys())

    async def send() -> Proof:
        answer = await run.http.commit("POST", url, headers=headers, json=body)
        status = parsed(answer) if answer.is_success else {}
        status_id = status.get("id")
        if not isinstance(status_id, str) or not _STATUS_ID.fullmatch(status_id):
            raise error_for(answer, run.now(), committing=True, special=special)
        if until := used_up_until(answer.headers, run.now()):
            rest.append(until)
        shown.append(status)
        return Proof(status_id, reconcile.page_of(status))

    try:
        proof = await run.commit(name, send, handles=_handles(run.account, part, body))
    except Rejected:
        await server.relearned(run)
        raise
    for status in shown:
        _compare(run, body, status)
    for until in rest:
        await run.hold(until)
    return proof


def _handles(account: Account, part: Part, body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "text": part.text,
        "spoiler": body.get("spoiler_text"),
        "media": len(part.media),
        "poll": "poll" in body,
        "reply_to": body.get("in_reply_to_id"),
        "keyed": server.api_version(account) is not None,
    }


def _compare(run: Run, body: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """Say what the server changed without a word."""
    seen_by, media = status.get("visibility"), status.get("media_attachments")
    if isinstance(seen_by, str) and seen_by != body["visibility"]:
        run.warn(f"The server made the post {seen_by} instead of {body['visibility']}.")
    if isinstance(media, list) and len(media) < len(body.get("media_ids", ())):
        run.warn("The server published the post without some of its media. Look at it.")
