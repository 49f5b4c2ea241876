"""What a file tells of its making, removed without decoding anything: camera, place, time, texts, hidden images."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from polypost.decoder.told import Refused

_PIECE = 1024 * 1024
_BROKEN = "Its parts do not follow each other as they should."
# EXIF and XMP, IPTC, comments; of the second application segment only colour profiles stay.
_JPEG_DROPPED = frozenset({0xE1, 0xED, 0xFE})
_APP2, _START_OF_SCAN = 0xE2, 0xDA
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
_PNG_DROPPED = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_WEBP_DROPPED = frozenset({b"EXIF", b"XMP "})
_WEBP_FLAGS = 0x08 | 0x04
# Boxes of a film's index that are walked into, and those that tell of its making.
_INDEX = frozenset({b"moov", b"trak", b"mdia", b"minf"})
_TOLD = frozenset({b"udta", b"meta", b"uuid"})
_TIMED = frozenset({b"mvhd", b"tkhd", b"mdhd"})
_SHOWN = frozenset({b"vide", b"soun"})
_EBML_TAGS, _EBML_SEGMENT = 0x1254C367, 0x18538067


def strip(recipe: dict[str, Any], source: BinaryIO, target: BinaryIO) -> None:
    """Copy the file without what it tells; all of it where `recipe` says `keep`. Raises Refused for a broken one."""
    mime = recipe["from"]
    if recipe.get("keep"):
        _copy(source, target)
    elif mime in _PICTURES:
        _PICTURES[mime](source, target)
    elif mime in {"video/webm", "video/x-matroska"}:
        _copy(source, target)
        _quiet_matroska(source, target)
    else:
        _copy(source, target)
        _quiet_film(source, target, 0, source.seek(0, io.SEEK_END))


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    while piece := source.read(_PIECE):
        target.write(piece)


def _take(source: BinaryIO, length: int) -> bytes:
    found = source.read(length)
    if len(found) != length:
        raise Refused(_BROKEN)
    return found


def _move(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length > 0:
        piece = _take(source, min(length, _PIECE))
        target.write(piece)
        length -= len(piece)


def _jpeg(source: BinaryIO, target: BinaryIO) -> None:
    """Up to the end of the first image: what follows it are other images, or films."""
    source.seek(0)
    target.write(_take(source, 2))
    while True:
        prefix, marker = _take(source, 2)
        while marker == 0xFF:
            marker = _take(source, 1)[0]
        if prefix != 0xFF:
            raise Refused(_BROKEN)
        if marker in _JPEG_BARE:
            target.write(bytes((0xFF, marker)))
            continue
        length = int.from_bytes(_take(source, 2), "big")
        payload = _take(source, max(length - 2, 0))
        if marker not in _JPEG_DROPPED and not (marker == _APP2 and not payload.startswith(b"ICC_PROFILE")):
            target.write(struct.pack(">BBH", 0xFF, marker, length) + payload)
        if marker == _START_OF_SCAN:
            _scans(source, target)
            return


def _scans(source: BinaryIO, target: BinaryIO) -> None:
    """The picture's data up to the mark of its end, which stands nowhere in it."""
    last = b""
    while piece := source.read(_PIECE):
        end = (last + piece).find(b"\xff\xd9")
        if end >= 0:
            target.write(piece[: end + 2 - len(last)])
            return
        target.write(piece)
        last = piece[-1:]


def _png(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    target.write(_take(source, 8))
    while True:
        head = source.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[:4], "big") + 4
        if head[4:] in _PNG_DROPPED:
            source.seek(length, io.SEEK_CUR)
        else:
            target.write(head)
            _move(source, target, length)
        if head[4:] == b"IEND":
            return


