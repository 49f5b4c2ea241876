"""Hostile files: whatever the bytes, the probe answers with facts or a refusal, after a bounded number of reads."""

from __future__ import annotations

import io
import json
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import media

from polypost.probe import Incomplete, TooManyPixels, Unsupported, probe
from polypost.probe.images import gif, jpeg
from polypost.probe.isobmff import isobmff
from polypost.probe.source import Source

VALID = (
    media.jpeg(64, 48),
    media.png(64, 48),
    media.gif(4),
    media.webp(64, 48),
    media.webp(64, 48, lossless=True),
    media.bmp(8, 6),
    media.tiff(8, 6),
    media.avif(8, 6),
    media.mp4(seconds=0.2),
    media.mp4(seconds=0.2, faststart=False, edit_list=True, brand=b"qt  "),
    media.webm(),
)
MAGIC = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBPVP8X",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"\x1a\x45\xdf\xa3",
    b"\0\0\0\x10ftypisom\0\0\0\0",
    b"\0\0\0\x10ftypheic\0\0\0\0",
    b"\0\0\0\0moov",
)


def facts_or_refusal(content: bytes) -> None:
    """Probe bytes; any error but the two refusals fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(content)
        try:
            facts = probe(path)
        except (Unsupported, TooManyPixels):
            return
    assert facts.size == len(content)
    json.dumps(facts.as_dict(), allow_nan=False)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes(content):
    facts_or_refusal(content)


@settings(deadline=None)
@given(st.sampled_from(MAGIC), st.binary(max_size=400))
def test_random_bytes_after_a_known_beginning(beginning, content):
    facts_or_refusal(beginning + content)


@settings(deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_files_that_break_off(content, data):
    facts_or_refusal(content[: data.draw(st.integers(0, len(content)))])


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(VALID), st.data())
def test_files_with_changed_bytes(content, data):
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(content), 1500) - 1))
        new = data.draw(
            st.sampled_from((b"\0\0\0\0", b"\0\0\0\x01", b"\xff\xff\xff\xff", b"\x80\0\0\0"))
            | st.binary(max_size=9)
        )
        changed[at : at + len(new)] = new
    facts_or_refusal(bytes(changed))


@settings(deadline=None)
@given(
    st.recursive(
        st.builds(
            media.box,
            st.sampled_from((b"trak", b"mdia", b"stbl", b"tkhd", b"mdhd", b"stts")),
            st.binary(max_size=60),
        ),
        lambda inner: st.builds(
            media.box, st.sampled_from((b"moov", b"trak", b"mdia", b"minf", b"stbl")), inner, inner
        ),
        max_leaves=12,
    )
)
def test_boxes_in_boxes(box):
    facts_or_refusal(media.box(b"ftyp", b"isom", bytes(4)) + box)


def test_a_box_that_ends_before_its_payload_begins():
    facts_or_refusal(struct.pack(">I4sQ", 1, b"ftyp", 2**40)[:16])
    facts_or_refusal(media.box(b"moov", struct.pack(">I4s", 1, b"mvhd")) + bytes(8))


class CountingFile(io.BytesIO):
    """A file in memory that counts how often and how much is read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads = 0
        self.bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.reads += 1
        self.bytes += len(found)
        return found


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">I4s", 8, b"free") * 100_000,
        media.box(b"moov", struct.pack(">I4s", 8, b"trak") * 100_000),
        media.box(b"moov", media.box(b"trak", struct.pack(">I4s", 8, b"free") * 50_000) * 50),
        struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + struct.pack(">I4s", 0, b"trak") * 100_000,
    ],
)
def test_endless_boxes_end(content):
    file = CountingFile(content)
    with pytest.raises(Unsupported):
        isobmff(Source(file, len(content)))
    assert file.reads <= 20_000


def test_a_table_of_times_that_claims_four_thousand_million_entries():
    content = media.mp4().replace(b"stts\0\0\0\0\0\0\0\x01", b"stts\0\0\0\0\xff\xff\xff\xff")
    file = CountingFile(content)
    isobmff(Source(file, len(content)))
    assert file.bytes < 10_000


def test_a_long_table_of_times_is_read_in_part():
    whole = media.mp4(faststart=False)
    entries = 1_000_000
    table = media.box(b"stts", struct.pack(">4xI", entries), struct.pack(">II", 1, 3000) * entries)
    found = whole.index(b"stts") - 4
    # Every box around the table grows with it; the index stands last, so nothing else moves.
    grown = bytearray(whole[:found] + table + whole[found + 24 :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        at = whole.index(name, whole.index(b"moov")) - 4
        struct.pack_into(">I", grown, at, struct.unpack_from(">I", grown, at)[0] + len(table) - 24)
    file = CountingFile(bytes(grown))
    assert isobmff(Source(file, len(grown))).fps == 30.0
    assert file.bytes < 200_000


def test_a_gif_of_endless_blocks_ends():
    content = b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + b"!\xfe" + b"\x01a" * 500_000
    file = CountingFile(content)
    with pytest.raises(Unsupported):
        gif(Source(file, len(content), reads=1_000))
    assert file.reads == 1_000


def test_the_end_of_a_picture_is_looked_for_once():
    content = media.jpeg()[:-2] + bytes(8_000_000)
    file = CountingFile(content)
    with pytest.raises(Incomplete):
        jpeg(Source(file, len(content)))
    assert file.bytes < len(content) + 100_000
    whole = CountingFile(media.jpeg())
    jpeg(Source(whole, len(media.jpeg())))
    assert whole.bytes < 70_000
