"""`/v1/ai`: captions and pictures; paid only when there is one."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from polypost import clock
from polypost.access import Principal
from polypost.ai import AiFailed, Attachment, caption, new_image
from polypost.ai.caption import PRICE as CAPTION_PRICE
from polypost.ai.image import PRICE as IMAGE_PRICE
from polypost.api.http import answers
from polypost.api.http.auth import principal
from polypost.api.http.body import json_object
from polypost.api.http.disconnects import client_gone
from polypost.api.openapi.documented import Shape, documented
from polypost.api.routes.connect_shapes import Address
from polypost.credits import service as credits
from polypost.entrance.address import own_address
from polypost.entrance.services import Services, services
from polypost.errors import InvalidRequest, PolypostError, Problem
from polypost.intake import bodies
from polypost.intake.bodies import Closed, Content, PlatformName, Text, Url
from polypost.platforms.base import MediaRef
from polypost.probe import TooManyPixels, Unsupported
from polypost.storage import new_id

Description = Annotated[Text, Field(min_length=3, max_length=1500)]
Urls = Annotated[list[Url], Field(max_length=4)]


class WriteBody(BaseModel):
    """`POST /v1/ai/write`; open."""

    model_config = ConfigDict(extra="ignore", strict=True)

    description: Description
    platforms: Annotated[list[PlatformName], Field(max_length=50)] | None = None
    existingContent: Content | None = None


class ImageBody(Closed):
    """`POST /v1/ai/image`."""

    description: Description
    aspectRatio: Literal["square", "vertical", "landscape"] | None = None
    style: (
        Literal[
            "photo", "illustration", "minimal", "vibrant", "cinematic", "3d-render", "retro", "hand-drawn"
        ]
        | None
    ) = None
    referenceImageUrls: Urls | None = None
    assetImageUrls: Urls | None = None
    referenceImageUrl: Url | None = None


class WriteAnswer(Shape):
    """A caption."""

    success: bool
    content: str
    creditsCharged: int


class ImageAnswer(Shape):
    """A picture at a public address of this server."""

    success: bool
    url: Address
    mimeType: str
    creditsCharged: int


router = APIRouter(prefix="/v1/ai")


@router.post("/write")
@documented(WriteAnswer, body=WriteBody, errors=(402, 500))
async def write(request: Request) -> Response:
    """A caption that fits the strictest of the named networks; 2 credits."""
    who = await principal(request, "publish")
    rooms = services(request)
    body = bodies.read(WriteBody, await json_object(request))
    rooms.ai.text_model()
    await _afford(rooms, who, CAPTION_PRICE)
    said = await caption(
        rooms.ai,
        description=body.description,
        platforms=body.platforms or (),
        existing=body.existingContent,
    )
    charged = await _charge(request, rooms, who, CAPTION_PRICE)
    return answers.ok({"success": True, "content": said, "creditsCharged": charged})


@router.post("/image")
@documented(ImageAnswer, body=ImageBody, errors=(402, 500))
async def image(request: Request) -> Response:
    """A picture at an address of this server that can go into `mediaItems`; 10 credits."""
    who = await principal(request, "publish")
    rooms = services(request)
    body = bodies.read(ImageBody, await json_object(request))
    rooms.ai.image_model()
    await _afford(rooms, who, IMAGE_PRICE)
    shown = {
        "referenceImageUrls": list(body.referenceImageUrls or ()),
        "assetImageUrls": list(body.assetImageUrls or ()),
    }
    if body.referenceImageUrl is not None:
        shown["referenceImageUrl"] = [body.referenceImageUrl]
    found = await _attachments(rooms, who, shown)
    content = await new_image(
        rooms.ai,
        description=body.description,
        aspect=body.aspectRatio or "square",
        style=body.style,
        references=[*found["referenceImageUrls"], *found.get("referenceImageUrl", ())],
        assets=found["assetImageUrls"],
    )
    try:
        url, mime = await rooms.uploads.keep(
            who.project.id, content, base=own_address(request, rooms.settings), filename="picture"
        )
    except (Unsupported, TooManyPixels) as error:
        raise AiFailed("The endpoint for texts and pictures gave bytes that are no picture.") from error
    charged = await _charge(request, rooms, who, IMAGE_PRICE)
    return answers.ok({"success": True, "url": url, "mimeType": mime, "creditsCharged": charged})


async def _afford(rooms: Services, who: Principal, price: int) -> None:
    """Raises PaymentRequired before anything is asked for that could not be paid."""
    await rooms.store.read(
        lambda db: credits.afford(db, who.project.id, price, funds=who.project, at=clock.now())
    )


async def _charge(request: Request, rooms: Services, who: Principal, price: int) -> int:
    """What this costs: nothing where the client has left, because it will ask again."""
    if await client_gone(request):
        return 0
    entry = credits.Entry(new_id("ai"), 1, price, "ai", "")
    await rooms.store.write(
        lambda db: credits.charge(db, who.project.id, entry, funds=who.project, at=clock.now())
    )
    return price


async def _attachments(
    rooms: Services, who: Principal, shown: dict[str, list[str]]
) -> dict[str, list[Attachment]]:
    """The pictures behind the addresses. Raises InvalidRequest with every one that cannot be had."""
    urls = [url for listed in shown.values() for url in listed]
    if not urls:
        return {name: [] for name in shown}
    fetch_id = f"ai_{secrets.token_hex(8)}"
    stored: dict[str, Any] = await rooms.media.open(
        who.project.id, fetch_id, [MediaRef("image", url) for url in urls]
    )
    problems: list[Problem] = []
    found: dict[str, list[Attachment]] = {}
    for name, listed in shown.items():
        found[name] = []
        for place, url in enumerate(listed):
            path = f"{name}[{place}]" if name.endswith("s") else name
            got = stored[url]
            if isinstance(got, PolypostError):
                problems.append(Problem(path, str(got), got.next_step, got.code))
            elif got.facts.kind not in {"image", "gif"}:
                problems.append(Problem(path, "is not a picture", "Give a picture.", "media_unsupported"))
            else:
                content = await got.read(0, got.size)
                found[name].append(Attachment(f"{name}-{place}", content, got.facts.mime))
    await rooms.media.expire([fetch_id])
    if problems:
        raise InvalidRequest(problems)
    return found
