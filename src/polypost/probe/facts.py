"""What a probe answers with: the facts of one file, or one of two refusals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from polypost.errors import PolypostError

Kind = Literal["image", "gif", "video", "document"]
MAX_PIXELS = 100_000_000
_ASTRONOMICAL = 1e15
# The orientations above it lie on their side.
_UPRIGHT = 4


class Unsupported(PolypostError):
    """The media is not of a supported type."""

    code = "media_unsupported"
    next_step = (
        "Use a picture (JPEG, PNG, GIF, WebP, HEIC, AVIF), a video (MP4, MOV, WebM, MKV) or a PDF document."
    )


class Incomplete(Unsupported):
    """The media breaks off before its end."""

    code = "media_incomplete"
    next_step = (
        "Send the whole file again; if you have no other, open it in a program of yours and save it anew."
    )


class TooManyPixels(PolypostError):
    """The image has more than 100 million pixels."""

    code = "media_too_many_pixels"
    next_step = "Make the picture smaller."


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one media file; a fact that the header does not tell is None.

    `size` is in bytes, `width` and `height` in pixels (a video's rotation is applied, an image's EXIF
    orientation is not), `duration` in seconds, `frames` the number of images in a GIF, `fps` the mean
    number of frames per second, `peak_fps` that of the fastest second where the rate varies, `audio_rate` in hertz, `bitrate` in bits per second over the whole file.
    `faststart` is true when the index stands before the video's data, `edit_list` when a track has one.
    `orientation` is how a picture is turned to be shown (2 to 8, as in EXIF), `alpha` says that it may be transparent,
    `metadata` that the file tells of its making (camera, place, texts), `colour` names what screens do not show as it
    is: `cmyk`, or `pq` and `hlg` of films, `depth` the bits of a film's colours where they are not 8.
    """

    kind: Kind
    mime: str
    size: int
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    frames: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_rate: int | None = None
    audio_channels: int | None = None
    faststart: bool | None = None
    edit_list: bool | None = None
    bitrate: int | None = None
    orientation: int | None = None
    alpha: bool | None = None
    metadata: bool | None = None
    colour: str | None = None
    depth: int | None = None
    peak_fps: float | None = None

    @property
    def moves(self) -> bool:
        """Whether it is an animation: a GIF, WebP or PNG of several images."""
        return self.kind != "video" and (self.frames or 1) > 1

    @property
    def shown(self) -> tuple[int, int] | None:
        """Width and height as people see them, None unless both are known."""
        if not self.width or not self.height:
            return None
        turned = (self.orientation or 1) > _UPRIGHT
        return (self.height, self.width) if turned else (self.width, self.height)

    def as_dict(self) -> dict[str, Any]:
        """The known facts by name, ready for JSON."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    @classmethod
    def from_dict(cls, known: Mapping[str, Any]) -> Self:
        """The facts that `as_dict` wrote; names that this version does not know are left out."""
        return cls(**{field.name: known[field.name] for field in fields(cls) if field.name in known})


def image(mime: str, size: int, width: int, height: int, kind: Kind = "image") -> Facts:
    """The facts of a still image; raises `Unsupported` for one without area, `TooManyPixels` for a huge one."""
    if width <= 0 or height <= 0:
        raise Unsupported
    if width * height > MAX_PIXELS:
        raise TooManyPixels
    return Facts(kind=kind, mime=mime, size=size, width=width, height=height)


def positive(value: float) -> float | None:
    """The value when it can be true of a file: above zero, a number, and not astronomical."""
    return value if 0 < value < _ASTRONOMICAL else None


def bitrate(size: int, duration: float | None) -> int | None:
    """Bits per second of a file of `size` bytes that plays for `duration` seconds."""
    mean = positive(size * 8 / duration) if duration else None
    return round(mean) if mean else None
