"""The pages a person would see: a pin, a board, a profile."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.shelf import PROTECTED, SECRET, Board, Shelf
from polypost.sandbox.networks.pinterest.views import counts, image_of
from polypost.sandbox.simkit import (
    Account,
    Network,
    Pages,
    SimPost,
    Sketch,
    linkify,
)

ON_PAGE = 60


class Web:
    """The handlers."""

    def __init__(self, net: Network, pages: Pages, shelf: Shelf) -> None:
        self._pages = pages
        self._shelf = shelf
        self._net = net

    async def pin(self, request: Request) -> Response:
        """`/pin/{id}/`."""
        pin = self._net.posts.get(str(request.path_params["id"]))
        if pin is None:
            return self._pages.missing("We couldn’t find that Pin.")
        board = self._shelf.get(pin.raw["board_id"])
        section = None if board is None else self._shelf.section(board, str(pin.raw["section_id"]))
        account = self._net.accounts.get(pin.account_id)
        text = pin.raw["description"] or ""
        most = limit("description_shown_characters")
        return self._pages.render(
            "pin.html",
            pin=pin,
            board=board,
            section=section.body["name"] if section else None,
            account=account,
            cover=pin.raw["cover"],
            shown=linkify(text[:most]),
            folded=linkify(text[most:]),
            link=_link(pin.raw["link"]),
            colour=_colour(pin.raw["dominant_color"]),
            slots=[{**slot, "site": _link(slot["link"])} for slot in pin.raw["slots"]],
            notes=_notes(pin, board),
            saves=counts(pin)["SAVE"],
            title=pin.raw["title"] or pin.raw["alt_text"] or "Pin",
            author=account,
            sketches=[
                Sketch(
                    text=text,
                    title=pin.raw["title"] or "",
                    media=pin.media,
                    card={"url": pin.raw["link"]} if pin.raw["link"] else None,
                )
            ],
        )

    async def profile(self, request: Request) -> Response:
        """`/{username}/`: the boards and the newest pins."""
        account = self._net.accounts.by_username(request.path_params["username"])
        if account is None:
            return self._pages.missing("We couldn’t find that page.")
        pins = self._net.posts.by_account(account.id, limit=ON_PAGE)
        return self._pages.render(
            "grid.html",
            account=account,
            boards=self._shelf_of(account),
            board=None,
            pins=[_tile(pin) for pin in pins],
            count=self._net.posts.count(account.id),
            title=f"{account.name} (@{account.username})",
        )

    async def board(self, request: Request) -> Response:
        """`/{username}/{board}/`."""
        account = self._net.accounts.by_username(request.path_params["username"])
        boards = [] if account is None else self._shelf.of(account)
        wanted = str(request.path_params["slug"])
        board = next((each for each in boards if wanted in {each.slug, each.id}), None)
        if account is None or board is None:
            return self._pages.missing("We couldn’t find that board.")
        return self._pages.render(
            "grid.html",
            account=account,
            boards=[],
            board=board,
            pins=[_tile(pin) for pin in self._shelf.pins(board, size=ON_PAGE)],
            count=self._shelf.counts(account).get(board.id, 0),
            title=board.name,
        )

    def _shelf_of(self, account: Account) -> list[dict[str, Any]]:
        counted = self._shelf.counts(account)
        return [
            {
                "name": board.name,
                "url": f"/{account.username}/{board.slug}/",
                "privacy": board.privacy,
                "pins": counted.get(board.id, 0),
                "covers": [image_of(pin) for pin in self._shelf.pins(board, size=3)],
            }
            for board in self._shelf.of(account)
        ]


def _tile(pin: SimPost) -> dict[str, Any]:
    mark = {"video": "Video", "multiple_images": f"1/{len(pin.media)}"}.get(pin.raw["kind"], "")
    return {
        "url": pin.permalink,
        "picture": image_of(pin),
        "title": pin.raw["title"],
        "alt": pin.raw["alt_text"] or pin.raw["title"] or "",
        "mark": mark,
    }


def _link(link: str | None) -> dict[str, str] | None:
    """A link as a button: where it leads, and the site's name."""
    return {"url": link, "site": (urlsplit(link).hostname or link).removeprefix("www.")} if link else None


def _colour(text: str | None) -> str:
    """A colour for the place behind the image, empty for what is none."""
    return text if text and re.fullmatch(r"#[0-9A-Fa-f]{6}", text) else ""


def _notes(pin: SimPost, board: Board | None) -> list[str]:
    notes = ["Only you can see this Pin: the app has Trial access"] if pin.raw["trial"] else []
    if board is not None and board.privacy == SECRET:
        notes.append("Secret board")
    if board is not None and board.privacy == PROTECTED:
        notes.append("Protected board")
    return notes + ([f"Saved from {pin.raw['parent']}"] if pin.raw["parent"] else [])
