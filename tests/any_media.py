"""Forty files of every kind that people have, made in code: pictures, animations, videos, and what only looks like one."""

from __future__ import annotations

import io
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import pillow_heif
from PIL import Image, ImageCms

from tests import media

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Source:
    """A file by its name; `kind` is what a person would declare it as."""

    name: str
    kind: str
    make: Callable[[], bytes]

    @property
    def content(self) -> bytes:
        """The file; made once."""
        return _made(self)


@cache
def _made(source: Source) -> bytes:
    return source.make()


def still(form: str, width: int = 1200, height: int = 1000, mode: str = "RGB", **options: Any) -> bytes:
    """A picture with something in it."""
    small = Image.linear_gradient("L").resize((width // 4 or 1, height // 4 or 1))
    noise = Image.effect_noise(small.size, 40)
    image = Image.merge("RGB", (small, noise, small.rotate(180))).resize((width, height))
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize((width, height)))
    elif mode == "opaque":
        image.putalpha(255)
    elif mode != "RGB":
        image = image.convert(mode)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def exif(turned: int) -> bytes:
    """What a telephone writes into its pictures: how it was held, its maker, and where it was."""
    told = Image.Exif()
    told[0x0112], told[0x010F] = turned, "Telephone"
    told.get_ifd(0x8825)[1] = "N"
    told.get_ifd(0x8825)[2] = (48.0, 8.0, 1.0)
    return told.tobytes()


def moving(form: str, frames: int = 6, width: int = 480, height: int = 480, mode: str = "RGB") -> bytes:
    """An animation."""
    ground = (200, 90, 40, 90) if mode == "RGBA" else (200, 90, 40)
    images = []
    for n in range(frames):
        image = Image.new(mode, (width, height), ground)
        image.paste((20, 40 * n % 256, 200), (n * 7 % width, 0, n * 7 % width + 60, height))
        images.append(image)
    out = io.BytesIO()
    images[0].save(out, form, save_all=True, append_images=images[1:], duration=100, loop=0)
    return out.getvalue()


def video(
    form: str,
    codec: str = "libx264",
    sound: str | None = "aac",
    *,
    width: int = 640,
    height: int = 360,
    fps: int = 24,
    seconds: float = 4.5,
    pixels: str = "yuv420p",
    shown: Sequence[int] = (),
    **colours: Any,
) -> bytes:
    """A video that can be decoded; `shown` are the instants of its frames, in units of 1/`fps`, where they vary."""
    options = {
        "libx264": {"preset": "ultrafast", "crf": "18"},
        "libx265": {"preset": "ultrafast", "crf": "20", "x265-params": "log-level=none"},
        "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "45", "b": "0"},
        "libsvtav1": {"preset": "12", "crf": "50"},
    }.get(codec, {})
    noise = Image.effect_noise((width // 8, height // 8), 50).resize((width, height)).convert("RGB")
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=form) as out:
            track = out.add_stream(codec, rate=fps)
            track.width, track.height, track.pix_fmt = width, height, pixels
            track.options = options
            for name, value in colours.items():
                setattr(track.codec_context, name, value)
            heard = out.add_stream(sound, rate=48_000) if sound else None
            frame = av.VideoFrame.from_image(noise).reformat(format=pixels)
            for n in shown or range(int(fps * seconds)):
                frame.pts, frame.time_base = n, Fraction(1, fps)
                out.mux(track.encode(frame))
            out.mux(track.encode(None))
            if heard is not None:
                _silence(out, heard, seconds)
        return Path(file.name).read_bytes()


def _silence(out: Any, heard: Any, seconds: float) -> None:
    samples = heard.codec_context.frame_size or 960
    for n in range(int(48_000 * seconds / samples)):
        frame = av.AudioFrame(heard.codec_context.format.name, "stereo", samples)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, n * samples, Fraction(1, 48_000)
        out.mux(heard.encode(frame))
    out.mux(heard.encode(None))


def _bomb() -> bytes:
    """A PNG of 99 million white pixels in a few kilobytes."""
    width = height = 9950
    row = b"\0" + b"\xff" * (-(-width // 8))
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    )


def _endless_gif() -> bytes:
    """A GIF of two thousand frames without an end."""
    return moving("GIF", frames=2_000, width=64, height=64)[:-1]


def turned(film: bytes) -> bytes:
    """The film as telephones turn theirs: by the matrix of its container, a quarter to the right."""
    at = film.index(b"tkhd") + 44
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    return film[:at] + matrix + film[at + len(matrix) :]


# Two seconds of 100 frames each, then three of ten.
_UNSTEADY = (*range(200), *range(200, 500, 10))


def _flat(form: str, width: int = 500, height: int = 400, **options: Any) -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 90, 40)).save(out, form, **options)
    return out.getvalue()


def _small_with_much_told() -> bytes:
    """A JPEG that is mostly what it tells: of little more than 10 kB, and of less without that."""
    told = Image.Exif()
    told[0x010F] = "Telephone" * 750
    return _flat("JPEG", exif=told.tobytes())


def _cmyk() -> bytes:
    return still("JPEG", mode="CMYK")


def _other_colours() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    return still("JPEG", icc_profile=profile)


_PLAYLIST = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
_CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>'

SOURCES = [
    Source("JPEG", "image", lambda: still("JPEG")),
    Source("JPEG turned, with GPS", "image", lambda: still("JPEG", exif=exif(6))),
    Source("JPEG upright, with GPS", "image", lambda: still("JPEG", exif=exif(1))),
    Source("JPEG, small, with much told", "image", _small_with_much_told),
    Source("JPEG, CMYK", "image", _cmyk),
    Source("JPEG 9:16", "image", lambda: still("JPEG", 1080, 1920)),
    Source("JPEG 3:1", "image", lambda: still("JPEG", 1800, 600)),
    Source("JPEG, 36 megapixels", "image", lambda: still("JPEG", 7000, 5200, quality=60)),
    Source("PNG", "image", lambda: still("PNG")),
    Source("PNG, opaque alpha", "image", lambda: still("PNG", mode="opaque")),
    Source("PNG, transparent", "image", lambda: still("PNG", mode="RGBA")),
    Source("PNG, 16 bits", "image", lambda: still("PNG", mode="I;16")),
    Source("PNG above 5 MB", "image", lambda: still("PNG", 3600, 2700, compress_level=0)),
    Source("PNG, palette", "image", lambda: still("PNG", mode="P")),
    Source("WebP", "image", lambda: still("WEBP")),
    Source("WebP, one colour", "image", lambda: _flat("WEBP")),
    Source("WebP, transparent", "image", lambda: still("WEBP", mode="RGBA")),
    Source("WebP, turned", "image", lambda: still("WEBP", exif=exif(8))),
    Source("HEIC", "image", lambda: still("HEIF")),
    Source("AVIF", "image", lambda: still("AVIF")),
    Source("TIFF", "image", lambda: still("TIFF")),
    Source("BMP", "image", lambda: still("BMP")),
    Source("GIF, still", "image", lambda: moving("GIF", frames=1)),
    Source("GIF, animated", "gif", lambda: moving("GIF")),
    Source("WebP, animated", "gif", lambda: moving("WEBP")),
    Source("WebP, animated and transparent", "gif", lambda: moving("WEBP", mode="RGBA")),
    Source("PNG, animated", "image", lambda: moving("PNG")),
    Source("GIF without an end, 2000 frames", "gif", _endless_gif),
    Source("MP4 H.264", "video", lambda: video("mp4")),
    Source("MP4 H.264, silent", "video", lambda: video("mp4", sound=None)),
    Source("MP4 H.264 9:16", "video", lambda: video("mp4", width=540, height=960)),
    Source("MP4 H.264 1080p", "video", lambda: video("mp4", width=1920, height=1080)),
    Source("MP4 H.264, 12 fps", "video", lambda: video("mp4", fps=12)),
    Source("MP4 H.264, 10 to 100 fps", "video", lambda: video("mp4", fps=100, seconds=5, shown=_UNSTEADY)),
    Source("MP4 H.264, turned", "video", lambda: turned(video("mp4"))),
    Source("MOV H.264", "video", lambda: video("mov")),
    Source("MOV H.264, small", "video", lambda: video("mov", width=160, height=120, seconds=3.2)),
    Source("MOV HEVC", "video", lambda: video("mov", "libx265")),
    Source(
        "MOV HEVC HDR",
        "video",
        lambda: video("mov", "libx265", pixels="yuv420p10le", color_primaries=9, color_trc=16, colorspace=9),
    ),
    Source("MKV H.264", "video", lambda: video("matroska")),
    Source("WebM VP9", "video", lambda: video("webm", "libvpx-vp9", "libopus")),
    Source("MP4 AV1", "video", lambda: video("mp4", "libsvtav1")),
    Source("MP4, four minutes", "video", lambda: media.mp4(seconds=240)),
    Source("PNG bomb, 99 megapixels", "image", _bomb),
    Source("HLS playlist as MP4", "video", lambda: _PLAYLIST),
    Source("concat script as MKV", "video", lambda: _CONCAT),
    Source("SVG as PNG", "image", lambda: _SVG),
    Source("JPEG cut in half", "image", lambda: still("JPEG")[:20_000]),
    Source("PNG cut in half", "image", lambda: still("PNG")[:20_000]),
    Source("MP4 cut in half", "video", lambda: media.mp4()[:-20_000]),
    Source("JPEG with a film behind it", "image", lambda: still("JPEG") + media.mp4(seconds=1)),
]
