"""MP4 and QuickTime videos, HEIF and AVIF images: a reader of ISO base media boxes (ISO/IEC 14496-12).

It walks from box to box by their lengths and reads a few fixed fields. The video's data is jumped over,
and no table is read beyond its first entries.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from polypost.probe.facts import Facts, Incomplete, Unsupported, bitrate, image, positive
from polypost.probe.source import Source

# QuickTime files from before brands begin with one of these instead of `ftyp`.
FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_IMAGES = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
}
_CODECS = {
    b"avc1": "h264",
    b"avc3": "h264",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"dvh1": "hevc",
    b"dvhe": "hevc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4v": "mpeg4",
    b"s263": "h263",
    b"apco": "prores",
    b"apcs": "prores",
    b"apcn": "prores",
    b"apch": "prores",
    b"ap4h": "prores",
    b"ap4x": "prores",
    b"jpeg": "mjpeg",
    b"mp4a": "aac",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
    b".mp3": "mp3",
    b"lpcm": "pcm",
    b"sowt": "pcm",
    b"twos": "pcm",
    b"samr": "amr",
}
# `mp4a` stands for any sound of MPEG-4: an object type deep in its description tells which (mp4ra.org).
_MPEG4_SOUNDS = {0x40: "aac", 0x66: "aac", 0x67: "aac", 0x68: "aac", 0x69: "mp3", 0x6B: "mp3", 0xA5: "ac3"}
_OBJECT_TYPE = re.compile(rb"\x03[\x80-\xff]{0,3}[\0-\x7f]...\x04[\x80-\xff]{0,3}[\0-\x7f](.)", re.DOTALL)
# Curves of light that screens without HDR do not have (ITU-T H.273), by their number.
_CURVES = {16: "pq", 18: "hlg"}
# Profiles of H.264 that have, or may have, more than 8 bits or more colour than 4:2:0.
_DEEP = frozenset({110, 122, 244})
# Where a description of pictures has its own boxes.
_PICTURE_BOXES = 86
# What tells of a film's making, in the boxes of Apple, of 3GPP and of cameras.
_TOLD = re.compile(rb"\xa9(?:xyz|mak|mod|nam|cmt|des|ART|aut)|loci|com\.apple\.|GPS|XMP_|<x:xmpmeta")
_TOLD_BYTES = 65_536
_MAX_BRANDS = 64
# Films in thousands of fragments are not followed to their end.
_MOST_BOXES = 1_000
_NEEDED = frozenset({b"moov", b"meta", b"mdat", b"moof"})
_MAX_TIME_ENTRIES = 16_384
# Cameras are never quite steady, and leave out a frame now and then.
_STEADY = 1.1
_UNKNOWN_TIMES = frozenset({0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its four-character name, where its payload starts and ends, and whether it is not there as a whole."""

    name: bytes
    start: int
    end: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Track:
    """What one track of a video tells."""

    handler: bytes
    codec: str | None
    duration: float | None
    edit_list: bool
    width: int = 0
    height: int = 0
    fps: float | None = None
    peak_fps: float | None = None
    rate: int | None = None
    channels: int | None = None
    colour: str | None = None
    depth: int | None = None


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """The boxes that follow each other from `start`; one that claims to reach past `end` is cut there."""
    while start + 8 <= end:
        length, name = struct.unpack(">I4s", source.at(start, 8))
        payload = start + 8
        if length == 1:
            length = source.number(payload, 8)
            payload += 8
        elif length == 0:
            length = end - start
        if start + length < payload or payload > end:
            return
        yield Box(name, payload, min(start + length, end), start + length > end)
        start += length


def find(source: Source, inside: Box, *path: bytes) -> Box | None:
    """The first box at `path` inside another, or None."""
    for name in path:
        for box in boxes(source, inside.start, inside.end):
            if box.name == name:
                inside = box
                break
        else:
            return None
    return inside


def isobmff(source: Source) -> Facts:
    """The facts of an MP4 or MOV video, or of a HEIF or AVIF image."""
    _check_end(source)
    brands = _brands(source)
    if brands and brands[0] in _IMAGES:
        return _still(source, brands)
    return _video(source, brands[0] if brands else b"qt  ")


def _check_end(source: Source) -> None:
    """Raises `Incomplete` where index or data reach beyond the end of the file."""
    for box in islice(boxes(source, 0, source.size), _MOST_BOXES):
        if box.cut and box.name in _NEEDED:
            raise Incomplete


def _brands(source: Source) -> list[bytes]:
    """The major brand, then the compatible ones; empty when the file has no `ftyp` box."""
    first = next(boxes(source, 0, source.size), None)
    if first is None or first.name != b"ftyp":
        return []
    raw = source.at(first.start, min(first.end - first.start, 8 + 4 * _MAX_BRANDS))
    # The four bytes after the major brand are its version.
    return [raw[at : at + 4] for at in range(0, len(raw) - 3, 4) if at != 4]


