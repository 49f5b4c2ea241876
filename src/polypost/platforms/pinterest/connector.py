"""Pinterest, told from top to bottom: have the media ready, then make the pin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from polypost.platforms.base import (
    Board,
    Connector,
    Draft,
    MediaRef,
    Post,
    Proof,
    Run,
    Session,
    Sought,
)
from polypost.platforms.kit.alt_text import alt_texts
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.kit.removal import is_removed, removal_error
from polypost.platforms.pinterest import check, oauth, reconcile
from polypost.platforms.pinterest.api import pages, permalink
from polypost.platforms.pinterest.drawing import DRAWING
from polypost.platforms.pinterest.errors import error_for, used_up_until
from polypost.platforms.pinterest.media import kind_of, source_of
from polypost.platforms.pinterest.metrics import PostMetrics
from polypost.platforms.pinterest.options import PinterestOptions
from polypost.platforms.pinterest.spec import API, SPEC
from polypost.platforms.pinterest.text import title_of

_MOST_BOARD_PAGES = 40
_PART = "pin"


class PinterestConnector(PostMetrics, Connector):
    """Publishes pins with the user tokens of the Pinterest API v5."""

    spec = SPEC
    drawing = DRAWING
    options = PinterestOptions
    login = oauth.LOGIN
    check = staticmethod(check.check)
    identify = staticmethod(oauth.identify)
    look = staticmethod(reconcile.look)

    def media_refs(self, options: Any) -> Iterable[MediaRef]:
        """The cover of a video."""
        return () if options.cover_image_url is None else (MediaRef("image", options.cover_image_url),)

    async def boards(self, session: Session) -> list[Board]:
        """All boards of the account that this authorisation may see."""
        found: list[Board] = []
        async for page in pages(session, "/boards", most=_MOST_BOARD_PAGES):
            found += [
                Board(
                    str(item["id"]),
                    str(item.get("name") or ""),
                    item.get("description") or None,
                    str(item.get("privacy") or "PUBLIC"),
                )
                for item in page
                if item.get("id")
            ]
        return found

    async def publish(self, run: Run, post: Post) -> Proof:
        """The media, then the one call that makes the pin."""
        shown = SPEC.limit("description_shown_characters")
        if len(post.text) > shown:
            run.warn(f"Pinterest may show only the first {shown} characters of the text.")
        body = _texts(post) | {"media_source": await source_of(run, post)}
        rest: list[datetime] = []

        async def send() -> Proof:
            answer = await run.http.commit("POST", f"{API}/pins", headers=bearer(run), json=body)
            pin_id = parsed(answer).get("id") if answer.is_success else None
            if not isinstance(pin_id, str) or not pin_id.isdecimal():
                raise error_for(answer, run.now(), committing=True)
            if until := used_up_until(answer.headers, run.now()):
                rest.append(until)
            return Proof(pin_id, permalink(pin_id))

        proof = await run.commit(_PART, send, handles=_handles([file.ref for file in post.media], body))
        for until in rest:
            await run.hold(until)
        return proof

    def sought(self, post: Post, draft: Draft) -> Sought | None:
        """Any pin whose kind is known beforehand, by title, text, link and time on its board."""
        if any(each.type == "gif" for each in draft.media):
            return None
        return Sought(_PART, _handles(draft.media, _texts(post)))

    async def delete(self, session: Session, proof: Proof) -> None:
        """Remove the pin."""
        answer = await session.http.request("DELETE", f"{API}/pins/{proof.id}", headers=bearer(session))
        if not is_removed(answer):
            raise removal_error(answer, error_for, session.now(), "Pinterest", "on Pinterest", "pin")


def _texts(post: Post) -> dict[str, Any]:
    options: PinterestOptions = post.options
    texts = {
        "title": title_of(post.text, options),
        "description": post.text,
        "link": options.link,
        "alt_text": next(
            filter(None, alt_texts(SPEC, [file.ref for file in post.media], [options.alt_text])), None
        ),
        "dominant_color": options.dominant_color,
    }
    return {"board_id": options.board_id} | {name: value for name, value in texts.items() if value}


def _handles(media: Sequence[MediaRef], body: dict[str, Any]) -> dict[str, Any]:
    """What the pin will be known by when its answer is lost."""
    texts = {name: body.get(name, "") for name in ("title", "description", "link")}
    return {"board": body["board_id"], "kind": kind_of(media), **texts}
