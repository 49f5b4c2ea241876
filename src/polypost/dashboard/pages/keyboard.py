"""Which keys do what; script shows the same over any page."""

from __future__ import annotations

from starlette.responses import Response

from polypost.dashboard.web import Page, Visit


async def keyboard(visit: Visit) -> Response:
    """The list, as a page or for a dialog."""
    words = visit.words
    keys = [
        (("c",), words("Compose")),
        (("g", "c"), words("Go to the calendar")),
        (("g", "p"), words("Go to the posts")),
        (("g", "a"), words("Go to the accounts")),
        (("/",), words("Search")),
        (("j",), words("Next in the list")),
        (("k",), words("Previous in the list")),
        (("Enter",), words("Open it")),
        (("e",), words("Edit the post that is open")),
        (("m",), words("Move a post in the calendar: then arrows, and Enter")),
        (("Ctrl", "Z"), words("Undo the move")),
        (("Alt", "↑"), words("Move a file of the post up; with ↓ down")),
        (("Ctrl", "Enter"), words("Press the main button")),
        (("Esc",), words("Leave a field, or go back to the list")),
        (("?",), words("This list")),
    ]
    return visit.page("keyboard_list.html" if visit.partial else "keyboard.html", keys=keys, place="keyboard")


PAGES = (Page("GET", "/{project}/keyboard", keyboard, "viewer"),)