def _webp(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    target.write(_take(source, 12))
    written = 4
    while len(head := source.read(8)) == 8:
        length = int.from_bytes(head[4:], "little")
        length += length % 2
        if head[:4] in _WEBP_DROPPED:
            source.seek(length, io.SEEK_CUR)
            continue
        target.write(head)
        if head[:4] == b"VP8X" and length:
            target.write(bytes((_take(source, 1)[0] & ~_WEBP_FLAGS,)))
            _move(source, target, length - 1)
        else:
            _move(source, target, length)
        written += 8 + length
    target.seek(4)
    target.write(written.to_bytes(4, "little"))


def _gif(source: BinaryIO, target: BinaryIO) -> None:
    source.seek(0)
    head = _take(source, 13)
    target.write(head)
    _move(source, target, _colours(head[10]))
    while True:
        kind = source.read(1)
        if kind == b"!":
            label = _take(source, 1)
            blocks = list(_blocks(source))
            if label != b"\xfe" and not (label == b"\xff" and blocks[:1] and blocks[0][1:9] == b"XMP Data"):
                target.write(kind + label + b"".join(blocks) + b"\0")
        elif kind == b",":
            frame = _take(source, 9)
            target.write(kind + frame)
            _move(source, target, _colours(frame[8]) + 1)
            for block in _blocks(source):
                target.write(block)
            target.write(b"\0")
        else:
            target.write(b";")
            return


def _colours(packed: int) -> int:
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    """A chain of blocks with their lengths, without its end."""
    while length := source.read(1):
        if not length[0]:
            return
        yield length + _take(source, length[0])


def _quiet_film(source: BinaryIO, target: BinaryIO, start: int, end: int) -> None:
    """Turn boxes that tell of the making into free space: nothing moves, so every offset stays true."""
    while start + 8 <= end:
        source.seek(start)
        length, name = struct.unpack(">I4s", _take(source, 8))
        payload = start + 8
        if length == 1:
            length = int.from_bytes(_take(source, 8), "big")
            payload += 8
        elif length == 0:
            length = end - start
        stop = min(start + length, end)
        if stop < payload:
            return
        if name in _TOLD or (name == b"trak" and _handler(source, payload, stop) not in _SHOWN):
            _free(target, start, payload, stop)
        elif name in _INDEX:
            _quiet_film(source, target, payload, stop)
        elif name in _TIMED:
            source.seek(payload)
            wide = _take(source, 1)[0] == 1
            target.seek(payload + 4)
            target.write(bytes(16 if wide else 8))
        start = stop


def _handler(source: BinaryIO, start: int, end: int) -> bytes:
    """What a track is for; it is looked for in its first bytes, where every writer has it."""
    source.seek(start)
    index = source.read(min(end - start, 65_536))
    at = index.find(b"hdlr")
    return index[at + 12 : at + 16] if at >= 0 else b""


def _free(target: BinaryIO, start: int, payload: int, stop: int) -> None:
    target.seek(start + 4)
    target.write(b"free")
    target.seek(payload)
    left = stop - payload
    while left > 0:
        target.write(bytes(min(left, _PIECE)))
        left -= _PIECE


def _quiet_matroska(source: BinaryIO, target: BinaryIO) -> None:
    """Turn the tags of a Matroska film into void; the elements around them stay where they are."""
    source.seek(0)
    at, end = 0, source.seek(0, io.SEEK_END)
    while at < end:
        source.seek(at)
        head = source.read(12)
        number, size = _vint(head, 4)
        length, more = _vint(head[size:], 8)
        if not size or not more:
            return
        payload = at + size + more
        length -= 1 << 7 * more
        unknown = length == (1 << 7 * more) - 1
        if number == _EBML_SEGMENT:
            at = payload
            continue
        stop = end if unknown else min(payload + length, end)
        if number == _EBML_TAGS and stop - at > 9:
            target.seek(at)
            target.write(b"\xec\x01" + (stop - at - 9).to_bytes(7, "big") + bytes(min(stop - at - 9, _PIECE)))
        at = stop


def _vint(raw: bytes, longest: int) -> tuple[int, int]:
    length = 9 - raw[0].bit_length() if raw and raw[0] else 0
    if not 0 < length <= longest or len(raw) < length:
        return 0, 0
    return int.from_bytes(raw[:length], "big"), length


_PICTURES = {"image/jpeg": _jpeg, "image/png": _png, "image/webp": _webp, "image/gif": _gif}
