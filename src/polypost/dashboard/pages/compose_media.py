"""Files of the composer: taking them in, and showing what stands behind an address without another host's page."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, JSONResponse, Response

from polypost import clock
from polypost.dashboard.web import Page, Visit
from polypost.errors import NotFound, PolypostError
from polypost.media import kinds
from polypost.platforms.base import MediaRef

PIECE = 1 << 20
# What comes by a form; larger files go in pieces.
MOST_BY_FORM = 1 << 30
# What files may have together that come in a form: a script sends larger ones by themselves.
MOST_IN_FORM = 64_000_000
FRESH_SECONDS = 3600
# What browsers do not know by its ending.
_TYPES = {"heic": "image/heic", "heif": "image/heif", "mkv": "video/x-matroska", "avif": "image/avif"}


async def offer(visit: Visit) -> Response:
    """Room for a file that a script sends by itself; where that goes past this server, the file comes here instead."""
    if visit.form.get("file") is not None:
        found = await taken(visit)
        return JSONResponse({"items": found})
    rooms, name = visit.services, kinds.bare_name(visit.said("name"))
    mime = kinds.check(_mime(name, visit.said("type")))
    if rooms.uploads.bucket is not None:
        return JSONResponse({"here": True, "kind": kinds.kind_of(mime)})
    size = visit.said("size")
    made = await rooms.uploads.offer(
        visit.here.id,
        base=visit.base,
        filename=name,
        mime=mime,
        length=int(size)
        if size.isascii() and size.isdecimal() and 0 < len(size) <= 15 and int(size)
        else None,
    )
    return JSONResponse(
        {
            # The page may send to its own address only, by whichever name it came here.
            "put": urlsplit(made.upload_url).path,
            "url": made.public_url,
            "type": mime,
            "kind": kinds.kind_of(mime),
            "most": made.most,
        }
    )


async def taken(visit: Visit) -> list[dict[str, str]]:
    """The files of a form, kept like uploads, as media items. Raises as `Uploads` does."""
    files = [each for each in visit.form.getlist("file") if isinstance(each, UploadFile) and each.filename]
    return [await _keep(visit, each) for each in files]


async def show(visit: Visit) -> Response:
    """This server's own copy of a picture, or of a film that was uploaded here."""
    return await shown(visit, visit.here.id, visit.asked("url"), film=visit.asked("kind") == "video")


async def shown(visit: Visit, project_id: str, url: str, *, film: bool) -> Response:
    """The copy of a file of the project. Raises NotFound."""
    rooms = visit.services
    if film and not await rooms.uploads.own([url]):
        raise NotFound("Films of other hosts are not shown before they are sent.", code="media_not_found")
    # An hour's copy is shared by all who look, and goes the way of those of dry runs.
    hour = int(clock.now().timestamp()) // FRESH_SECONDS
    key = f"dry_{hashlib.sha256(f'{project_id} {hour}'.encode()).hexdigest()[:16]}"
    ref = MediaRef("video" if film else "image", url)
    got = (await rooms.media.open(project_id, key, [ref]))[url]
    await rooms.media.expire([key])
    if isinstance(got, PolypostError):
        raise NotFound(got.message, code="media_not_found")
    return FileResponse(
        got.path,
        media_type=got.facts.mime,
        headers={"cache-control": f"private, max-age={FRESH_SECONDS}", "content-disposition": "attachment"},
    )


def address(visit: Visit, url: str, kind: str) -> str:
    """Where the page of `show` is for a file."""
    return visit.url("compose", "file", url=url, kind=kind)


async def _keep(visit: Visit, file: UploadFile) -> dict[str, str]:
    uploads, name = visit.services.uploads, kinds.bare_name(file.filename or "")
    if uploads.bucket is not None:
        url, mime = await uploads.keep(
            visit.here.id,
            await file.read(),
            base=visit.base,
            filename=name,
        )
    else:
        mime = kinds.check(_mime(name, file.content_type or ""))
        made = await uploads.offer(
            visit.here.id,
            base=visit.base,
            filename=name,
            mime=mime,
            length=file.size,
        )
        row = await uploads.find(made.upload_url.rpartition("/")[2])
        kept = await uploads.put(row, pieces(file), announced=file.size)
        url, mime = kept.url, kept.mime
    return {"url": url, "type": kinds.kind_of(mime), "altText": ""}


async def pieces(file: UploadFile) -> AsyncIterator[bytes]:
    """A file of a form, piece by piece."""
    while piece := await file.read(PIECE):
        yield piece


def _mime(name: str, said: str) -> str:
    """What a browser says of a file; by the name where it says nothing."""
    if said and said != "application/octet-stream":
        return said
    ending = name.rpartition(".")[2].lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or said or "application/octet-stream"


PAGES = (
    Page("POST", "/{project}/compose/uploads", offer, "author", largest=MOST_BY_FORM),
    # Whoever sees posts sees their pictures.
    Page("GET", "/{project}/compose/file", show, "viewer"),
)
