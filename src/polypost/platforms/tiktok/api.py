"""Calls to TikTok's v2 API on behalf of one account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polypost.platforms.base import Session
from polypost.platforms.kit.calls import bearer
from polypost.platforms.tiktok.errors import ErrorBody, commit_error_for, error_for
from polypost.platforms.tiktok.spec import API

_TYPE = "application/json; charset=UTF-8"


async def call(
    session: Session,
    method: str,
    path: str,
    *,
    json: Any = None,
    params: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """The `data` of a call that can be repeated; raises what `errors` makes of a refusal."""
    answer = await session.http.request(
        method, f"{API}{path}", json=json, params=params, headers=_headers(session)
    )
    said = ErrorBody.of(answer)
    if not said.good:
        raise error_for(said, session.now())
    return said.data


async def publish(session: Session, path: str, json: Any) -> str:
    """The call that starts a post; its `publish_id`. Raises OutcomeUnknown unless the answer is clear."""
    answer = await session.http.commit("POST", f"{API}{path}", json=json, headers=_headers(session))
    said = ErrorBody.of(answer)
    made = said.data.get("publish_id")
    if not said.good or not isinstance(made, str) or not made:
        raise commit_error_for(said, session.now())
    return made


def _headers(session: Session) -> dict[str, str]:
    return {**bearer(session), "Content-Type": _TYPE}
