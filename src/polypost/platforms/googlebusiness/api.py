"""Calls to Google's interfaces with a login's token, and errors in our words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from polypost.platforms.base import Session
from polypost.platforms.googlebusiness.errors import error_for, object_of
from polypost.platforms.googlebusiness.spec import POSTS
from polypost.platforms.kit.answers import objects, word
from polypost.platforms.kit.calls import bearer

_LOCATION = re.compile(r"accounts/[0-9A-Za-z_-]+/locations/[0-9A-Za-z_-]+")
_POST = re.compile(_LOCATION.pattern + r"/localPosts/[0-9A-Za-z_-]+")


async def call(session: Session, url: str, **params: str) -> dict[str, Any]:
    """Ask for a JSON object, which may be empty. Raises what `errors.error_for` says."""
    answer = await session.http.request("GET", url, params=params, headers=bearer(session))
    body = object_of(answer) if answer.is_success else None
    if body is None:
        raise error_for(answer, session.now())
    return body


async def pages(
    session: Session, url: str, name: str, *, most: int, **params: str
) -> AsyncIterator[list[Mapping[str, Any]]]:
    """A list under `name` page by page, at most `most` of them; what is no object is left out."""
    token: str | None = None
    for _ in range(most):
        body = await call(session, url, **params, **({"pageToken": token} if token else {}))
        yield objects(body.get(name))
        token = word(body.get("nextPageToken"))
        if token is None:
            return


def posts_of(location: str) -> str:
    """The address of a location's posts."""
    return f"{POSTS}/v4/{location}/localPosts"


def post_at(name: str) -> str:
    """The address of a post."""
    return f"{POSTS}/v4/{name}"


def is_post(name: Any) -> bool:
    """Whether this is a name that Google gives to posts, which is made part of addresses."""
    return isinstance(name, str) and _POST.fullmatch(name) is not None
