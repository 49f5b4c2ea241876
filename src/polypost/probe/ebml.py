"""WebM and Matroska videos: a reader of the few EBML elements that hold facts (RFC 8794, RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from polypost.probe.facts import Facts, Unsupported, bitrate, positive
from polypost.probe.source import Source

MAGIC = b"\x1a\x45\xdf\xa3"
_EBML: Final = 0x1A45DFA3
_DOC_TYPE: Final = 0x4282
_SEGMENT: Final = 0x18538067
_INFO: Final = 0x1549A966
_TIMESTAMP_SCALE: Final = 0x2AD7B1
_DURATION: Final = 0x4489
_TRACKS: Final = 0x1654AE6B
_TRACK: Final = 0xAE
_TRACK_TYPE: Final = 0x83
_CODEC: Final = 0x86
_FRAME_DURATION: Final = 0x23E383
_VIDEO: Final = 0xE0
_WIDTH: Final = 0xB0
_HEIGHT: Final = 0xBA
_AUDIO: Final = 0xE1
_RATE: Final = 0xB5
_CHANNELS: Final = 0x9F

_MIMES = {b"webm": "video/webm", b"matroska": "video/x-matroska"}
_CODECS = {
    b"V_VP8": "vp8",
    b"V_VP9": "vp9",
    b"V_AV1": "av1",
    b"V_MPEG4/ISO/AVC": "h264",
    b"V_MPEGH/ISO/HEVC": "hevc",
    b"A_OPUS": "opus",
    b"A_VORBIS": "vorbis",
    b"A_AAC": "aac",
    b"A_FLAC": "flac",
    b"A_MPEG/L3": "mp3",
}
_NANOSECONDS = 1_000_000_000
_DEFAULT_SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its number and where its payload starts and ends."""

    id: int
    start: int
    end: int


class _Fields:
    """The first element of each number inside another, with readers of their values."""

    def __init__(self, source: Source, inside: Element | None) -> None:
        self._source = source
        self._found: dict[int, Element] = {}
        if inside is not None:
            for element in elements(source, inside.start, inside.end):
                self._found.setdefault(element.id, element)

    def raw(self, number: int) -> bytes:
        """The first bytes of a value; empty when it is not there."""
        element = self._found.get(number)
        return self._source.up_to(element.start, min(element.end - element.start, 64)) if element else b""

    def integer(self, number: int) -> int:
        """An unsigned number; 0 when it is not there."""
        return int.from_bytes(self.raw(number)[:8], "big")

    def real(self, number: int) -> float | None:
        """A floating-point number above zero; None for anything else."""
        raw = self.raw(number)
        layout = {4: ">f", 8: ">d"}.get(len(raw))
        return positive(struct.unpack(layout, raw)[0]) if layout else None

    def name(self, number: int) -> bytes:
        """A text without its padding."""
        return self.raw(number).rstrip(b"\0")

    def inside(self, number: int) -> _Fields:
        """The fields of an element in here."""
        return _Fields(self._source, self._found.get(number))


def elements(source: Source, start: int, end: int) -> Iterator[Element]:
    """The elements that follow each other from `start`; one of unknown length reaches to `end`."""
    while start < end:
        head = source.up_to(start, 12)
        number, id_length = _vint(head, 4)
        length, size_length = _vint(head[id_length:], 8)
        payload = start + id_length + size_length
        if not id_length or not size_length or payload > end:
            return
        length -= 1 << 7 * size_length
        unknown = length == (1 << 7 * size_length) - 1
        stop = end if unknown else min(payload + length, end)
        yield Element(number, payload, stop)
        start = stop


def _vint(raw: bytes, longest: int) -> tuple[int, int]:
    """A number of variable length with its length marker still in it, and the bytes it takes (0: not one)."""
    length = 9 - raw[0].bit_length() if raw else 0
    if not 0 < length <= longest or len(raw) < length:
        return 0, 0
    return int.from_bytes(raw[:length], "big"), length


def ebml(source: Source) -> Facts:
    """The facts of a WebM or Matroska video; a live recording does not tell its duration."""
    top: dict[int, Element] = {}
    for element in elements(source, 0, source.size):
        top.setdefault(element.id, element)
        if element.id == _SEGMENT:
            break
    mime = _MIMES.get(_Fields(source, top.get(_EBML)).name(_DOC_TYPE))
    if mime is None or _SEGMENT not in top:
        raise Unsupported
    info, tracks = _info_and_tracks(source, top[_SEGMENT])
    video = next((track for track in tracks if track.integer(_TRACK_TYPE) == 1), None)
    audio = next((track for track in tracks if track.integer(_TRACK_TYPE) == 2), _Fields(source, None))
    if video is None:
        raise Unsupported
    scale = info.integer(_TIMESTAMP_SCALE) or _DEFAULT_SCALE
    duration = positive((info.real(_DURATION) or 0) * scale / _NANOSECONDS)
    frame = video.integer(_FRAME_DURATION)
    rate = audio.inside(_AUDIO).real(_RATE)
    return Facts(
        kind="video",
        mime=mime,
        size=source.size,
        width=video.inside(_VIDEO).integer(_WIDTH) or None,
        height=video.inside(_VIDEO).integer(_HEIGHT) or None,
        duration=duration,
        fps=_NANOSECONDS / frame if frame else None,
        video_codec=_CODECS.get(video.name(_CODEC)),
        audio_codec=_CODECS.get(audio.name(_CODEC)),
        audio_rate=round(rate) if rate else None,
        audio_channels=audio.inside(_AUDIO).integer(_CHANNELS) or None,
        bitrate=bitrate(source.size, duration),
    )


def _info_and_tracks(source: Source, segment: Element) -> tuple[_Fields, list[_Fields]]:
    """The fields of the segment's information and of each track; the walk ends when both are known."""
    info = tracks = None
    for element in elements(source, segment.start, segment.end):
        if element.id == _INFO and info is None:
            info = _Fields(source, element)
        elif element.id == _TRACKS and tracks is None:
            found = elements(source, element.start, element.end)
            tracks = [_Fields(source, track) for track in found if track.id == _TRACK]
        if info is not None and tracks is not None:
            break
    return info or _Fields(source, None), tracks or []