def _still(source: Source, brands: list[bytes]) -> Facts:
    """The facts of a HEIF or AVIF image; the largest of its parts is taken for the whole."""
    mimes = {_IMAGES[brand] for brand in brands if brand in _IMAGES}
    # `mif1` says only that the file has this structure; a brand beside it says which codec.
    mime = min(mimes - {"image/heif"}, default="image/heif")
    width = height = turns = 0
    for meta in boxes(source, 0, source.size):
        if meta.name != b"meta":
            continue
        properties = find(source, Box(meta.name, meta.start + 4, meta.end), b"iprp", b"ipco")
        for box in boxes(source, properties.start, properties.end) if properties else ():
            if box.name == b"ispe":
                size = struct.unpack(">II", source.at(box.start + 4, 8))
                width, height = max((width, height), size, key=lambda pair: pair[0] * pair[1])
            elif box.name == b"irot":
                turns = source.number(box.start, 1) & 3
        break
    # Turned against the clock by quarters; EXIF has other numbers for it.
    turned = {1: 8, 2: 3, 3: 6}.get(turns)
    return replace(image(mime, source.size, width, height), orientation=turned)


def _video(source: Source, brand: bytes) -> Facts:
    """The facts of a video from its `moov` box."""
    moov, faststart = _index(source)
    found = (_track(source, box) for box in boxes(source, moov.start, moov.end) if box.name == b"trak")
    tracks = [track for track in found if track is not None]
    video = next((track for track in tracks if track.handler == b"vide"), None)
    audio = next((track for track in tracks if track.handler == b"soun"), None)
    if video is None:
        raise Unsupported
    duration = _duration(source, moov) or max((track.duration or 0 for track in tracks), default=0) or None
    return Facts(
        kind="video",
        mime=_mime(brand),
        size=source.size,
        width=video.width or None,
        height=video.height or None,
        duration=duration,
        fps=video.fps,
        peak_fps=video.peak_fps,
        video_codec=video.codec,
        audio_codec=audio.codec if audio else None,
        audio_rate=audio.rate if audio else None,
        audio_channels=audio.channels if audio else None,
        faststart=faststart,
        edit_list=any(track.edit_list for track in tracks),
        bitrate=bitrate(source.size, duration),
        metadata=_tells(source, moov, tracks) or None,
        colour=video.colour,
        depth=video.depth,
    )


def _tells(source: Source, moov: Box, tracks: list[_Track]) -> bool:
    """Whether the index tells where, when or with what the film was made."""
    if find(source, moov, b"meta") or any(track.handler == b"meta" for track in tracks):
        return True
    texts = [box for box in boxes(source, moov.start, moov.end) if box.name in {b"udta", b"uuid"}]
    return any(_TOLD.search(source.up_to(box.start, min(box.end - box.start, _TOLD_BYTES))) for box in texts)


def _mime(brand: bytes) -> str:
    """The media type that a video's major brand stands for."""
    if brand == b"qt  ":
        return "video/quicktime"
    return "video/3gpp" if brand.startswith(b"3gp") else "video/mp4"


def _index(source: Source) -> tuple[Box, bool]:
    """The `moov` box, and whether it stands before the video's data."""
    data_seen = False
    for box in boxes(source, 0, source.size):
        if box.name == b"moov":
            return box, not data_seen
        data_seen = data_seen or box.name == b"mdat"
    raise Unsupported


def _duration(source: Source, moov: Box) -> float | None:
    """The video's playing time in seconds as its header tells; a fragmented video tells it elsewhere."""
    header = find(source, moov, b"mvhd")
    if header is None:
        return None
    scale, duration = _times(source, header)
    fragments = find(source, moov, b"mvex", b"mehd")
    if duration is None and fragments is not None and scale:
        wide = source.number(fragments.start, 1) == 1
        return positive(source.number(fragments.start + 4, 8 if wide else 4) / scale)
    return duration


def _times(source: Source, box: Box) -> tuple[int, float | None]:
    """Ticks per second and duration in seconds of an `mvhd` or `mdhd` box."""
    if source.number(box.start, 1) == 1:
        scale, ticks = struct.unpack(">IQ", source.at(box.start + 20, 12))
    else:
        scale, ticks = struct.unpack(">II", source.at(box.start + 12, 8))
    return scale, positive(ticks / scale) if scale and ticks not in _UNKNOWN_TIMES else None


def _track(source: Source, trak: Box) -> _Track | None:
    """What one `trak` box tells; None when it lacks what every track must have."""
    handler = find(source, trak, b"mdia", b"hdlr")
    header = find(source, trak, b"mdia", b"mdhd")
    tables = find(source, trak, b"mdia", b"minf", b"stbl")
    if handler is None or header is None or tables is None:
        return None
    scale, duration = _times(source, header)
    kind = source.at(handler.start + 8, 4)
    entry = _sample_entry(source, tables)
    codec = _codec(source.at(entry + 4, 4)) if entry else None
    edited = find(source, trak, b"edts", b"elst") is not None
    if kind == b"vide":
        width, height = _shown_size(source, trak, entry)
        fps, peak = _rates(source, tables, scale)
        colour, depth = _appearance(source, entry) if entry else (None, None)
        return _Track(
            kind,
            codec,
            duration,
            edited,
            width=width,
            height=height,
            fps=fps,
            peak_fps=peak,
            colour=colour,
            depth=depth,
        )
    if kind == b"soun" and entry:
        rate, channels = _sound(source, entry)
        if codec == "aac":
            codec = _mpeg4_sound(source, entry)
        return _Track(kind, codec, duration, edited, rate=rate or scale or None, channels=channels or None)
    return _Track(kind, codec, duration, edited)


