"""Files to the server: in one piece where it is small, else in pieces that go on where they stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import httpx2

from polypost.client import calls, files
from polypost.client.calls import Call
from polypost.client.errors import ClientError, Refused
from polypost.client.files import BLOCK, PIECE, File, Source
from polypost.client.shapes import Answer, MediaItem, Place
from polypost.client.sync.session import Session

Progress = Callable[[int, int], None]
_TUS = {"Tus-Resumable": "1.0.0"}
# Another request has the file, the piece came late or broken, or there are too many: where to go on is asked anew.
_ASK_AGAIN = frozenset({408, 409, 423, 429, 460})


def _untold(sent: int, whole: int) -> None:
    """Nobody wants to hear of it."""


class Uploads(Session):
    """Uploads."""

    def create_media_upload(self, filename: str, mime_type: str) -> Answer:
        """Addresses for one file: `data` is the place that `upload` takes."""
        body = {"filename": filename, "mime_type": mime_type}
        return self._do(Answer, "POST", "/v1/media/upload", body=body, harmless=True)

    def upload(
        self,
        file: File,
        *,
        filename: str | None = None,
        mime_type: str | None = None,
        place: Place | None = None,
        on_progress: Progress | None = None,
    ) -> MediaItem:
        """A file of this machine as an entry of `media_items`. Raises OSError, ValueError and ClientError.

        With the `place` of an earlier try it goes on where that stopped. `on_progress` is told bytes sent and in all.
        """
        source = Source(file, filename, mime_type)
        try:
            if place is None:
                place = (self.create_media_upload(source.name, source.mime))["data"]
            told = on_progress or _untold
            if place.get("resumable") and source.size > PIECE:
                self._in_pieces(source, place["uploadUrl"], told)
            else:
                self._in_one(source, place["uploadUrl"], told)
        finally:
            source.close()
        return {"type": files.kind_of(source.mime), "url": place["publicUrl"]}

    def _in_one(self, source: Source, url: str, told: Progress) -> None:
        """PUT; the same bytes again change nothing, so it is repeated."""
        headers = {"Content-Type": source.mime, "Content-Length": str(source.size)}
        number = 0
        while True:
            number += 1
            try:
                self._put("PUT", url, headers, self._blocks(source, 0, source.size, told))
                return
            except ClientError as error:
                if number >= calls.TRIES or (isinstance(error, Refused) and error.status < 500):
                    raise
                time.sleep(calls.pause(number, error))

    def _in_pieces(self, source: Source, url: str, told: Progress) -> None:
        """By tus 1.0.0, from where the server says; after each piece that arrives there are as many tries again."""
        at: int | None = None
        safe = failed = 0
        while at is None or at < source.size:
            try:
                at = self._offset(source, url) if at is None else self._piece(source, url, at, told)
            except ClientError as error:
                failed += 1
                again = not isinstance(error, Refused) or error.status in _ASK_AGAIN or error.status >= 500
                if failed >= calls.TRIES or not again:
                    raise
                time.sleep(calls.pause(failed, error))
                at = None
            else:
                safe, failed = (at, 0) if at > safe else (safe, failed)
                told(at, source.size)

    def _piece(self, source: Source, url: str, at: int, told: Progress) -> int:
        """One piece; how many bytes are safe then."""
        length = min(PIECE, source.size - at)
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(length),
            "Upload-Offset": str(at),
            "Upload-Length": str(source.size),
        }
        response = self._put("PATCH", url, _TUS | headers, self._blocks(source, at, length, told))
        return int(response.headers["upload-offset"])

    def _offset(self, source: Source, url: str) -> int:
        """How many bytes the server has. Raises ClientError, also for a place of another file."""
        response = self._put("HEAD", url, _TUS, None)
        announced = response.headers.get("upload-length", "")
        if announced and int(announced) != source.size:
            raise Refused(410, f"{source.name} is no longer the file that was begun. Upload it anew.", {})
        return int(response.headers["upload-offset"])

    def _put(
        self, method: str, url: str, headers: Mapping[str, str], content: Iterator[bytes] | None
    ) -> httpx2.Response:
        """One exchange with the signed address, which is the key. Raises ClientError."""
        call = Call(method, "", harmless=True)
        try:
            response = self._http.request(
                method, url, content=content, headers={"User-Agent": calls.AGENT, **headers}
            )
        except httpx2.RequestError as error:
            raise calls.no_answer(error, call, url.partition("?")[0]) from error
        calls.read(response, call)
        return response

    def _blocks(self, source: Source, start: int, length: int, told: Progress) -> Iterator[bytes]:
        sent = 0
        while sent < length:
            block = source.read(start + sent, min(BLOCK, length - sent))
            if not block:
                raise OSError(f"{source.name} has become shorter while it was read.")
            yield block
            sent += len(block)
            told(start + sent, source.size)
