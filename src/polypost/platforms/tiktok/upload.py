"""Sending a video to TikTok: an upload is opened, filled chunk by chunk, and its last chunk publishes.

Opening publishes nothing, so one that ran out or was lost is simply opened anew. Every chunk but the last is a step
of its own, so that after a crash the upload goes on where it was.
Protocol: TikTok for Developers, Content Posting API: Media Transfer Guide, read 2026-11-24.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from httpx2 import Response

from polypost.errors import NoAnswer, NotSent, OutcomeUnknown, Rejected, Unavailable
from polypost.platforms.base import MediaFile, Post, Proof, Run
from polypost.platforms.kit.calls import SLOWEST, own_address, stretch
from polypost.platforms.tiktok.api import call
from polypost.platforms.tiktok.chunks import Plan, plan
from polypost.platforms.tiktok.errors import CODES, ErrorBody, error_for
from polypost.platforms.tiktok.spec import UPLOAD

PART = "publish"
_OPENINGS = 3
_TRIES = 3
_RECEIVED = re.compile(r"bytes 0-(\d+)/\d+", re.ASCII)
_HOSTS = (".tiktokapis.com", ".tiktok.com")


class Gone(Unavailable):
    """The upload is of no more use; nothing came of it."""


async def send(run: Run, post: Post, path: str, info: dict[str, Any]) -> Proof:
    """The `publish_id` of the post's video, all bytes of which TikTok has taken. `path` and `info` open the upload."""
    for opening in range(1, _OPENINGS + 1):
        upload = _Upload(run, post, path, info, "" if opening == 1 else f" (upload {opening})")
        try:
            return await upload.carry_out()
        except Gone as gone:
            await upload.note(gone)
    raise Unavailable(f"TikTok lost {_OPENINGS} uploads of this video.")


class _Upload:
    """One upload: its steps carry a mark, so that an earlier one's rows do not answer for it."""

    def __init__(self, run: Run, post: Post, path: str, info: dict[str, Any], mark: str) -> None:
        self._run = run
        self._file: MediaFile = post.media[0]
        self._plan: Plan = plan(self._file.size)
        self._draft = bool(post.options.draft)
        self._path = path
        self._info = info
        self._mark = mark

    async def carry_out(self) -> Proof:
        """Open, fill, publish."""
        opened = await self._run.step(f"open{self._mark}", self._open)
        last = self._plan.count - 1
        # In order, one at a time: TikTok takes no chunk ahead of its turn.
        for number in range(last):
            name = f"chunk {number + 1}{self._mark}"
            await self._run.step(name, partial(self._fill, opened["url"], number))
        handles = {"publish_id": opened["publish_id"], "size": self._plan.size, "draft": self._draft}
        return await self._run.commit(PART, partial(self._finish, opened, last), handles=handles)

    async def note(self, gone: Gone) -> None:
        """Write down that this upload is over."""

        async def why() -> str:
            return str(gone)

        await self._run.step(f"upload lost{self._mark}", why)

    async def _open(self) -> dict[str, str]:
        source = {
            "source": "FILE_UPLOAD",
            "video_size": self._plan.size,
            "chunk_size": self._plan.chunk,
            "total_chunk_count": self._plan.count,
        }
        body = {"source_info": source, **({"post_info": self._info} if self._info else {})}
        data = await call(self._run, "POST", self._path, json=body)
        publish_id, url = data.get("publish_id"), data.get("upload_url")
        if not isinstance(publish_id, str) or not isinstance(url, str):
            raise Unavailable("TikTok opened an upload without naming it.")
        return {"publish_id": publish_id, "url": url}

    async def _fill(self, url: str, number: int) -> None:
        """Send one chunk, again if the transfer breaks. Raises Gone when the upload is lost."""
        for attempt in range(_TRIES):
            try:
                answer = await self._put(url, number)
            except (NotSent, NoAnswer):
                if attempt == _TRIES - 1:
                    raise
                continue
            # 206 while more is due and 201 at the end, as documented; clients have met 200 as well.
            if answer.is_success or self._has(answer, number):
                return
            if answer.status_code < 500:
                raise self._refusal(answer)
        raise Unavailable("TikTok's upload host has trouble of its own.")

    async def _finish(self, opened: dict[str, str], number: int) -> Proof:
        """Send the last chunk, with which TikTok begins to publish."""
        data = await self._bytes(number)
        answer = await self._run.http.commit(
            "PUT", _address(opened["url"]), headers=self._headers(number, len(data)), content=data
        )
        if answer.is_success or self._has(answer, number):
            return Proof(opened["publish_id"])
        if answer.status_code >= 500 or answer.status_code < 400 or answer.status_code == 408:
            raise OutcomeUnknown("TikTok's upload host did not say clearly whether it took the video.")
        raise self._refusal(answer)

    async def _put(self, url: str, number: int) -> Response:
        data = await self._bytes(number)
        return await self._run.http.request(
            "PUT",
            _address(url),
            headers=self._headers(number, len(data)),
            content=data,
            timeout=30 + len(data) / SLOWEST,
        )

    def _headers(self, number: int, length: int) -> dict[str, str]:
        # No Authorization: the address carries a token of its own.
        return {
            "Content-Type": self._file.facts.mime,
            "Content-Length": str(length),
            "Content-Range": self._plan.content_range(number),
        }

    async def _bytes(self, number: int) -> bytes:
        first, last = self._plan.piece(number)
        length = last - first + 1
        return b"".join([piece async for piece in stretch(self._file, first, length, length)])

    def _has(self, answer: Response, number: int) -> bool:
        """Whether a chunk is refused because TikTok has it already, as after a lost answer."""
        received = _RECEIVED.fullmatch(answer.headers.get("content-range", ""))
        return (
            answer.status_code == 416
            and received is not None
            and int(received[1]) >= self._plan.piece(number)[1]
        )

    def _refusal(self, answer: Response) -> Exception:
        said = ErrorBody.of(answer)
        if said.code in CODES or answer.status_code == 429:
            return error_for(said, self._run.now())
        if answer.status_code in {403, 404, 416}:
            return Gone("TikTok no longer takes bytes for this upload.")
        return Rejected(
            f"TikTok's upload host refused the video (status {answer.status_code}).",
            code="media_rejected",
            next_step="Re-encode it as an MP4 with H.264 video and try again.",
        )


def _address(url: str) -> str:
    """The upload address as given, if it is one of TikTok's: the video goes nowhere else."""
    return own_address(url, under=_HOSTS, otherwise=UPLOAD)
