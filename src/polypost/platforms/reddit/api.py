"""Calls to Reddit: an honest name, the header, and errors in our words, also those that come with a 200."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from httpx2 import Response

import polypost
from polypost.errors import Unavailable
from polypost.platforms.base import Account, Run, Session
from polypost.platforms.kit.answers import parsed
from polypost.platforms.kit.calls import bearer
from polypost.platforms.reddit.errors import error_for, exhausted_until, refused
from polypost.platforms.reddit.spec import API, WEB

# Without it `<`, `>` and `&` come escaped, and errors as orders to a script.
RAW = {"raw_json": "1"}
JSON = {"api_type": "json"}


def user_agent(account: Account | None = None) -> dict[str, str]:
    """Who calls, in the form that Reddit's rules ask for; a generic name is turned away."""
    contact = f" (by /u/{account.username})" if account is not None and account.username else ""
    return {"User-Agent": f"server:polypost:{polypost.__version__}{contact}"}


def headers(session: Session) -> dict[str, str]:
    """The headers that show the token which works now, and who calls."""
    return {**bearer(session), **user_agent(session.account)}


async def get(session: Session, path: str, **params: str) -> dict[str, Any]:
    """Read something. Raises what `errors.error_for` says."""
    answer = await session.http.request(
        "GET", f"{API}{path}", params={**params, **RAW}, headers=headers(session)
    )
    return judged(session, answer)


async def post(
    session: Session, path: str, form: Mapping[str, str], *, run: Run | None = None
) -> dict[str, Any]:
    """Do something that may be done again. Raises what `errors.error_for` says; `run` rests when it was the last call."""
    answer = await session.http.request(
        "POST", f"{API}{path}", params=RAW, data={**form, **JSON}, headers=headers(session)
    )
    if run is not None:
        await rest(run, answer)
    return judged(session, answer)


def judged(session: Session, answer: Response) -> dict[str, Any]:
    """The object of a good answer; raises what any other means."""
    if not answer.is_success or refused(answer):
        raise error_for(answer, session.now())
    body = parsed(answer)
    if not body and answer.content.strip() != b"{}":
        raise Unavailable("Reddit answered with something that is not JSON.")
    return body


async def rest(run: Run, answer: Response) -> None:
    """Let the account rest when this call was the last of its window."""
    if until := exhausted_until(answer.headers, run.now()):
        await run.hold(until)


def permalink(path: str) -> str:
    """The address of a post on the web."""
    return f"{WEB}{path}"
