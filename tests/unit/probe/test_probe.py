"""What the probe tells about real files, and that it tells only about those."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from tests import media

from polypost.probe import Facts, TooManyPixels, Unsupported, probe


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (media.jpeg(300, 200), "image/jpeg"),
        (media.png(300, 200), "image/png"),
        (media.webp(300, 200), "image/webp"),
        (media.webp(300, 200, lossless=True), "image/webp"),
        (media.bmp(300, 200), "image/bmp"),
        (media.tiff(300, 200), "image/tiff"),
        (media.avif(300, 200), "image/avif"),
    ],
)
def test_pictures(facts_of, content, mime):
    assert facts_of(content) == Facts("image", mime, len(content), width=300, height=200)


def test_a_webp_with_an_extended_header(facts_of):
    sized = (1_919).to_bytes(3, "little") + (1_079).to_bytes(3, "little")
    content = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I4x", 10) + sized
    facts = facts_of(content)
    assert (facts.kind, facts.width, facts.height) == ("image", 1920, 1080)


def test_a_jpeg_with_padding_and_long_metadata(facts_of):
    plain = media.jpeg(48, 32)
    metadata = b"".join(b"\xff\xff\xff\xe2" + struct.pack(">H", 65_000) + bytes(64_998) for _ in range(40))
    facts = facts_of(plain[:2] + metadata + plain[2:])
    assert (facts.width, facts.height) == (48, 32)


def test_a_heif_picture_is_as_large_as_its_largest_part(facts_of):
    sizes = [media.box(b"ispe", struct.pack(">4xII", side, side)) for side in (512, 4032, 320)]
    meta = media.box(b"meta", bytes(4), media.box(b"iprp", media.box(b"ipco", *sizes)))
    facts = facts_of(media.box(b"ftyp", b"mif1", bytes(4), b"mif1heic") + meta)
    assert (facts.kind, facts.mime, facts.width, facts.height) == ("image", "image/heic", 4032, 4032)


@pytest.mark.parametrize(("frames", "duration"), [(1, None), (2, 0.2), (7, 0.7)])
def test_every_gif_is_a_gif(facts_of, frames, duration):
    content = media.gif(frames, 64, 48)
    assert facts_of(content) == Facts(
        "gif", "image/gif", len(content), width=64, height=48, frames=frames, duration=duration
    )


def test_a_gif_that_breaks_off_counts_as_far_as_it_goes(facts_of):
    content = media.gif(9)
    assert 1 <= (facts_of(content[: len(content) // 2]).frames or 0) < 9


def test_a_pdf_is_a_document(facts_of):
    content = media.pdf()
    assert facts_of(content) == Facts("document", "application/pdf", len(content))


def test_an_mp4(facts_of):
    content = media.mp4(seconds=4, width=1080, height=1920)
    assert facts_of(content) == Facts(
        "video",
        "video/mp4",
        len(content),
        width=1080,
        height=1920,
        duration=4.0,
        fps=30.0,
        video_codec="h264",
        audio_codec="aac",
        audio_rate=48_000,
        audio_channels=2,
        faststart=True,
        edit_list=False,
        bitrate=round(len(content) * 8 / 4),
    )


def test_a_mov_turned_by_a_quarter_with_the_index_at_the_end(facts_of):
    facts = facts_of(
        media.mp4(brand=b"qt  ", turned=True, faststart=False, edit_list=True, audio=False, fps=29.97)
    )
    assert (facts.mime, facts.width, facts.height) == ("video/quicktime", 720, 1280)
    assert (facts.faststart, facts.edit_list, facts.audio_codec) == (False, True, None)
    assert facts.fps == pytest.approx(29.97, abs=0.001)


@pytest.mark.parametrize(
    ("runs", "mean", "peak"),
    [
        # As telephones write them, now and then with a frame left out.
        ([(1, 20), (1, 19), (1, 21), (1, 20)] * 40, 30.0, None),
        ([(59, 20), (1, 40)] * 4, 29.5, None),
        ([(90, 20)], 30.0, None),
        ([(10, 20), (10, 10)], 40.0, None),
        ([(60, 10), (30, 20)], 45.0, 60.0),
        ([(10, 60), (30, 10), (10, 60), (120, 5)], 48.57, 120.0),
        ([(30, 60), (30, 10), (30, 60)], 13.84, 35.0),
    ],
)
def test_the_fastest_second_of_a_film(facts_of, runs, mean, peak):
    plain = media.mp4(faststart=False, audio=False, fps=600)
    table = media.box(b"stts", struct.pack(">4xI", len(runs)), *(struct.pack(">II", *run) for run in runs))
    found = plain.index(b"stts") - 4
    grown = bytearray(plain[:found] + table + plain[found + 24 :])
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        at = plain.index(name, plain.index(b"moov")) - 4
        struct.pack_into(">I", grown, at, struct.unpack_from(">I", grown, at)[0] + len(table) - 24)
    # Ticks of a six-hundredth, as QuickTime has them.
    at = plain.index(b"mdhd") + 16
    struct.pack_into(">I", grown, at, 600)
    facts = facts_of(bytes(grown))
    assert facts.fps == pytest.approx(mean, abs=0.1)
    assert facts.peak_fps == (peak and pytest.approx(peak, abs=0.1))


def test_a_mov_from_before_brands(facts_of):
    content = media.mp4()
    facts = facts_of(content[struct.unpack(">I", content[:4])[0] :])
    assert (facts.mime, facts.duration) == ("video/quicktime", 5.0)


@pytest.mark.parametrize(("object_type", "codec"), [(b"\x40", "aac"), (b"\x6b", "mp3"), (b"\xdd", None)])
def test_the_sound_of_an_mp4_is_what_its_description_says(facts_of, object_type, codec):
    content = media.mp4().replace(b"\x40\x15", object_type + b"\x15")
    assert facts_of(content).audio_codec == codec


def test_a_fragmented_film_tells_its_duration_in_the_extension_header(facts_of):
    moov = media.mp4(seconds=5)
    silent = moov.replace(struct.pack(">II", 1000, 5000), struct.pack(">II", 1000, 0))
    start = silent.index(b"moov") - 4
    end = start + struct.unpack(">I", silent[start : start + 4])[0]
    extends = media.box(b"mvex", media.box(b"mehd", struct.pack(">4xI", 7500)))
    facts = facts_of(silent[:start] + media.box(b"moov", silent[start + 8 : end], extends) + silent[end:])
    assert facts.duration == 7.5


def test_a_film_of_290_megabytes_is_not_loaded(tmp_path):
    facts = probe(media.write_mp4(tmp_path / "film", seconds=60, size=290_000_000, faststart=False))
    assert (facts.size, facts.duration, facts.faststart) == (290_000_000, 60.0, False)
    assert facts.bitrate == round(290_000_000 * 8 / 60)


def test_a_webm(facts_of):
    content = media.webm(seconds=2.5, width=854, height=480)
    assert facts_of(content) == Facts(
        "video",
        "video/webm",
        len(content),
        width=854,
        height=480,
        duration=2.5,
        fps=25.0,
        video_codec="vp9",
        audio_codec="opus",
        audio_rate=48_000,
        audio_channels=2,
        bitrate=round(len(content) * 8 / 2.5),
    )


def test_a_live_webm_has_no_duration(facts_of):
    facts = facts_of(media.webm(seconds=None))
    assert (facts.duration, facts.bitrate, facts.width) == (None, None, 640)


def test_matroska_is_told_from_webm(facts_of):
    assert facts_of(media.webm(doctype=b"matroska")).mime == "video/x-matroska"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 64,
        b"Hello there, this is a text.",
        b"The free text that looks like a box.",
        b"BMW is not the beginning of a bitmap, nor of any other picture.",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!doctype html><html></html>",
        b"ID3\x04" + bytes(64),
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(32),
        media.jpeg()[:20],
        media.png()[:20],
        media.gif()[:30],
        media.box(b"ftyp", b"M4A ", bytes(4)) + media.box(b"moov"),
        media.webm(doctype=b"other"),
    ],
)
def test_everything_else_is_refused_with_one_text(facts_of, content):
    with pytest.raises(Unsupported) as refused:
        facts_of(content)
    assert str(refused.value) == "The media is not of a supported type."


@pytest.mark.parametrize(("width", "height", "fits"), [(10_000, 10_000, True), (10_000, 10_001, False)])
def test_pixels_are_counted_from_the_header(facts_of, width, height, fits):
    small = media.png(8, 8)
    content = small[:16] + struct.pack(">II", width, height) + small[24:]
    if fits:
        assert facts_of(content).width == width
    else:
        with pytest.raises(TooManyPixels):
            facts_of(content)


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "absent")


def test_facts_go_through_json(facts_of):
    facts = facts_of(media.mp4())
    stored = json.loads(json.dumps(facts.as_dict()))
    assert Facts.from_dict({**stored, "colour_space": "of a newer version"}) == facts
    assert "frames" not in stored
