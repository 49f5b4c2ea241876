"""The tool by which pictures, films and documents come here."""

from __future__ import annotations

import shlex
from typing import Annotated, Any, Literal

from pydantic import Field

from polypost import clock
from polypost.entrance import adding
from polypost.entrance.callers import require
from polypost.errors import (
    AddressRefused,
    FetchFailed,
    InvalidRequest,
    PlatformError,
    Problem,
    UpstreamError,
)
from polypost.intake.bodies import Closed, Text, Url
from polypost.mcp.tool import Answer, Call, Key, Tool
from polypost.media import kinds
from polypost.platforms.base import MediaRef

# Larger films are named by their own address in a post, and fetched when it goes out.
_MOST = 100_000_000


class MediaArguments(Closed):
    """What `add_media` takes: an address, or the name and type of a file that is sent."""

    idempotencyKey: Key
    url: Url | None = Field(default=None, description="A public address; the file is fetched now and kept.")
    type: Literal["image", "video", "gif", "document"] | None = Field(default=None, description="With url.")
    filename: Annotated[Text, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="Of a local file, instead of url."
    )
    mimeType: Annotated[Text, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="With filename."
    )


async def add(call: Call, asked: MediaArguments, _: dict[str, Any]) -> Answer:
    """Fetch a file now, or give an address to which one is sent."""
    require(call.who, "draft", "publish", by_profile=True)
    submission = call.submitter(asked.idempotencyKey).submits("add media", asked.model_dump(mode="json"))
    project_id, rooms = call.project_id, call.rooms
    if asked.url is not None and asked.type is not None and not (asked.filename or asked.mimeType):
        ref = MediaRef(asked.type, asked.url)

        async def fetch() -> str:
            return await rooms.media.adopt(project_id, ref, base=call.base, most=_MOST)

        try:
            upload_id, again = await adding.once(rooms, submission, fetch)
        except (FetchFailed, AddressRefused) as refused:
            raise InvalidRequest([Problem("url", str(refused), refused.next_step, refused.code)]) from refused
        except PlatformError as trouble:
            raise UpstreamError(trouble.message, code=trouble.code) from trouble
        offer = await rooms.uploads.offered(project_id, upload_id, base=call.base)
        item = {"type": asked.type, "url": offer.public_url}
        return Answer(
            "The file is here.", "Put mediaItem into `mediaItems` of a post.", {"mediaItem": item}, again
        )
    if asked.url is not None or asked.filename is None or asked.mimeType is None:
        hint = "Send url and type, or filename and mimeType."
        raise InvalidRequest([Problem("url", "does not go with the rest", hint, "conflicting")])
    name, mime = kinds.bare_name(asked.filename), kinds.check(asked.mimeType)

    async def make() -> str:
        made = await rooms.uploads.offer(project_id, base=call.base, filename=name, mime=mime, length=None)
        return made.id

    upload_id, again = await adding.once(rooms, submission, make)
    offer = await rooms.uploads.offered(project_id, upload_id, base=call.base)
    line = ["curl", "--fail", "-T", name, "-H", f"Content-Type: {mime}", offer.upload_url]
    facts = {
        "uploadUrl": offer.upload_url,
        "curl": shlex.join(line),
        "expiresAt": clock.iso(offer.expires_at),
        "maxBytes": offer.most,
        "uploadPage": call.page("uploads"),
        "mediaItem": {"type": kinds.kind_of(mime), "url": offer.public_url},
    }
    says = (
        "PUT the file's bytes to uploadUrl (curl does it), then put mediaItem into `mediaItems`. Without a shell, ask your "
        "user to upload it on uploadPage."
    )
    return Answer("Nothing is here yet: this is a link that takes one file.", says, facts, again)


TOOLS = (
    Tool(
        "add_media",
        "Add a file",
        "Bring a picture, film or PDF here: by url (fetched now), or a one-time link for a local file (filename, mimeType).",
        MediaArguments,
        add,
        writes=True,
        outside=True,
        example={"url": "https://example.com/a.jpg", "type": "image", "idempotencyKey": "picture-a-19c2"},
    ),
)
