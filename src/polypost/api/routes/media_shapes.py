"""The body and the answers of media uploads."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from polypost.api.openapi.described import Shape
from polypost.intake.bodies import Closed, Text


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadBody(Closed):
    """`POST /v1/media/upload`; `size` in bytes lets clients send the file in several parts."""

    filename: Annotated[Text, Field(min_length=1, max_length=1000)]
    mimeType: Annotated[Text, Field(min_length=1, max_length=255)]
    size: Annotated[int, BeforeValidator(_whole), Field(ge=1, le=2**53)] | None = None


class UploadData(Shape):
    """Where the file goes to and where it is read; `maxBytes` is what the server takes of this type."""

    uploadUrl: str
    publicUrl: str
    expiresAt: datetime
    maxBytes: int
    resumable: bool


class UploadAnswer(Shape):
    """The answer to `POST /v1/media/upload`."""

    success: Literal[True]
    data: UploadData


class StoredData(Shape):
    """A file that is here; `sha256` in hex, `mimeType` by the bytes."""

    publicUrl: str
    filename: str
    size: int
    mimeType: str
    sha256: str


class StoredAnswer(Shape):
    """The answer to a PUT of the file."""

    success: Literal[True]
    data: StoredData
