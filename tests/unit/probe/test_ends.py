"""Files that break off are told from those that only look like it."""

from __future__ import annotations

import io
import struct

import av
import pytest
from PIL import Image
from tests import any_media, media

from polypost.probe import Incomplete


def picture(form: str, **options: object) -> bytes:
    return any_media.still(form, 600, 500, **options)


def two_in_one() -> bytes:
    """What telephones write for depth or a second lens."""
    out = io.BytesIO()
    one, other = (Image.open(io.BytesIO(picture("JPEG", quality=quality))) for quality in (90, 50))
    one.save(out, "MPO", save_all=True, append_images=[other])
    return out.getvalue()


def with_thumbnail() -> bytes:
    """A JPEG with another one, end and all, in its EXIF."""
    small = media.jpeg(64, 48)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + bytes(6) + small
    whole = picture("JPEG")
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]


def in_fragments() -> bytes:
    out = io.BytesIO()
    with av.open(
        out, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    ) as film:
        track = film.add_stream("libx264", rate=10)
        track.width, track.height, track.pix_fmt, track.options = 64, 64, "yuv420p", {"g": "5"}
        for n in range(30):
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 64), (n, 0, 0)))
            film.mux(track.encode(frame))
        film.mux(track.encode(None))
    return out.getvalue()


def in_small_chunks(count: int) -> bytes:
    whole = media.png()
    empty = struct.pack(">I4s", 0, b"IDAT") + b"\x35\xaf\x06\x1e"
    return whole[:-12] + empty * count + whole[-12:]


WHOLE = {
    "a motion photo": picture("JPEG") + media.mp4(seconds=1, fps=600),
    "several pictures": two_in_one(),
    "a JPEG with padding": picture("JPEG") + bytes(200_000),
    "a progressive JPEG": picture("JPEG", progressive=True),
    "a JPEG with a thumbnail": with_thumbnail(),
    "a PNG with something behind it": picture("PNG") + b"more",
    "a PNG of many chunks": in_small_chunks(5_000),
    "a PNG with a chunk that lacks a byte": picture("PNG")[:-20] + picture("PNG")[-19:],
    "a GIF without an end": any_media.moving("GIF")[:-1],
    "half a GIF": any_media.moving("GIF")[:1_500],
    "a film with something behind it": media.mp4() + b"\x7f\xff\xff\xfflater",
    "a film in fragments": in_fragments(),
}
CUT = {
    "half a JPEG": picture("JPEG")[:10_000],
    "half a progressive JPEG": picture("JPEG", progressive=True)[:10_000],
    "a JPEG behind its thumbnail": with_thumbnail()[:5_000],
    "the header of a JPEG": picture("JPEG")[: picture("JPEG").index(b"\xff\xda")],
    "half a PNG": picture("PNG")[:20_000],
    "a PNG without an end": picture("PNG")[:-12],
    "half a WebP": picture("WEBP")[:4_000],
    "half an AVIF": picture("AVIF")[:4_000],
    "half a film": media.mp4()[:-100],
    "half a film with its index at the end": media.mp4(faststart=False)[:4_000],
    "a film without the end of its index": media.mp4(faststart=False)[:-100],
    "half a fragment": in_fragments()[: in_fragments().rindex(b"mdat") + 20],
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_what_viewers_show_is_not_refused(facts_of, content: bytes) -> None:
    assert facts_of(content).width


@pytest.mark.parametrize("content", CUT.values(), ids=CUT)
def test_what_breaks_off_is_refused_as_that(facts_of, content: bytes) -> None:
    with pytest.raises(Incomplete) as refused:
        facts_of(content)
    assert refused.value.code == "media_incomplete"
