"""What has become of a publication: asked by its `publish_id`, from the last byte to the public address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from polypost.errors import NoAnswer, NotSent, PlatformError, Unavailable
from polypost.platforms.base import NotYet, Run, Session
from polypost.platforms.kit.calls import next_look, reached
from polypost.platforms.tiktok.api import call
from polypost.platforms.tiktok.errors import undone

_PATH = "/v2/post/publish/status/fetch/"
_OUT = frozenset({"PUBLISH_COMPLETE", "SEND_TO_USER_INBOX"})
# The second spelling is the right one, which TikTok may find one day.
_IDS = ("publicaly_available_post_id", "publicly_available_post_id")

LOOK_EVERY = timedelta(seconds=5)
LOOK_AT_MOST = timedelta(hours=6)
_SELDOM = timedelta(minutes=15)
_LINK_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Status:
    """One answer of `status/fetch`; ids are texts, because they are larger than many programs can count."""

    word: str
    reason: str
    ids: tuple[str, ...]
    uploaded: int | None

    @property
    def out(self) -> bool:
        """Whether TikTok says that it is on the profile or in the inbox."""
        return self.word in _OUT


async def ask(session: Session, publish_id: str) -> Status:
    """The present status. Raises what `errors` makes of a refusal."""
    data = await call(session, "POST", _PATH, json={"publish_id": publish_id})
    uploaded = data.get("uploaded_bytes")
    return Status(
        word=str(data.get("status") or ""),
        reason=str(data.get("fail_reason") or ""),
        ids=_ids(data),
        uploaded=uploaded if isinstance(uploaded, int) else None,
    )


async def published(run: Run, publish_id: str) -> tuple[str, ...]:
    """Wait until TikTok says that the post is out; its ids, as far as they are told. Raises Undone."""
    since = await reached(run, "taken")

    async def look() -> list[str] | NotYet:
        later = next_look(run.now() - since, least=LOOK_EVERY, most=_SELDOM)
        try:
            status = await ask(run, publish_id)
        except (Unavailable, NotSent, NoAnswer) as silent:
            # The post is on its way all the same, so a silence now is not a try in vain.
            return NotYet(str(silent), after=later)
        if status.word == "FAILED":
            raise undone(status.reason)
        return list(status.ids) if status.out else NotYet("processing", after=later)

    return tuple(await run.until("published", look, every=LOOK_EVERY, at_most=LOOK_AT_MOST))


async def public_id(run: Run, publish_id: str) -> str | None:
    """The id of a public post, which is told after moderation; None when that takes longer than a minute."""
    since = await reached(run, "out")

    async def find() -> str | NotYet | None:
        try:
            status = await ask(run, publish_id)
        except (PlatformError, NotSent, NoAnswer):
            return None
        if status.ids:
            return status.ids[0]
        return None if run.now() - since > _LINK_WITHIN else NotYet("moderation", after=LOOK_EVERY)

    return await run.until("id", find, every=LOOK_EVERY, at_most=LOOK_AT_MOST)


def _ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    for name in _IDS:
        listed = data.get(name)
        if isinstance(listed, list) and listed:
            return tuple(str(each) for each in listed if isinstance(each, int | str) and str(each))
    return ()
