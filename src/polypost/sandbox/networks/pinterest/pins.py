"""The calls about pins: make, read, list, change, remove, save."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from polypost.sandbox.networks.pinterest import errors, paging, schema
from polypost.sandbox.networks.pinterest.auth import READ_PINS, WRITE_PINS, Auth, Caller
from polypost.sandbox.networks.pinterest.boards import Boards
from polypost.sandbox.networks.pinterest.compose import Image, Order, order_of, texts_of
from polypost.sandbox.networks.pinterest.intake import Intake
from polypost.sandbox.networks.pinterest.media_rules import key_frame
from polypost.sandbox.networks.pinterest.rates import READ, WRITE
from polypost.sandbox.networks.pinterest.shelf import PUBLIC, SECRET, Board, Shelf
from polypost.sandbox.networks.pinterest.uploads import SUCCEEDED, Uploads
from polypost.sandbox.networks.pinterest.views import CREATIVE, IMAGES, VIDEO, pin_view
from polypost.sandbox.simkit import Media, Network, SimPost, exchange

TEXTS = ("title", "description", "alt_text", "link")
# Trouble at creation that only this network knows, by the name of the fault → the row of the error table.
AT_CREATION = {"trial_refused": "trial", "spam": "spam", "fetch_failed": "fetch_failed", "our_end": "our_end"}


class Pins:
    """The handlers."""

    def __init__(self, net: Network, auth: Auth, shelf: Shelf, boards: Boards, uploads: Uploads) -> None:
        self._auth = auth
        self._net = net
        self._shelf = shelf
        self._boards = boards
        self._uploads = uploads
        self._intake = Intake(net)

    async def create(self, request: Request) -> Response:
        """`POST /v5/pins`, the call that makes something visible. Images are fetched while the caller waits."""
        caller = self._auth.enter(request, WRITE, *WRITE_PINS)
        call = exchange(request)
        for fault, row in AT_CREATION.items():
            if call.fault(fault):
                raise errors.refused(row)
        order = order_of(await schema.body_of(request))
        board = self._target(caller, order.board_id, order.section_id)
        if order.parent is not None and self._net.posts.get(order.parent) is None:
            raise errors.refused("pin")
        media, cover = await self._media(caller, order)
        async with call.commit():
            pin = self._make_visible(caller, board, order, media, cover)
        return JSONResponse(pin_view(self._net, pin, caller.account), 201)

    def _target(self, caller: Caller, board_id: str, section_id: str | None) -> Board:
        board = self._boards.writable(caller, board_id)
        if board.privacy == SECRET and not caller.may("pins:write_secret"):
            raise errors.refused("scope")
        if section_id is not None and self._shelf.section(board, section_id) is None:
            raise errors.refused("section")
        return board

    async def _media(self, caller: Caller, order: Order) -> tuple[list[Media], Media | None]:
        alt = order.texts["alt_text"] or ""
        if order.kind != VIDEO:
            images = [await self._image(wanted, alt) for wanted in order.images]
            # Not documented; third parties report it.
            if len({(each.get("width"), each.get("height")) for each in images}) > 1:
                raise errors.refused("dimensions")
            return images, None
        upload = self._uploads.find(order.media_id, caller.account)
        if upload is None:
            raise errors.refused("media")
        if upload.status != SUCCEEDED or upload.media is None:
            raise errors.refused("media_state")
        video: Media = {**upload.media, "alt": alt}
        if order.cover is not None:
            return [video], await self._image(order.cover, alt)
        return [video], key_frame(self._net, video, order.key_frame)

    async def _image(self, wanted: Image, alt: str) -> Media:
        if wanted.url is not None:
            return await self._intake.fetched(wanted.url, alt)
        return self._intake.decoded(wanted.data, wanted.content_type, alt)

    def _make_visible(
        self, caller: Caller, board: Board, order: Order, media: list[Media], cover: Media | None
    ) -> SimPost:
        pin_id = self._net.snowflake()
        raw = {
            **order.texts,
            "board_id": board.id,
            "section_id": order.section_id,
            "parent": order.parent,
            "kind": order.kind,
            "slots": [image.slot for image in order.images] if order.kind == IMAGES else [],
            "cover": cover,
            "is_standard": order.is_standard,
            "trial": caller.trial,
        }
        return self._net.posts.add(
            id=pin_id,
            account_id=caller.account.id,
            text=_text(order.texts),
            permalink=f"/pin/{pin_id}/",
            media=media,
            raw=raw,
        )

    async def get(self, request: Request) -> Response:
        """`GET /v5/pins/{id}`."""
        caller = self._auth.enter(request, READ, *READ_PINS)
        pin = self.readable(caller, _id(request))
        metrics = request.query_params.get("pin_metrics", "").lower() == "true"
        return JSONResponse(pin_view(self._net, pin, caller.account, metrics=metrics))

    async def list(self, request: Request) -> Response:
        """`GET /v5/pins`: the caller's own, newest first."""
        caller = self._auth.enter(request, READ, *READ_PINS)
        page = paging.asked(request)
        kinds = set(",".join(request.query_params.getlist("creative_types")).split(",")) - {""}
        until = exchange(request).listed_until()
        found: list[SimPost] = []
        before = page.after
        while len(found) <= page.size:
            part = self._net.posts.by_account(
                caller.account.id, limit=2 * page.size, until=until, before=before
            )
            found += [pin for pin in part if self._listed(caller, pin, kinds)]
            # What is hidden, or of another kind, makes room on the page for what is older.
            if len(part) < 2 * page.size:
                break
            before = part[-1].seq
        metrics = request.query_params.get("pin_metrics", "").lower() == "true"
        return JSONResponse(
            paging.answer(
                found[: page.size + 1],
                page,
                lambda pin: pin.seq,
                lambda pin: pin_view(self._net, pin, caller.account, metrics=metrics),
            )
        )

    def _listed(self, caller: Caller, pin: SimPost, kinds: set[str]) -> bool:
        if kinds and CREATIVE[pin.raw["kind"]] not in kinds:
            return False
        return not self._hidden(caller, pin)

    async def change(self, request: Request) -> Response:
        """`PATCH /v5/pins/{id}`: the texts and the place; media cannot change."""
        caller = self._auth.enter(request, WRITE, *WRITE_PINS)
        pin = self._own(caller, _id(request))
        body = await schema.body_of(request)
        texts = texts_of(body)
        raw = {**pin.raw, **{name: texts[name] for name in TEXTS if name in body}}
        if (board_id := schema.number(body, "board_id")) is not None:
            raw |= {"board_id": self._target(caller, board_id, None).id, "section_id": None}
        if "board_section_id" in body:
            section = schema.number(body, "board_section_id")
            self._target(caller, raw["board_id"], section)
            raw["section_id"] = section
        if "carousel_slots" in body:
            raw["slots"] = _slots(body["carousel_slots"], pin)
        changed = self._net.posts.update(pin.id, text=_text(raw), raw=raw)
        return JSONResponse(pin_view(self._net, changed, caller.account))

    async def delete(self, request: Request) -> Response:
        """`DELETE /v5/pins/{id}`."""
        caller = self._auth.enter(request, WRITE, *WRITE_PINS)
        self._net.posts.delete(self._own(caller, _id(request)).id)
        return Response(status_code=204)

    async def save(self, request: Request) -> Response:
        """`POST /v5/pins/{id}/save`: a copy on a board of the caller's."""
        caller = self._auth.enter(request, WRITE, *WRITE_PINS)
        source = self.readable(caller, _id(request))
        body = await schema.body_of(request)
        board_id, section = schema.number(body, "board_id"), schema.number(body, "board_section_id")
        board = self._target(caller, board_id or source.raw["board_id"], section)
        pin_id = self._net.snowflake()
        async with exchange(request).commit():
            pin = self._net.posts.add(
                id=pin_id,
                account_id=caller.account.id,
                text=source.text,
                permalink=f"/pin/{pin_id}/",
                media=source.media,
                raw={**source.raw, "board_id": board.id, "section_id": section, "parent": source.id},
            )
        return JSONResponse(pin_view(self._net, pin, caller.account), 201)

    def readable(self, caller: Caller, pin_id: str) -> SimPost:
        """A pin that the caller may see. Raises Refused: 400 for no number, 404."""
        pin = self._net.posts.get(schema.numeric(pin_id))
        if pin is None or self._hidden(caller, pin):
            raise errors.refused("pin")
        return pin

    def _hidden(self, caller: Caller, pin: SimPost) -> bool:
        board = self._shelf.get(pin.raw["board_id"])
        privacy = PUBLIC if board is None else board.privacy
        if privacy == SECRET and not caller.may("pins:read_secret"):
            return True
        # By the page about access tiers only their maker sees the pins of a trial app.
        return pin.account_id != caller.account.id and (privacy != PUBLIC or pin.raw["trial"])

    def _own(self, caller: Caller, pin_id: str) -> SimPost:
        pin = self.readable(caller, pin_id)
        if pin.account_id != caller.account.id:
            raise errors.refused("permission")
        return pin


def _slots(given: Any, pin: SimPost) -> list[dict[str, str | None]]:
    kept = pin.raw["slots"]
    if not isinstance(given, list) or len(given) != len(kept) or not all(isinstance(s, dict) for s in given):
        raise errors.invalid("carousel_slots do not fit the images of this Pin")
    return [
        {**old, **{name: schema.text(new, name) for name in ("title", "description", "link") if name in new}}
        for old, new in zip(kept, given, strict=True)
    ]


def _text(texts: dict[str, Any]) -> str:
    return texts["description"] or texts["title"] or ""


def _id(request: Request) -> str:
    return str(request.path_params["pin_id"])
