"""The pages a person would see: a post, and the profile of a business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.googlebusiness.business import Business, maps_path
from polypost.sandbox.networks.googlebusiness.compose import EVENT, OFFER
from polypost.sandbox.simkit import (
    Account,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PAGE = 60
BUTTONS = {
    "BOOK": "Book",
    "ORDER": "Order online",
    "SHOP": "Buy",
    "LEARN_MORE": "Learn more",
    "SIGN_UP": "Sign up",
    "CALL": "Call now",
}
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, business: Business) -> None:
        self._pages = pages
        self._business = business
        self._net = net

    async def place(self, request: Request) -> Response:
        """`/place?id=…&use=posts&lpsid=…`: one post."""
        query = request.query_params
        account = self._business.by_cid(query.get("id", ""))
        name = f"{account.id}/localPosts/{query.get('lpsid')}" if account else ""
        post = self._net.posts.get(name)
        if post is None or account is None:
            return self._pages.missing("This update does not exist or was deleted.")
        title = post.raw.get("event", {}).get("title") or f"Update from {account.name}"
        return self._page([post], account, title=title, single=True)

    async def maps(self, request: Request) -> Response:
        """`/maps?cid=…`: a business and its updates."""
        account = self._business.by_cid(request.query_params.get("cid", ""))
        if account is None:
            return self._pages.missing("This business does not exist.")
        posts = self._net.posts.by_account(account.id, limit=ON_PAGE)
        return self._page(posts, account, title=account.name, single=False)

    def _page(self, posts: list[SimPost], account: Account, *, title: str, single: bool) -> Response:
        return self._pages.render(
            "updates.html",
            account=account,
            home=maps_path(account),
            updates=[_update(post) for post in posts],
            count=self._net.posts.count(account.id),
            single=single,
            title=title,
            author=account,
            sketches=[_sketch(each) for each in posts] if single else (),
        )


def _update(post: SimPost) -> dict[str, Any]:
    told = post.raw
    button = told.get("callToAction") or {}
    event, offer = told.get("event") or {}, told.get("offer") or {}
    redeem = offer.get("redeemOnlineUrl")
    return {
        "post": post,
        "kind": {OFFER: "Offer", EVENT: "Event"}.get(told["topicType"], ""),
        "title": event.get("title", ""),
        "when": _when(event.get("schedule") or {}),
        "text": linkify(told.get("summary", "")),
        "language": told.get("languageCode", "en"),
        "offer": offer,
        "redeem": {"url": redeem, "site": _site(redeem)} if redeem else None,
        "button": BUTTONS.get(button.get("actionType", "")),
        "target": button.get("url"),
        "site": _site(button.get("url")),
    }


def _sketch(post: SimPost) -> Sketch:
    told = post.raw
    return Sketch(
        text=told.get("summary", ""),
        title=(told.get("event") or {}).get("title", ""),
        media=post.media,
        button=BUTTONS.get((told.get("callToAction") or {}).get("actionType", "")) or "",
    )


def _site(url: str | None) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.") if url else ""


def _when(schedule: Mapping[str, Any]) -> str:
    """An event's time in the business's own zone, which no date of Google's names."""
    ends = [_moment(schedule, side) for side in ("start", "end")]
    return " – ".join(end for end in ends if end)


def _moment(schedule: Mapping[str, Any], side: str) -> str:
    day, time = schedule.get(f"{side}Date"), schedule.get(f"{side}Time")
    if not day:
        return ""
    text = f"{day['day']} {MONTHS[day['month'] - 1]} {day['year']}"
    return text if time is None else f"{text}, {time.get('hours', 0):02}:{time.get('minutes', 0):02}"
