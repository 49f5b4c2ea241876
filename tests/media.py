"""Makers of real media files for tests, without any external tool.

Pictures come from Pillow. Films are not decodable, but every box is where and what it should be.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

from PIL import Image

FILM_TICKS = 90_000
AUDIO_RATE = 48_000
AUDIO_FRAME = 1_024
_IDENTITY = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_QUARTER_TURN = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def jpeg(width: int = 1080, height: int = 1080) -> bytes:
    """A plain JPEG picture."""
    return _picture("JPEG", width, height)


def png(width: int = 1080, height: int = 1080) -> bytes:
    """A plain PNG picture."""
    return _picture("PNG", width, height)


def webp(width: int = 1080, height: int = 1080, *, lossless: bool = False) -> bytes:
    """A plain WebP picture."""
    return _picture("WEBP", width, height, lossless=lossless)


def bmp(width: int = 64, height: int = 48) -> bytes:
    """A Windows bitmap."""
    return _picture("BMP", width, height)


def tiff(width: int = 64, height: int = 48) -> bytes:
    """A TIFF picture."""
    return _picture("TIFF", width, height)


def avif(width: int = 64, height: int = 48) -> bytes:
    """An AVIF picture."""
    return _picture("AVIF", width, height)


def gif(frames: int = 3, width: int = 64, height: int = 48, *, milliseconds: int = 100) -> bytes:
    """A GIF with `frames` pictures that differ, each shown for `milliseconds`."""
    pictures = [Image.new("RGB", (width, height), (40 * n % 256, 90, 200)) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0)
    return out.getvalue()


def pdf() -> bytes:
    """A PDF with one empty page."""
    out = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(out, "PDF")
    return out.getvalue()


def mp4(**shape: Any) -> bytes:
    """A short film in memory; the keywords of `write_mp4`."""
    head, data_size, tail = _film(**shape)
    return head + bytes(data_size) + tail


def write_mp4(path: Path, **shape: Any) -> Path:
    """Write a film to `path` and return it; its data is a hole in the file, so 290 MB take no time.

    Keywords: `seconds`, `width`, `height`, `size` (of the whole file in bytes, reached by padding), `fps`,
    `audio` (whether there is a sound track), `faststart` (index before the data), `edit_list`, `turned` (shown
    turned by a quarter), `brand` (`b"isom"`, or `b"qt  "` for a MOV).
    """
    head, data_size, tail = _film(**shape)
    with path.open("wb") as file:
        file.write(head)
        file.seek(data_size, io.SEEK_CUR)
        file.write(tail)
        file.truncate(len(head) + data_size + len(tail))
    return path


def box(name: bytes, *parts: bytes) -> bytes:
    """One ISO box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def element(number: str, *parts: bytes) -> bytes:
    """One EBML element; `number` is its id in hexadecimal, its length is written in eight bytes."""
    body = b"".join(parts)
    return bytes.fromhex(number) + b"\x01" + len(body).to_bytes(7, "big") + body


def webm(
    seconds: float | None = 2.0, width: int = 640, height: int = 360, *, doctype: bytes = b"webm"
) -> bytes:
    """A WebM film with VP9 and Opus; without a duration, as browsers record it, when `seconds` is None."""
    info = [element("2ad7b1", (1_000_000).to_bytes(3, "big"))]
    if seconds is not None:
        info.append(element("4489", struct.pack(">d", seconds * 1000)))
    size = element("b0", width.to_bytes(2, "big")) + element("ba", height.to_bytes(2, "big"))
    frame = element("23e383", (40_000_000).to_bytes(4, "big"))
    sound = element("b5", struct.pack(">f", 48_000)) + element("9f", b"\x02")
    tracks = (
        element("ae", element("83", b"\x01"), element("86", b"V_VP9"), frame, element("e0", size)),
        element("ae", element("83", b"\x02"), element("86", b"A_OPUS"), element("e1", sound)),
    )
    segment = element("1549a966", *info) + element("1654ae6b", *tracks) + element("1f43b675", bytes(64))
    # A segment of unknown length runs to the end of the file.
    return (
        element("1a45dfa3", element("4282", doctype))
        + bytes.fromhex("18538067")
        + b"\x01"
        + b"\xff" * 7
        + segment
    )


def _picture(form: str, width: int, height: int, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 40)).save(out, form, **options)
    return out.getvalue()