def _sample_entry(source: Source, tables: Box) -> int | None:
    """Where the first sample description of a track starts, its length and name included."""
    descriptions = find(source, tables, b"stsd")
    # The smallest entry that can be read here is the fixed part of a sound description.
    if descriptions is None or descriptions.end - descriptions.start < 8 + 36:
        return None
    return descriptions.start + 8


def _codec(name: bytes) -> str | None:
    """The usual name of a codec, or its four characters when they are plain."""
    plain = name.decode("ascii", "replace").strip().lower()
    return _CODECS.get(name) or (plain if plain.isalnum() and plain.isascii() else None)


def _shown_size(source: Source, trak: Box, entry: int | None) -> tuple[int, int]:
    """Width and height as shown: a video turned by a quarter has them exchanged."""
    width = height = 0
    turned = False
    header = find(source, trak, b"tkhd")
    if header is not None:
        matrix = header.start + (52 if source.number(header.start, 1) == 1 else 40)
        a, b, _, c, d = struct.unpack(">5i", source.at(matrix, 20))
        turned = a == 0 and d == 0 and b != 0 and c != 0
        width, height = (fixed >> 16 for fixed in struct.unpack(">II", source.at(matrix + 36, 8)))
    if entry and not (width and height):
        width, height = struct.unpack(">HH", source.at(entry + 32, 4))
    return (height, width) if turned else (width, height)


def _appearance(source: Source, entry: int) -> tuple[str | None, int | None]:
    """The curve of light and the bits of the colours that a description of pictures names."""
    inside = Box(b"", entry + _PICTURE_BOXES, entry + source.number(entry, 4))
    colour = depth = None
    for box in boxes(source, inside.start, inside.end):
        head = source.up_to(box.start, 18)
        if box.name == b"colr" and head[:4] in {b"nclx", b"nclc"}:
            colour = _CURVES.get(int.from_bytes(head[6:8], "big"), colour)
        elif box.name == b"avcC" and len(head) > 1 and head[1] in _DEEP:
            depth = 10
        elif box.name == b"hvcC" and len(head) == 18 and head[17] & 7:
            depth = 8 + (head[17] & 7)
    return colour, depth


def _rates(source: Source, tables: Box, scale: int) -> tuple[float | None, float | None]:
    """Frames per second over the first entries of the table of times, and in their fastest second where it varies."""
    times = find(source, tables, b"stts")
    if times is None:
        return None, None
    entries = min(source.number(times.start + 4, 4), (times.end - times.start) // 8 - 1, _MAX_TIME_ENTRIES)
    raw = source.at(times.start + 8, 8 * entries) if entries > 0 else b""
    runs = list(struct.iter_unpack(">II", raw))
    frames = sum(count for count, _ in runs)
    ticks = sum(count * delta for count, delta in runs)
    mean = positive(frames * scale / ticks) if ticks else None
    peak = _fastest_second(runs, scale) if mean and len(runs) > 1 else 0.0
    return mean, positive(peak) if mean and peak > mean * _STEADY else None


def _fastest_second(runs: list[tuple[int, int]], scale: int) -> float:
    """The most frames in a second that begins with one of the runs of frames; 0 for a film of less than a second."""
    most = 0.0
    end = frames = ticks = 0
    for count, delta in runs:
        while ticks < scale and end < len(runs):
            frames += runs[end][0]
            ticks += runs[end][0] * runs[end][1]
            end += 1
        if ticks < scale:
            break
        # The last run reaches beyond the second.
        most = max(most, frames - (ticks - scale) / runs[end - 1][1])
        frames -= count
        ticks -= count * delta
    return most


def _sound(source: Source, entry: int) -> tuple[int, int]:
    """Sample rate in hertz and number of channels of a sound description; 0 for what it leaves open."""
    if source.number(entry + 16, 2) == 2:
        # QuickTime's second version keeps both further back, the rate as a floating-point number.
        rate, channels = struct.unpack(">dI", source.at(entry + 40, 12))
        return round(positive(rate) or 0), channels
    (channels,) = struct.unpack(">H", source.at(entry + 24, 2))
    return source.number(entry + 32, 4) >> 16, channels


def _mpeg4_sound(source: Source, entry: int) -> str | None:
    """The codec of an `mp4a` description; AAC when it does not say, as in QuickTime's own versions."""
    description = Box(b"mp4a", entry + 36, entry + source.number(entry, 4))
    stream = find(source, description, b"esds")
    told = _OBJECT_TYPE.match(source.up_to(stream.start + 4, 64)) if stream else None
    return _MPEG4_SOUNDS.get(told[1][0]) if told else "aac"
