"""What has become of a post that Google has taken: it is looked at until it is shown or rejected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from polypost.errors import NoAnswer, NotSent, Unavailable, Undone
from polypost.platforms.base import NotYet, Run
from polypost.platforms.googlebusiness.api import call, post_at
from polypost.platforms.googlebusiness.errors import Missing
from polypost.platforms.kit.calls import next_look, reached

_OUT = frozenset({"LIVE", "RECURRING"})
_EVERY = timedelta(seconds=5)
_SELDOM = timedelta(minutes=5)
_WINDOW = timedelta(minutes=30)
# A post that was just made may not be known everywhere yet.
_SETTLING = timedelta(minutes=2)


async def shown(run: Run, name: str) -> str | None:
    """Wait until Google shows the post; its address as far as that is told. Raises Undone for a rejected one.

    Google names no time within which it decides. After half an hour the post counts as published, with a warning.
    """
    since = await reached(run, "taken")

    async def look() -> dict[str, Any] | NotYet:
        waited = run.now() - since
        later = NotYet("processing", after=next_look(waited, least=_EVERY, most=_SELDOM))
        try:
            post = await call(run, post_at(name))
        except (Unavailable, NotSent, NoAnswer):
            # The post is on its way all the same, so a silence now is not a try in vain.
            return later if waited < _WINDOW else {"state": "PROCESSING"}
        except Missing:
            if waited < _SETTLING:
                return later
            raise
        state = post.get("state")
        if state == "REJECTED":
            raise Undone(
                "Google took the post and rejected it, by its content policy and without saying why.",
                code="rejected",
                next_step="Change the text or the photo. Phone numbers in the text are a frequent reason.",
            )
        if state in _OUT or waited >= _WINDOW:
            return {"state": state, "url": address(post)}
        return later

    seen = await run.until("shown", look, every=_EVERY, at_most=2 * _WINDOW)
    if seen["state"] not in _OUT:
        run.warn("Google has taken the post and has not shown it yet; it may still reject it.")
    url: str | None = seen.get("url")
    return url


def address(post: Mapping[str, Any]) -> str | None:
    """Where a post is shown, if that is told already."""
    url = post.get("searchUrl")
    return url if isinstance(url, str) and url.startswith("https://") else None
