"""The calls about boards and their sections."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.pinterest import errors, paging, schema
from polypost.sandbox.networks.pinterest.auth import READ_PINS, WRITE_BOARDS, Auth, Caller
from polypost.sandbox.networks.pinterest.limits import limit
from polypost.sandbox.networks.pinterest.rates import READ, WRITE
from polypost.sandbox.networks.pinterest.shelf import PROTECTED, PUBLIC, SECRET, SECTION, Board, Shelf
from polypost.sandbox.networks.pinterest.views import board_view, pin_view
from polypost.sandbox.simkit import Document, Network, exchange

FILTERS = {
    "ALL": {PUBLIC, PROTECTED, SECRET},
    "PUBLIC": {PUBLIC},
    "PROTECTED": {PROTECTED},
    "SECRET": {SECRET},
    "PUBLIC_AND_SECRET": {PUBLIC, SECRET},
}


class Boards:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, shelf: Shelf) -> None:
        self._auth = auth
        self._net = net
        self._shelf = shelf

    async def list(self, request: Request) -> Response:
        """`GET /v5/boards`; secret ones only with their scope."""
        caller = self._auth.enter(request, READ, "boards:read")
        wanted = request.query_params.get("privacy", "ALL")
        if wanted not in FILTERS:
            raise errors.invalid(f"{errors.shown(wanted)} is not one of {list(FILTERS)!r}")
        shown = FILTERS[wanted] - (set() if caller.may("boards:read_secret") else {SECRET})
        boards = [board for board in self._shelf.of(caller.account) if board.privacy in shown]
        counts = self._shelf.counts(caller.account)
        page = paging.asked(request)
        return JSONResponse(
            paging.answer_all(boards, page, lambda board: self.view(caller, board, counts.get(board.id, 0)))
        )

    async def create(self, request: Request) -> Response:
        """`POST /v5/boards`."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        body = await schema.body_of(request)
        name = _name(schema.needed(body, "name"), "board_name_characters")
        privacy = schema.choice(body, "privacy", (PUBLIC, PROTECTED, SECRET)) or PUBLIC
        description = schema.text(body, "description")
        ads_only = schema.flag(body, "is_ads_only", default=False)
        if privacy == SECRET and not caller.may("boards:write_secret"):
            raise errors.refused("scope")
        board = self._shelf.add(
            caller.account,
            name="Ad-only Pins" if ads_only else name,
            description=description,
            # So the OpenAPI description v5.23.0 says.
            privacy=PROTECTED if ads_only else privacy,
            ads_only=ads_only,
        )
        return JSONResponse(self.view(caller, board, 0), 201)

    async def get(self, request: Request) -> Response:
        """`GET /v5/boards/{id}`."""
        caller = self._auth.enter(request, READ, "boards:read")
        return JSONResponse(self.view(caller, self.readable(caller, _id(request))))

    async def change(self, request: Request) -> Response:
        """`PATCH /v5/boards/{id}`."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        board = self.writable(caller, _id(request))
        body = await schema.body_of(request)
        changes: dict[str, Any] = {}
        if (name := schema.text(body, "name", null=False)) is not None:
            changes["name"] = _name(name, "board_name_characters")
        if "description" in body:
            changes["description"] = schema.text(body, "description")
        if privacy := schema.choice(body, "privacy", (PUBLIC, SECRET)):
            changes["privacy"] = privacy
        return JSONResponse(self.view(caller, self._shelf.change(board, **changes)))

    async def delete(self, request: Request) -> Response:
        """`DELETE /v5/boards/{id}`, which takes its pins along."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        self._shelf.remove(self.writable(caller, _id(request)))
        return Response(status_code=204)

    async def pins(self, request: Request) -> Response:
        """`GET /v5/boards/{id}/pins` and `…/sections/{section_id}/pins`, newest first."""
        caller = self._auth.enter(request, READ, *READ_PINS)
        board = self.readable(caller, _id(request))
        section = request.path_params.get("section_id")
        if section is not None and self._shelf.section(board, section) is None:
            raise errors.refused("section")
        page = paging.asked(request)
        found = self._shelf.pins(
            board,
            size=page.size + 1,
            before=page.after or 2**62,
            until=exchange(request).listed_until().timestamp(),
            section=section,
        )
        metrics = request.query_params.get("pin_metrics", "").lower() == "true"
        return JSONResponse(
            paging.answer(
                found,
                page,
                lambda pin: pin.seq,
                lambda pin: pin_view(self._net, pin, caller.account, metrics=metrics),
            )
        )

    async def sections(self, request: Request) -> Response:
        """`GET /v5/boards/{id}/sections`."""
        caller = self._auth.enter(request, READ, "boards:read")
        board = self.readable(caller, _id(request))
        return JSONResponse(
            paging.answer_all(self._shelf.sections(board), paging.asked(request), _section_view)
        )

    async def create_section(self, request: Request) -> Response:
        """`POST /v5/boards/{id}/sections`; two of a board cannot have one name."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        board = self.writable(caller, _id(request))
        name = await self._section_name(request, board)
        section = self._net.documents.put(
            SECTION, self._net.snowflake(), {"board": board.id, "name": name}, account_id=board.account_id
        )
        return JSONResponse(_section_view(section), 201)

    async def change_section(self, request: Request) -> Response:
        """`PATCH /v5/boards/{id}/sections/{section_id}`."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        board = self.writable(caller, _id(request))
        section = self._section(request, board)
        name = await self._section_name(request, board, but=section.id)
        self._net.documents.update(SECTION, section.id, name=name)
        return JSONResponse({"id": section.id, "name": name})

    async def delete_section(self, request: Request) -> Response:
        """`DELETE /v5/boards/{id}/sections/{section_id}`; its pins stay on the board."""
        caller = self._auth.enter(request, WRITE, *WRITE_BOARDS)
        section = self._section(request, self.writable(caller, _id(request)))
        self._net.documents.delete(SECTION, section.id)
        return Response(status_code=204)

    def readable(self, caller: Caller, board_id: str) -> Board:
        """A board that the caller may see. Raises Refused: 400 for no number, 404."""
        board = self._shelf.get(schema.numeric(board_id))
        own = board is not None and board.account_id == caller.account.id
        if board is None or (not own and board.privacy != PUBLIC):
            raise errors.refused("board")
        if board.privacy == SECRET and not caller.may("boards:read_secret"):
            raise errors.refused("board")
        return board

    def writable(self, caller: Caller, board_id: str) -> Board:
        """A board that the caller may change. Raises Refused: as `readable`, 403 for another's, 401 for a secret one."""
        board = self._shelf.get(schema.numeric(board_id))
        if board is None or (board.account_id != caller.account.id and board.privacy == SECRET):
            raise errors.refused("board")
        if board.account_id != caller.account.id:
            raise errors.refused("permission")
        if board.privacy == SECRET and not caller.may("boards:write_secret"):
            raise errors.refused("scope")
        return board

    def _section(self, request: Request, board: Board) -> Document:
        found = self._shelf.section(board, request.path_params["section_id"])
        if found is None:
            raise errors.refused("section")
        return found

    async def _section_name(self, request: Request, board: Board, *, but: str = "") -> str:
        name = _name(schema.needed(await schema.body_of(request), "name"), "section_name_characters")
        if any(found.body["name"] == name and found.id != but for found in self._shelf.sections(board)):
            raise errors.refused("section_exists")
        return name

    def view(self, caller: Caller, board: Board, pins: int | None = None) -> dict[str, Any]:
        """A board as this caller sees it."""
        owner = self._net.accounts.get(board.account_id) or caller.account
        newest = self._shelf.pins(board, size=4)
        count = self._shelf.counts(owner).get(board.id, 0) if pins is None else pins
        return board_view(self._net, board, owner, newest, count)


def _id(request: Request) -> str:
    return str(request.path_params["board_id"])


def _name(name: str, bound: str) -> str:
    most = limit(bound)
    if not name.strip():
        raise errors.invalid("name: '' is too short, constraint: minLength=1")
    if len(name) > most:
        raise errors.invalid(f"name: {errors.shown(name)} is too long, constraint: maxLength={most}")
    return name


def _section_view(section: Document) -> dict[str, Any]:
    return {"id": section.id, "name": section.body["name"]}
