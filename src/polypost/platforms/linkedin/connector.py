"""LinkedIn, told from top to bottom: upload what the post shows, publish it, then write the first comment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polypost.platforms.base import (
    Account,
    Attempt,
    Connector,
    Draft,
    Post,
    Proof,
    RetryRule,
    Run,
    Session,
    Sought,
)
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.removal import is_removed
from polypost.platforms.linkedin import check, oauth, reconcile
from polypost.platforms.linkedin.api import ask, call, encoded, headers, permalink
from polypost.platforms.linkedin.drawing import DRAWING
from polypost.platforms.linkedin.errors import POST_URN, error_for
from polypost.platforms.linkedin.metrics import PostMetrics
from polypost.platforms.linkedin.options import LinkedInOptions
from polypost.platforms.linkedin.spec import API, SPEC
from polypost.platforms.linkedin.text import commentary
from polypost.platforms.linkedin.upload import Kind, upload

_KINDS: dict[str, Kind] = {"image": "image", "gif": "image", "video": "video", "document": "document"}


_PART = "post"


class LinkedInConnector(PostMetrics, Connector):
    """Publishes for persons and organizations with the versioned Posts API."""

    spec = SPEC
    drawing = DRAWING
    options = LinkedInOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)

    async def publish(self, run: Run, post: Post) -> Proof:
        """All media first; the post is one call; a comment that cannot be written is only a warning."""
        options: LinkedInOptions = post.options
        media = [
            await upload(run, f"media-{place}", file, _KINDS[file.facts.kind])
            for place, file in enumerate(post.media)
        ]
        proof = await _create(run, _body(run.account, post, media), _handles(post, media))
        if options.first_comment:
            await run.after(
                "first-comment",
                lambda: _comment(run, proof.id, options.first_comment or ""),
                warning="The post is published, but LinkedIn did not take the first comment.",
                visible=True,
            )
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any post, by text and number of media, where the account's posts may be read."""
        return Sought(_PART, _handles(post, [each.url for each in draft.media]))

    def retry_when_absent(self, post: Post, attempt: Attempt) -> RetryRule:
        """A text is what LinkedIn certainly refuses twice; a post without one is never sent again on a guess."""
        return SPEC.retry_when_absent if post.text.strip() else "never"

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove the post."""
        answer = await ask(session, "DELETE", f"/rest/posts/{encoded(proof.id)}", verb="DELETE")
        if not is_removed(answer):
            raise error_for(answer, session.now())


async def _create(run: Run, body: dict[str, Any], handles: dict[str, Any]) -> Proof:
    """The one call that publishes; which post it made stands in a header, the body is empty."""

    async def send() -> Proof:
        answer = await run.http.commit("POST", f"{API}/rest/posts", headers=headers(run, "CREATE"), json=body)
        # The second name has been seen in the place of the documented one.
        urn = answer.headers.get("x-restli-id") or answer.headers.get("x-linkedin-id") or ""
        if not answer.is_success or not POST_URN.fullmatch(urn):
            raise error_for(answer, run.now(), committing=True, resharing="reshareContext" in body)
        return Proof(urn, permalink(urn))

    return await run.commit(_PART, send, handles=handles)


async def _comment(run: Run, urn: str, text: str) -> str:
    """Write a comment below the post; comments are plain text, nothing is escaped."""
    body = {"actor": run.account.id, "object": urn, "message": {"text": text}}
    path = f"/rest/socialActions/{encoded(urn)}/comments"
    answer = await call(run, "POST", path, verb="CREATE", json=body)
    return answer.headers.get("x-restli-id", "")


def _handles(post: Post, media: Sequence[str]) -> dict[str, Any]:
    """What a later look compares; the image of a link card is none of the post's media."""
    shown = 0 if post.options.article_url else len(media)
    return {"text": post.text, "media": shown}


def _body(account: Account, post: Post, media: Sequence[str]) -> dict[str, Any]:
    options: LinkedInOptions = post.options
    body: dict[str, Any] = {
        "author": account.id,
        "commentary": commentary(post.text, options.mentioned),
        "visibility": options.visibility or "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": options.disable_reshare is True,
    }
    if content := _content(post, media):
        body["content"] = content
    if options.reshare_urn:
        body["reshareContext"] = {"parent": options.reshare_urn}
    return body


def _content(post: Post, media: Sequence[str]) -> dict[str, Any] | None:
    options: LinkedInOptions = post.options
    if options.article_url:
        return {"article": _article(options, media)}
    if options.poll:
        poll = options.poll
        choices = [{"text": option} for option in poll.options]
        settings = {"duration": poll.duration or "THREE_DAYS"}
        return {"poll": {"question": poll.question, "options": choices, "settings": settings}}
    if not media:
        return None
    alts = alt_texts(SPEC, [file.ref for file in post.media], options.alt_text)
    shown = [{"id": urn, **({"altText": alt} if alt else {})} for urn, alt in zip(media, alts, strict=True)]
    if len(shown) > 1:
        return {"multiImage": {"images": shown}}
    titled = {"title": options.document_title} if options.document_title else {}
    return {"media": {**shown[0], **titled}}


def _article(options: LinkedInOptions, media: Sequence[str]) -> dict[str, Any]:
    card: dict[str, Any] = {"source": options.article_url, "title": options.card_title}
    if options.article_description:
        card["description"] = options.article_description
    if media:
        card["thumbnail"] = media[0]
    return card
