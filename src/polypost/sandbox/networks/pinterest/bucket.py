"""The form that the upload bucket takes: fields, then a file, which streams to disk with or without a name of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from polypost.sandbox.networks.pinterest.errors import bucket_error

FILE = "file"
FIELD_BYTES = 65_536
FIELDS = 50


@dataclass
class Form:
    """What came before the file, and whether there was one; like the bucket, nothing behind the file is looked at."""

    fields: dict[str, str] = field(default_factory=dict)
    file: bool = False
    size: int = 0


class _Reader:
    """The parser's callbacks: one part at a time, kept as a field or written to the file."""

    def __init__(self, into: BinaryIO, most: int) -> None:
        self.form = Form()
        self._into = into
        self._most = most
        self._name = ""
        self._value = bytearray()
        self._header, self._content = bytearray(), bytearray()

    def part_begins(self) -> None:
        self._name = ""
        self._value.clear()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def header_ends(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._content))
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._header.clear()
        self._content.clear()

    def headers_end(self) -> None:
        if self._name == FILE and self.form.file:
            self._name = ""
        self.form.file = self.form.file or self._name == FILE

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self.form.size += end - start
            if self.form.size <= self._most:
                self._into.write(data[start:end])
        elif not self.form.file:
            self._value += data[start:end]
            if len(self._value) > FIELD_BYTES:
                raise _malformed()

    def part_ends(self) -> None:
        if self._name and not self.form.file:
            self.form.fields[self._name] = self._value.decode("utf-8", "replace")
            if len(self.form.fields) > FIELDS:
                raise _malformed()


async def read(request: Request, path: Path, most: int) -> Form:
    """Take a form in, its file to a path; of a file larger than `most` only the size is told.

    Raises Refused (XML) for a body that is no such form.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise bucket_error(
            412, "PreconditionFailed", "Bucket POST must be of the enclosure-type multipart/form-data"
        )
    with path.open("wb") as into:
        reader = _Reader(into, most)
        try:
            parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": reader.part_begins,
                    "on_header_field": reader.header_name,
                    "on_header_value": reader.header_value,
                    "on_header_end": reader.header_ends,
                    "on_headers_finished": reader.headers_end,
                    "on_part_data": reader.part_data,
                    "on_part_end": reader.part_ends,
                },
            )
            async for chunk in request.stream():
                parser.write(chunk)
            parser.finalize()
        except FormParserError as error:
            raise _malformed() from error
    return reader.form


def _malformed() -> Exception:
    return bucket_error(400, "MalformedPOSTRequest", "The body is not well-formed multipart/form-data.")