def _film(
    *,
    seconds: float = 5.0,
    width: int = 1280,
    height: int = 720,
    size: int | None = None,
    fps: float = 30.0,
    audio: bool = True,
    faststart: bool = True,
    edit_list: bool = False,
    turned: bool = False,
    brand: bytes = b"isom",
) -> tuple[bytes, int, bytes]:
    """What stands before the film's data, how long the data is, and what stands after it."""
    frames = max(round(seconds * fps), 1)
    sounds = max(round(seconds * AUDIO_RATE / AUDIO_FRAME), 1) if audio else 0
    picture_bytes, sound_bytes = 200 * frames, 20 * sounds
    ftyp = box(b"ftyp", brand, struct.pack(">I", 512), brand, b"mp42")

    def moov(data: int) -> bytes:
        """The index of a film whose data starts at `data`."""
        video = _trak(
            1, b"vide", frames, round(FILM_TICKS / fps), FILM_TICKS, 200, data,
            _avc1(width, height), box(b"vmhd", struct.pack(">I8x", 1)),
            width=width, height=height, edit_list=edit_list, turned=turned,
        )  # fmt: skip
        sound = _trak(
            2, b"soun", sounds, AUDIO_FRAME, AUDIO_RATE, 20, data + picture_bytes,
            _mp4a(), box(b"smhd", bytes(8)), width=0, height=0, edit_list=edit_list, turned=False,
        )  # fmt: skip
        header = struct.pack(
            ">4x8xIIIH10x9i24xI", 1000, round(seconds * 1000), 0x10000, 0x100, *_IDENTITY, 3 if audio else 2
        )
        return box(b"moov", box(b"mvhd", header), video, sound if audio else b"")

    index_size = len(moov(0))
    data_size = picture_bytes + sound_bytes
    if size is not None:
        data_size = size - len(ftyp) - index_size - 8
        if data_size < picture_bytes + sound_bytes or data_size + 8 >= 1 << 32:
            raise ValueError(f"A film of this shape cannot have {size} bytes.")
    mdat = struct.pack(">I4s", data_size + 8, b"mdat")
    if faststart:
        return ftyp + moov(len(ftyp) + index_size + 8) + mdat, data_size, b""
    return ftyp + mdat, data_size, moov(len(ftyp) + 8)


def _trak(
    number: int,
    handler: bytes,
    samples: int,
    delta: int,
    scale: int,
    sample_size: int,
    data: int,
    entry: bytes,
    media_header: bytes,
    *,
    width: int,
    height: int,
    edit_list: bool,
    turned: bool,
) -> bytes:
    """One track whose samples all have the same length and size and lie in one chunk at `data`."""
    milliseconds = round(samples * delta * 1000 / scale)
    volume = 0x100 if handler == b"soun" else 0
    shown = struct.pack(">II", width << 16, height << 16)
    tkhd = struct.pack(">I8xI4xI8x4xHxx", 7, number, milliseconds, volume)
    tkhd += struct.pack(">9i", *(_QUARTER_TURN if turned else _IDENTITY)) + shown
    edts = box(b"edts", box(b"elst", struct.pack(">4xIIiHH", 1, milliseconds, 0, 1, 0)))
    table = (
        box(b"stsd", struct.pack(">4xI", 1), entry),
        box(b"stts", struct.pack(">4xIII", 1, samples, delta)),
        box(b"stsc", struct.pack(">4xIIII", 1, 1, samples, 1)),
        box(b"stsz", struct.pack(">4xII", sample_size, samples)),
        box(b"stco", struct.pack(">4xII", 1, data)),
    )
    dinf = box(b"dinf", box(b"dref", struct.pack(">4xI", 1), box(b"url ", struct.pack(">I", 1))))
    mdia = (
        box(b"mdhd", struct.pack(">4x8xIIHxx", scale, samples * delta, 0x55C4)),
        box(b"hdlr", struct.pack(">8x4s12x", handler), b"Handler\0"),
        box(b"minf", media_header, dinf, box(b"stbl", *table)),
    )
    return box(b"trak", box(b"tkhd", tkhd), edts if edit_list else b"", box(b"mdia", *mdia))


def _avc1(width: int, height: int) -> bytes:
    """The description of H.264 pictures, high profile, level 4.0."""
    sps, pps = bytes.fromhex("67640028acd940780227e5c044"), bytes.fromhex("68ebe3cb22c0")
    record = bytes([1, 0x64, 0, 0x28, 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    record += b"\x01" + struct.pack(">H", len(pps)) + pps
    fixed = struct.pack(">6xH16xHHII4xH32xHh", 1, width, height, 0x480000, 0x480000, 1, 24, -1)
    return box(b"avc1", fixed, box(b"avcC", record))


def _mp4a() -> bytes:
    """The description of AAC-LC sound, stereo, 48 kHz."""
    config = b"\x05\x02\x11\x90"
    decoder = (
        b"\x04" + bytes([13 + len(config)]) + b"\x40\x15" + struct.pack(">3xII", 128_000, 128_000) + config
    )
    stream = b"\x03" + bytes([3 + len(decoder) + 3]) + b"\0\x02\0" + decoder + b"\x06\x01\x02"
    fixed = struct.pack(">6xH8xHH4xI", 1, 2, 16, AUDIO_RATE << 16)
    return box(b"mp4a", fixed, box(b"esds", bytes(4), stream))
