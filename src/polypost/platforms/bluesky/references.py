"""Posts that a post answers or quotes, and people it mentions: what must be known of them before it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polypost.errors import Rejected
from polypost.outbound import NetworkClient
from polypost.platforms.base import Session
from polypost.platforms.bluesky.errors import error_for
from polypost.platforms.bluesky.spec import APP_VIEW
from polypost.platforms.bluesky.xrpc import POST, ask, did_of, home, place_of
from polypost.platforms.kit.answers import member, parsed


async def quoted(session: Session, address: str) -> dict[str, str]:
    """A post as a quote names it: URI and CID. Raises Rejected when it is not there."""
    return _strong(await _view(session, address, "quote"))


async def answered(session: Session, address: str) -> dict[str, dict[str, str]]:
    """The post that a reply answers, and the first of its thread. Raises Rejected when it is not there."""
    view = await _view(session, address, "replyTo")
    parent = _strong(view)
    root = member(member(member(view, "record"), "reply"), "root")
    return {"root": _strong(root) if root.get("uri") and root.get("cid") else parent, "parent": parent}


async def people(http: NetworkClient, handles: Sequence[str]) -> dict[str, str]:
    """The DIDs of those handles that there are."""
    found = {handle: await did_of(http, handle) for handle in handles}
    return {handle: did for handle, did in found.items() if did}


async def stored(session: Session, rkey: str) -> dict[str, Any] | None:
    """A post of the account with its CID, read from the account's own server; None when it is not there.

    Without a token: reading is open, and a session that has ended must not stand in the way.
    """
    params = {"repo": session.account.id, "collection": POST, "rkey": rkey}
    answer = await ask(session.http, home(session.extra), "com.atproto.repo.getRecord", params)
    body = parsed(answer)
    if answer.is_success and isinstance(body.get("uri"), str):
        return body
    if answer.status_code == 400 and body.get("error") == "RecordNotFound":
        return None
    raise error_for(answer, session.now())


async def _view(session: Session, address: str, option: str) -> Mapping[str, Any]:
    authority, rkey = place_of(address)
    did = authority if authority.startswith("did:") else await did_of(session.http, authority.lower())
    uri = f"at://{did}/{POST}/{rkey}"
    answer = await ask(session.http, APP_VIEW, "app.bsky.feed.getPosts", {"uris": uri}) if did else None
    if answer is not None and answer.status_code != 400 and not answer.is_success:
        raise error_for(answer, session.now())
    posts = parsed(answer).get("posts") if answer is not None else None
    view = posts[0] if isinstance(posts, list) and posts else None
    if not isinstance(view, Mapping) or view.get("uri") != uri or not view.get("cid"):
        raise Rejected(
            f"The post that {option} names is not there: {address}",
            next_step="Check the address; a deleted post cannot be answered or quoted.",
        )
    return view


def _strong(view: Mapping[str, Any]) -> dict[str, str]:
    return {"uri": str(view["uri"]), "cid": str(view["cid"])}
