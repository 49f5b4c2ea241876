"""Pages of lists: `page_size`, and a bookmark that leads to the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import Request

from polypost.sandbox.networks.pinterest.errors import invalid, shown
from polypost.sandbox.networks.pinterest.limits import limit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """What a caller asks for; `after` is what the bookmark holds, None at the beginning."""

    size: int
    after: int | None


def asked(request: Request) -> Page:
    """Read `page_size` and `bookmark`. Raises Refused (400) for those that cannot be."""
    text = request.query_params.get("page_size", str(limit("page_size")))
    most = limit("page_size_max")
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= most):
        raise invalid(f"page_size: {shown(text)} is not between 1 and {most}")
    return Page(int(text), _held(request.query_params.get("bookmark", "")))


def _held(bookmark: str) -> int | None:
    if not bookmark:
        return None
    try:
        return int(base64.urlsafe_b64decode(bookmark.encode()).decode().removeprefix("next:"))
    except (binascii.Error, ValueError) as error:
        raise invalid("bookmark is not valid") from error


def answer(
    items: Sequence[T], page: Page, key: Callable[[T], int], shape: Callable[[T], Any]
) -> dict[str, Any]:
    """A page of the `items`, of which there is one more than the page takes when another page follows."""
    here = items[: page.size]
    more = (
        base64.urlsafe_b64encode(f"next:{key(here[-1])}".encode()).decode()
        if len(items) > page.size
        else None
    )
    return {"items": [shape(item) for item in here], "bookmark": more}


def answer_all(items: Sequence[T], page: Page, shape: Callable[[T], Any]) -> dict[str, Any]:
    """A page of a list that is known whole; its bookmark counts."""
    begin = page.after or 0
    here = list(enumerate(items, 1))[begin : begin + page.size + 1]
    return answer(here, page, lambda item: item[0], lambda item: shape(item[1]))
