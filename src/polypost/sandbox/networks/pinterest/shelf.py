"""The boards and sections of every account; demo accounts have three boards from the beginning, with fixed ids."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from polypost.sandbox.simkit import Account, Document, Network, SimPost, sim_post

BOARD, SECTION, OPENED = "board", "section", "opened"
PUBLIC, PROTECTED, SECRET = "PUBLIC", "PROTECTED", "SECRET"
DEMO_BOARDS = (
    ("Ideas", "Things to try out", PUBLIC),
    ("Recipes", None, PUBLIC),
    ("Surprise", "For nobody else to see yet", SECRET),
)
NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Board:
    """One board."""

    id: str
    account_id: str
    name: str
    description: str | None
    privacy: str
    ads_only: bool
    created: datetime

    @property
    def slug(self) -> str:
        """The board's name as its address has it."""
        plain = unicodedata.normalize("NFKD", self.name.lower())
        return re.sub(r"\W+", "-", plain).strip("-") or self.id


class Shelf:
    """Every board of the network, and the pins that are on them."""

    def __init__(self, net: Network) -> None:
        self._net = net

    def open(self, account: Account) -> None:
        """Give a demo account its first boards, unless it has had them."""
        if self._net.documents.get(OPENED, account.id) is not None:
            return
        with self._net.store.transaction():
            self._net.documents.put(OPENED, account.id, {})
            for place, (name, description, privacy) in enumerate(DEMO_BOARDS, 1):
                self.add(
                    account, name=name, description=description, privacy=privacy, id=demo_id(account, place)
                )

    def of(self, account: Account) -> list[Board]:
        """The account's boards, oldest first."""
        self.open(account)
        return [_board(found) for found in self._net.documents.of_account(BOARD, account.id)]

    def get(self, board_id: str) -> Board | None:
        """The board with this id, whoever owns it."""
        found = self._net.documents.get(BOARD, board_id)
        if found is None and (owner := self._demo_owner(board_id)) is not None:
            self.open(owner)
            found = self._net.documents.get(BOARD, board_id)
        return None if found is None else _board(found)

    def _demo_owner(self, board_id: str) -> Account | None:
        # After a reset an account's first boards come back only when somebody asks for them.
        inner = board_id.removeprefix(DEMO_PREFIX)[:-2]
        return self._net.accounts.get(account_id(int(inner))) if re.fullmatch(r"[0-9]{1,7}", inner) else None

    def add(
        self,
        account: Account,
        *,
        name: str,
        description: str | None,
        privacy: str,
        ads_only: bool = False,
        id: str | None = None,  # noqa: A002  # the network's word
    ) -> Board:
        """A new board."""
        body = {"name": name, "description": description, "privacy": privacy, "ads_only": ads_only}
        made = id or self._net.snowflake()
        return _board(self._net.documents.put(BOARD, made, body, account_id=account.id))

    def change(self, board: Board, **changes: Any) -> Board:
        """Set name, description or privacy."""
        self._net.documents.update(BOARD, board.id, **changes)
        changed = self.get(board.id)
        assert changed is not None
        return changed

    def remove(self, board: Board) -> None:
        """Take a board away, with its sections and its pins."""
        with self._net.store.transaction():
            while pins := self.pins(board, size=200):
                for pin in pins:
                    self._net.posts.delete(pin.id)
            for section in self.sections(board):
                self._net.documents.delete(SECTION, section.id)
            self._net.documents.delete(BOARD, board.id)

    def sections(self, board: Board) -> list[Document]:
        """The board's sections, oldest first."""
        found = self._net.documents.of_account(SECTION, board.account_id)
        return [section for section in found if section.body["board"] == board.id]

    def section(self, board: Board, section_id: str) -> Document | None:
        """A section of this board."""
        found = self._net.documents.get(SECTION, section_id)
        return found if found is not None and found.body["board"] == board.id else None

    def counts(self, account: Account) -> dict[str, int]:
        """How many pins are on each board of an account."""
        rows = self._net.store.all(
            "SELECT json_extract(raw, '$.board_id') AS board, count(*) AS pins FROM posts"
            " WHERE platform = ? AND account_id = ? AND deleted IS NULL GROUP BY board",
            self._net.platform, account.id,
        )  # fmt: skip
        return {str(row["board"]): int(row["pins"]) for row in rows}

    def pins(
        self,
        board: Board,
        *,
        size: int,
        before: int = NEWEST,
        until: float = 1e12,
        section: str | None = None,
    ) -> list[SimPost]:
        """The pins on a board, newest first; those of one section, and those not younger than `until`, when asked."""
        rows = self._net.store.all(
            "SELECT * FROM posts WHERE platform = ? AND account_id = ? AND deleted IS NULL AND seq < ?"
            " AND created <= ? AND json_extract(raw, '$.board_id') = ?"
            " AND (? IS NULL OR json_extract(raw, '$.section_id') = ?) ORDER BY seq DESC LIMIT ?",
            self._net.platform, board.account_id, before, until, board.id, section, section, size,
        )  # fmt: skip
        return [sim_post(row) for row in rows]


DEMO_PREFIX = "813744157"


def account_id(number: int) -> str:
    """The id of demo account `number`, the same in every sandbox."""
    return f"81374422{number:010d}"


def demo_id(account: Account, place: int) -> str:
    """The id of a demo account's first boards, the same in every sandbox."""
    return f"{DEMO_PREFIX}{account.data['number']:07d}{place:02d}"


def _board(found: Document) -> Board:
    body = found.body
    return Board(
        found.id,
        found.account_id or "",
        body["name"],
        body["description"],
        body["privacy"],
        body["ads_only"],
        found.created,
    )
