"""Writing a post and what stands beside it, each under a key that is kept before the first try."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from polypost.errors import Rejected
from polypost.platforms.base import Proof, Run
from polypost.platforms.bluesky import references
from polypost.platforms.bluesky.errors import BlobGone, error_for, exhausted_until
from polypost.platforms.bluesky.options import BlueskyOptions
from polypost.platforms.bluesky.record import Record, postgate, threadgate
from polypost.platforms.bluesky.xrpc import POST, call, home, permalink, place_of
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer


async def create(
    run: Run,
    part: str,
    key: str,
    make: Callable[[datetime], Record],
    embed_again: Callable[[], Awaitable[Record | None]],
) -> Proof:
    """Write one post; every further try means the same post.

    It stands under `key`; `make` draws the record up, once. `embed_again` uploads what the post embeds anew, when the server has forgotten it.
    """

    async def draw_up() -> Record:
        now = run.now()
        return {"rkey": key, "record": make(now)}

    drawn = await run.step(f"{part}-record", draw_up)
    rkey, record = drawn["rkey"], drawn["record"]
    rest: list[datetime] = []

    async def send(record: Record) -> Proof:
        # Null: make it, never replace another; the same record again changes nothing.
        place = {"repo": run.account.id, "collection": POST, "rkey": rkey, "swapRecord": None}
        url = f"{home(run.extra)}/xrpc/com.atproto.repo.putRecord"
        body = {**place, "record": record}
        answer = await run.http.commit("POST", url, headers=bearer(run), json=body)
        if not answer.is_success or not isinstance(parsed(answer).get("uri"), str):
            raise error_for(answer, run.now(), committing=True)
        if until := exhausted_until(answer.headers):
            rest.append(until)
        return proof_of(run, rkey)

    handles = {"rkey": rkey, "createdAt": record["createdAt"]}
    try:
        proof = await run.commit(part, partial(send, record), handles=handles)
    except BlobGone:
        # An image's name follows from its bytes, so it is the same again; only a processed video gets another.
        whole = {**record, "embed": await embed_again()}
        proof = await run.commit(part, partial(send, whole), handles=handles)
    for until in rest:
        await run.hold(until)
    return proof


async def strong(run: Run, proof: Proof) -> dict[str, str]:
    """A post of ours as a reply names it: URI and CID."""
    kept = await references.stored(run, place_of(proof.id)[1])
    if kept is None or not isinstance(kept.get("cid"), str):
        raise Rejected("The post before this one in the thread is gone, so nothing can answer it.")
    return {"uri": str(kept["uri"]), "cid": kept["cid"]}


async def gates(run: Run, proof: Proof, options: BlueskyOptions) -> None:
    """Say who may reply to a post and that it may not be quoted, in records of their own beside it."""
    if options.reply_control is not None:
        await run.after(
            "reply-control",
            partial(_put, run, proof, lambda now: threadgate(proof.id, options.reply_control or (), now)),
            warning="Bluesky did not take who may reply, so everybody may.",
        )
    if options.allow_quotes is False:
        await run.after(
            "quote-control",
            partial(_put, run, proof, lambda now: postgate(proof.id, now)),
            warning="Bluesky did not take that quotes are off, so everybody may quote.",
        )


def proof_of(run: Run, rkey: str) -> Proof:
    """What shows that the post under a key is out."""
    did = run.account.id
    return Proof(f"at://{did}/{POST}/{rkey}", permalink(did, rkey))


async def _put(run: Run, proof: Proof, make: Callable[[datetime], Record]) -> bool:
    record = make(run.now())
    _, rkey = place_of(proof.id)
    body = {"repo": run.account.id, "collection": record["$type"], "rkey": rkey, "record": record}
    await call(run, "POST", "com.atproto.repo.putRecord", json=body)
    return True
