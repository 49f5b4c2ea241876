"""Bluesky, told from top to bottom: resolve, upload, write the first post, then each reply of the thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from polypost import clock
from polypost.outbound import NetworkClient
from polypost.platforms.base import (
    Absent,
    Attempt,
    CannotTell,
    Connector,
    Draft,
    Found,
    MediaFile,
    MediaRef,
    Post,
    Proof,
    Reconciled,
    Run,
    Session,
    Sought,
    Tokens,
)
from polypost.platforms.bluesky import accounts, check, reconcile, references, writing
from polypost.platforms.bluesky.drawing import DRAWING
from polypost.platforms.bluesky.media import shape
from polypost.platforms.bluesky.metrics import PostMetrics
from polypost.platforms.bluesky.options import BlueskyOptions, Caption, Card
from polypost.platforms.bluesky.record import (
    Record,
    Shown,
    card_embed,
    embed_of,
    key_of,
    post_record,
    with_options,
)
from polypost.platforms.bluesky.spec import SPEC
from polypost.platforms.bluesky.text import mentioned
from polypost.platforms.bluesky.upload import PLAIN, upload_captions, upload_file, upload_video
from polypost.platforms.bluesky.xrpc import POST, call, place_of
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.options import thread_media

_STILL = "Bluesky shows only the first picture of a GIF file; an MP4 of type gif would play."


@dataclass(frozen=True, slots=True)
class _Part:
    """One post of the thread: its name, text, and what it embeds. Only the first has a card, subtitles and a quote."""

    name: str
    text: str
    media: Sequence[tuple[MediaFile, MediaRef, str]]
    captions: Sequence[Caption] = ()
    card: Card | None = None
    thumbnail: MediaFile | None = None


class BlueskyConnector(PostMetrics, Connector):
    """Publishes records to the account's own server, with sessions that an app password opened."""

    spec = SPEC
    drawing = DRAWING
    options = BlueskyOptions
    login = accounts.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(accounts.identify)

    def media_refs(self, options: Any) -> Iterable[MediaRef]:
        """The media of the thread, and the image of the card."""
        refs = thread_media(options)
        if options.card and options.card.thumbnail_url:
            refs.append(MediaRef("image", options.card.thumbnail_url))
        return refs

    async def sign_in(self, http: NetworkClient, identifier: str, password: str) -> Tokens:
        """Open a session on the account's own server."""
        return await accounts.sign_in(http, identifier, password)

    async def publish(self, run: Run, post: Post) -> Proof:
        """Everything that can be refused comes first, so that a thread breaks off only where it must."""
        options: BlueskyOptions = post.options
        parts = _parts(post)
        reply = quote = None
        if options.reply_to:
            reply = await run.step("reply-to", partial(references.answered, run, options.reply_to))
        if options.quote:
            quote = await run.step("quote", partial(references.quoted, run, options.quote))
        handles = mentioned(part.text for part in parts)
        dids = await run.step("people", partial(references.people, run.http, handles)) if handles else {}
        embeds = [await _embed(run, part, quote) for part in parts]

        write = partial(post_record, langs=options.languages, dids=dids)
        make = partial(write, parts[0].text, embed=embeds[0], reply=reply)
        again = partial(_embed, run, parts[0], quote, again=True)
        keys = [key_of(post, position, run.now()) for position in range(len(parts))]
        proof = await writing.create(
            run, "post", keys[0], lambda now: with_options(make(now), options), again
        )
        # The first post of the whole thread, which may be somebody else's.
        root = reply["root"] if reply else None
        parent, before = proof, "post"
        for part, embed, key in zip(parts[1:], embeds[1:], keys[1:], strict=True):
            answered = await run.step(f"{before}-cid", partial(writing.strong, run, parent))
            root = root or answered
            make = partial(write, part.text, embed=embed, reply={"root": root, "parent": answered})
            again = partial(_embed, run, part, None, again=True)
            parent, before = await writing.create(run, part.name, key, make, again), part.name
        await writing.gates(run, proof, options)
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought:
        """Any post, by its key; and by its text, should it have been due at another time when it went out."""
        handles = {"rkey": key_of(post, 0, clock.now()), "createdAt": None, "text": post.text}
        return Sought("post", handles)

    async def look(self, run: Run, attempt: Attempt) -> Reconciled:
        """Read the one place at which the attempt's post must be."""
        rkey = str(attempt.handles["rkey"])
        kept = await references.stored(run, rkey)
        if attempt.handles["createdAt"] is None:
            return Found(writing.proof_of(run, rkey)) if kept else await reconcile.by_text(run, attempt)
        if kept is None:
            return Absent()
        value = kept.get("value")
        if not isinstance(value, dict) or value.get("createdAt") != attempt.handles["createdAt"]:
            return CannotTell("Another record stands where this post was to go.")
        return Found(writing.proof_of(run, rkey))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove one post; the replies of its thread stay. What is gone already is a success for Bluesky, too."""
        _, rkey = place_of(proof.id)
        body = {"repo": session.account.id, "collection": POST, "rkey": rkey}
        await call(session, "POST", "com.atproto.repo.deleteRecord", json=body)


def _parts(post: Post) -> list[_Part]:
    options: BlueskyOptions = post.options
    card, shown = options.card, [file.ref for file in post.media]
    first = list(zip(post.media, shown, alt_texts(SPEC, shown, options.alt_text), strict=True))
    thumbnail = post.extra_media[card.thumbnail_url] if card and card.thumbnail_url else None
    parts = [_Part("post", post.text, first, options.captions or (), card, thumbnail)]
    for number, item in enumerate(options.thread, 1):
        refs = item.refs({url: file.facts for url, file in post.extra_media.items()})
        files = [post.extra_media[ref.url] for ref in refs]
        media = list(zip(files, refs, alt_texts(SPEC, refs, item.alt_text), strict=True))
        parts.append(_Part(f"thread-{number}", item.content, media))
    return parts


async def _embed(
    run: Run, part: _Part, quote: Mapping[str, Any] | None, *, again: bool = False
) -> Record | None:
    """Upload everything that a part shows, and what it then embeds; `again` when it was forgotten on the other side."""
    end = "-again" if again else ""
    shown = [
        await _uploaded(run, f"{part.name}-media-{place}{end}", *item, again=again)
        for place, item in enumerate(part.media)
    ]
    captions = [
        {"lang": each.lang, "file": await upload_captions(run, f"caption-{place}{end}", each.content)}
        for place, each in enumerate(part.captions)
    ]
    card = None
    if part.card is not None:
        thumbnail = await upload_file(run, f"card{end}", part.thumbnail) if part.thumbnail else None
        card = card_embed(part.card, thumbnail)
    return embed_of(shown, card=card, captions=captions, quote=quote)


async def _uploaded(run: Run, slot: str, file: MediaFile, ref: MediaRef, alt: str, *, again: bool) -> Shown:
    video = shape(ref) == "film"
    if file.facts.kind == "gif" and file.facts.frames != 1:
        run.warn(_STILL)
    if video and again:
        # The video service knows the video and would name the blob that was forgotten.
        run.warn(PLAIN)
    blob = await (upload_video if video and not again else upload_file)(run, slot, file)
    return Shown(blob, alt, file.facts, looping=video and ref.type == "gif")
