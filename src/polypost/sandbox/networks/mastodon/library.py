"""What has been uploaded: media that wait, media in posts, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from polypost import clock
from polypost.probe import Facts, TooManyPixels, Unsupported, probe
from polypost.sandbox.networks.mastodon.limits import AUDIO, IMAGES, VIDEOS, limit
from polypost.sandbox.networks.mastodon.rules import Rules
from polypost.sandbox.simkit import Document, Media, Network

UPLOAD = "media"
IMAGE, GIFV, VIDEO, SOUND = "image", "gifv", "video", "audio"
Focus = Sequence[float]


@dataclass(frozen=True, slots=True)
class Upload:
    """One media id; `status_id` is the post that it hangs on."""

    id: str
    account_id: str
    kind: str
    mime: str
    blob: str
    alt: str
    focus: Focus | None
    width: int | None
    height: int | None
    duration: float | None
    ready_at: float
    failed: bool
    status_id: str | None
    kept_until: float

    @property
    def ready(self) -> bool:
        """Whether it has been worked on to its end, well or not."""
        return self.ready_at <= clock.now().timestamp()

    @property
    def waiting(self) -> bool:
        """Whether it hangs on no post and has not been swept away."""
        return self.status_id is None and self.kept_until > clock.now().timestamp()

    def as_media(self) -> Media:
        """It as a part of a post's page."""
        return {
            "blob": self.blob,
            # A server makes videos of moving GIFs; here they are shown as they came.
            "kind": "video" if self.kind == VIDEO else "image",
            "mime": self.mime,
            "alt": self.alt,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
        }


class Library:
    """All media of the server."""

    def __init__(self, net: Network, rules: Rules) -> None:
        self._net = net
        self._rules = rules

    def get(self, media_id: str) -> Upload | None:
        """The media with this id, whatever became of it."""
        found = self._net.documents.get(UPLOAD, media_id)
        return None if found is None else _upload(found)

    def examine(self, path: Path, declared: str) -> tuple[str, str, Facts | None]:
        """(kind, type, facts) of a file. Raises ValueError with Mastodon's words for one that it does not take."""
        try:
            facts = probe(path)
        except TooManyPixels as large:
            raise ValueError("File is too large") from large
        except Unsupported:
            # Sound and the newer image formats are taken by their declared type.
            if declared in AUDIO or declared in {"image/heic", "image/heif", "image/avif"}:
                kind = SOUND if declared in AUDIO else IMAGE
                self._size(path, kind)
                return kind, declared, None
            raise ValueError("File content type is invalid, File is invalid") from None
        if facts.mime not in (*IMAGES, *VIDEOS):
            raise ValueError("File content type is invalid, File is invalid")
        kind = (
            VIDEO if facts.kind == "video" else GIFV if facts.kind == "gif" and facts.frames != 1 else IMAGE
        )
        self._size(path, kind)
        self._shape(facts, kind)
        return kind, facts.mime, facts

    def _size(self, path: Path, kind: str) -> None:
        most = self._rules.limit("image_bytes" if kind == IMAGE else "video_bytes")
        if path.stat().st_size > most:
            raise ValueError(f"File file size must be less than {most // (1024 * 1024)} MB")

    def _shape(self, facts: Facts, kind: str) -> None:
        pixels = (facts.width or 0) * (facts.height or 0)
        size = f"{facts.width}x{facts.height}"
        if kind == IMAGE and pixels > self._rules.limit("image_pixels"):
            raise ValueError(f"{size} images are not supported")
        if kind != IMAGE and pixels > self._rules.limit("video_pixels"):
            raise ValueError(f"{size} videos are not supported")
        if facts.fps and facts.fps > self._rules.limit("video_fps") + 0.5:
            raise ValueError(f"{facts.fps:.0f}fps videos are not supported")

    def add(
        self,
        account_id: str,
        blob: str,
        found: tuple[str, str, Facts | None],
        *,
        alt: str,
        focus: Focus | None,
        work: float,
        failed: bool,
    ) -> Upload:
        """Keep an upload; what moves or sounds is worked on for a while, and so is anything with `work` seconds."""
        kind, mime, facts = found
        seconds = work + (0 if kind == IMAGE else limit("processing_seconds"))
        now = clock.now()
        body = {
            "kind": kind,
            "mime": mime,
            "blob": blob,
            "alt": alt,
            "focus": focus,
            "width": facts.width if facts else None,
            "height": facts.height if facts else None,
            "duration": facts.duration if facts else None,
            "ready_at": now.timestamp() + seconds,
            "failed": failed,
            "status_id": None,
            "kept_until": (now + timedelta(hours=limit("media_life_hours"))).timestamp(),
        }
        media_id = self._net.snowflake(epoch_ms=0, random_bits=16)
        return _upload(self._net.documents.put(UPLOAD, media_id, body, account_id=account_id))

    def change(self, media_id: str, **members: object) -> Upload:
        """Set some of an upload's members."""
        self._net.documents.update(UPLOAD, media_id, **members)
        changed = self.get(media_id)
        assert changed is not None
        return changed

    def attach(self, uploads: tuple[Upload, ...], status_id: str) -> None:
        """Hang uploads on a post."""
        for upload in uploads:
            self._net.documents.update(UPLOAD, upload.id, status_id=status_id)

    def release(self, media_ids: list[str], *, forget: bool) -> None:
        """Take media off a post that is deleted; they can be used again for a day."""
        until = clock.now() + timedelta(hours=0 if forget else limit("media_life_hours"))
        for media_id in media_ids:
            self._net.documents.update(UPLOAD, media_id, status_id=None, kept_until=until.timestamp())

    def forget(self, upload: Upload) -> None:
        """Remove an upload and its bytes."""
        self._net.blobs.delete(upload.blob)
        self._net.documents.delete(UPLOAD, upload.id)


def _upload(document: Document) -> Upload:
    return Upload(id=document.id, account_id=document.account_id or "", **document.body)
