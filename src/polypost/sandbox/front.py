"""The sandbox's front page: networks, demo accounts, and what has been posted."""

from __future__ import annotations

from functools import cache

from starlette.responses import Response

from polypost.sandbox.media import FILES
from polypost.sandbox.room import Room
from polypost.sandbox.simkit import FAULTS, Controls, Look, Pages, SimPost, Simulator, TakesComments

SHOWN_POSTS = 60
SHOWN_ACCOUNTS = 6


@cache
def _pages() -> Pages:
    return Pages(Look("Polypost sandbox", "#3d5afe", "polypost.sandbox"))


def refusal_page(why: str, back: str) -> Response:
    """The page for a button that could not do what it says, with the way back to the button."""
    pages = _pages()
    pages.controls = None
    return pages.missing(why, status=400, away=back)


def controls(room: Room, sim: Simulator | None = None) -> Controls:
    """The buttons of a network's pages, or of the front page."""
    platform = sim.platform if sim else None
    return Controls(
        url=room.url,
        home=sim.net.url if sim else room.url,
        rules=lambda: [
            rule.fault if sim else f"{rule.platform} {rule.fault}"
            for rule in room.faults.all()
            if platform in {None, rule.platform}
        ],
        platform=platform,
        faults=(*FAULTS, *sim.own_faults) if sim else (),
        comments=isinstance(sim, TakesComments),
    )


def front_page(room: Room) -> Response:
    """The page at `/`."""
    counts, names = room.counts(), room.usernames()
    networks = [
        {
            "look": sim.look,
            "url": sim.net.url,
            "posts": counts.get(platform, 0),
            "accounts": [account.username for account in sim.net.accounts.all(SHOWN_ACCOUNTS)],
            "more": max(0, sim.net.accounts.count() - SHOWN_ACCOUNTS),
            "profile": sim.profile_path,
        }
        for platform, sim in room.simulators.items()
    ]
    pages = _pages()
    pages.controls = controls(room)
    posts = [_card(room, post, names) for post in room.posts(limit=SHOWN_POSTS, deleted=False)]
    return pages.render(
        "front.html",
        title="Polypost sandbox",
        networks=networks,
        posts=posts,
        total=sum(counts.values()),
        media=[f"{room.media_url}/{name}" for name in FILES],
    )


def _card(room: Room, post: SimPost, names: dict[tuple[str, str], str]) -> dict[str, object]:
    sim = room.simulators.get(post.platform)
    return {
        "look": sim.look if sim else None,
        "username": names.get((post.platform, post.account_id), post.account_id),
        "avatar": sim.net.avatar_url(post.account_id) if sim else "",
        "text": post.text,
        "time": post.created,
        "url": room.link(post),
        "media": [
            {
                "kind": item["kind"],
                "alt": item.get("alt", ""),
                "url": f"{sim.net.media_url(item['blob'])}?type={item['mime']}" if sim else "",
            }
            for item in post.media
        ],
    }
