"""Media on its way to Reddit: a lease, then one form to a bucket whose fields come first and whose file comes last."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from polypost.errors import Rejected, Unavailable
from polypost.platforms.base import MediaFile, Run
from polypost.platforms.kit.answers import member, objects
from polypost.platforms.kit.forms import Form
from polypost.platforms.reddit.api import post

_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}
# Slower than this a transfer does not come to an end in useful time.
_SLOWEST = 100_000
_POSTER_SIZE = (640, 360)
_GREY = b"\x2a"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What a lease became: an id for galleries and texts, an address for everything else."""

    asset_id: str
    url: str


async def upload(run: Run, slot: str, file: MediaFile) -> Uploaded:
    """Upload a file as the step `slot`."""
    return await _upload(run, slot, file.facts.mime, file.size, file.stream)


async def upload_poster(run: Run, file: MediaFile | None) -> Uploaded:
    """Upload the still image that Reddit wants with a video; a plain one where there is none."""
    if file is not None:
        return await upload(run, "poster", file)
    data = plain_image(*_POSTER_SIZE)

    async def whole() -> AsyncIterator[bytes]:
        yield data

    return await _upload(run, "poster", "image/png", len(data), whole)


async def _upload(
    run: Run, slot: str, mime: str, size: int, pieces: Callable[[], AsyncIterator[bytes]]
) -> Uploaded:
    done = await run.step(slot, partial(_lease_and_send, run, slot, mime, size, pieces))
    return Uploaded(done["asset_id"], done["url"])


async def _lease_and_send(
    run: Run, slot: str, mime: str, size: int, pieces: Callable[[], AsyncIterator[bytes]]
) -> dict[str, str]:
    name = f"{slot}.{_ENDINGS.get(mime, 'bin')}"
    answer = await post(run, "/api/media/asset.json", {"filepath": name, "mimetype": mime}, run=run)
    lease, asset_id = member(answer, "args"), member(answer, "asset").get("asset_id")
    action, fields = lease.get("action"), _fields(lease.get("fields"))
    if not isinstance(action, str) or not action.startswith("//") or "key" not in fields or not asset_id:
        raise Unavailable("Reddit gave no usable place for an upload.")
    # The lease names no scheme; the bytes go by https whatever it says.
    bucket = f"https:{action}"
    await _send(run, bucket, Form(fields, name, mime, size), pieces)
    # The key as it is: the bucket's own answer has it with its slash encoded.
    return {"asset_id": str(asset_id), "url": f"{bucket.rstrip('/')}/{fields['key']}"}


async def _send(run: Run, bucket: str, form: Form, pieces: Callable[[], AsyncIterator[bytes]]) -> None:
    answer = await run.http.request(
        "POST",
        bucket,
        headers=form.headers,
        content=form.around(pieces()),
        timeout=60 + form.size / _SLOWEST,
    )
    if answer.is_success:
        return
    code = re.search(r"<Code>(\w+)</Code>", answer.text)
    if code is not None and code[1] == "EntityTooLarge":
        most = re.search(r"<MaxSizeAllowed>(\d+)</MaxSizeAllowed>", answer.text)
        bound = f" than {int(most[1]):,} bytes" if most else ""
        raise Rejected(
            f"The file is larger{bound}, which is the most that Reddit takes of this type.",
            code="media_rejected",
            next_step="Save it smaller: fewer pixels, a lower quality or bit rate.",
        )
    raise Unavailable(f"Reddit's bucket did not take the file (status {answer.status_code}).")


def _fields(listed: Any) -> dict[str, str]:
    """The form's fields in the order in which they have to be sent."""
    named = [row for row in objects(listed) if isinstance(row.get("name"), str) and "value" in row]
    return {row["name"]: str(row["value"]) for row in named}


def plain_image(width: int, height: int) -> bytes:
    """A grey PNG."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + _GREY * width) * height
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
