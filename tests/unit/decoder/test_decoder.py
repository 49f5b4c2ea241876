"""The decoder's process: what it makes, what it may not, and what becomes of it when somebody kills it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from tests import any_media, media_matrix
from tests.any_media import SOURCES, Source

from polypost.decoder import process
from polypost.decoder.process import IMAGES, VIDEOS, Undecodable
from polypost.errors import Unavailable
from polypost.platforms.base import Draft, Fit
from polypost.platforms.media_fit import Plan, anew, plan_for
from polypost.platforms.registry import connectors
from polypost.probe import Facts, probe

WHOLE = [source for source in SOURCES if source.name != "MP4, four minutes"]


def made(
    recipe: Any, content: bytes, folder: Path, bounds: process.Bounds = IMAGES
) -> tuple[Facts, bytes, Any]:
    """What a decoder makes of a file: its facts, its bytes, and what is said of it."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    answer = asyncio.run(process.make(recipe, source, target, bounds))
    return probe(target), target.read_bytes(), answer


@pytest.mark.parametrize("source", WHOLE, ids=[source.name for source in WHOLE])
def test_what_is_planned_is_made_and_taken(source: Source, tmp_path: Path) -> None:
    facts = media_matrix.facts_of(source)
    if isinstance(facts, str):
        return
    known: dict[str, Facts] = {}
    for network in connectors():
        done = media_matrix.settled(source, network, facts)
        (plan,) = done.plans
        if done.problems or plan is None or plan.recipe is None:
            continue
        each: Plan | None = plan
        while each is not None and each.recipe is not None:
            key = json.dumps(each.recipe, sort_keys=True)
            bounds = IMAGES if plan.recipe["do"] in {"still", "strip"} else VIDEOS
            if key not in known:
                known[key], _, _ = made(each.recipe, source.content, tmp_path, bounds)
            each = anew(plan, known[key].size) if each is plan else None
        draft: Draft = done.draft
        fitted = replace(draft.media[0], facts=known[key])
        problems = network.check(replace(draft, media=(fitted,)))
        assert problems == [], (network.spec.name, known[key])


def test_what_a_photo_tells_is_gone_and_its_pixels_are_the_same(tmp_path: Path) -> None:
    for form, mime in (("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")):
        content = any_media.still(form, exif=any_media.exif(1))
        assert b"Telephone" in content
        facts, bare, _ = made({"do": "strip", "from": mime}, content, tmp_path)
        assert b"Telephone" not in bare
        assert not facts.metadata
        assert _pixels(bare) == _pixels(content)


def test_what_follows_a_jpeg_goes_too(tmp_path: Path) -> None:
    content = any_media.still("JPEG", exif=any_media.exif(1)) + any_media.video("mp4")
    _, bare, _ = made({"do": "strip", "from": "image/jpeg"}, content, tmp_path)
    assert b"ftyp" not in bare
    assert _pixels(bare) == _pixels(content)


def test_where_a_video_was_made_is_gone_and_it_plays_as_before(tmp_path: Path) -> None:
    content = any_media.video("mov")
    at = content.index(b"udta")
    told = content[: at + 4] + content[at + 4 :].replace(b"\xa9swr", b"\xa9xyz", 1)
    (tmp_path / "told").write_bytes(told)
    before = probe(tmp_path / "told")
    assert before.metadata
    facts, bare, _ = made({"do": "strip", "from": "video/quicktime"}, told, tmp_path)
    assert not facts.metadata
    assert b"\xa9xyz" not in bare
    assert replace(facts, metadata=True) == before


def test_transparency_is_on_white_and_said(tmp_path: Path) -> None:
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(out, "PNG")
    _, content, answer = made(recipe, out.getvalue(), tmp_path)
    assert answer["notes"] == ["white"]
    assert Image.open(io.BytesIO(content)).getpixel((20, 20)) == (255, 255, 255)
    opaque = {**recipe, "only": "transparent"}
    whole = any_media.still("PNG", mode="opaque")
    facts, same, _ = made(opaque, whole, tmp_path)
    assert facts.mime == "image/png"
    assert same == whole


def test_shape_is_changed_around_the_focus(tmp_path: Path) -> None:
    image = Image.new("RGB", (1000, 400), "blue")
    image.paste((255, 0, 0), (0, 0, 300, 400))
    out = io.BytesIO()
    image.save(out, "PNG")
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False, "size": [400, 400]}
    _, cut, _ = made({**recipe, "ratio": "crop", "focus": [0.0, 0.5]}, out.getvalue(), tmp_path)
    left = Image.open(io.BytesIO(cut)).convert("RGB").getpixel((100, 200))
    assert isinstance(left, tuple)
    assert left[0] > 200
    facts, padded, _ = made({**recipe, "ratio": "pad", "focus": [0.5, 0.5]}, out.getvalue(), tmp_path)
    assert (facts.width, facts.height) == (400, 400)
    edge = Image.open(io.BytesIO(padded)).convert("RGB").getpixel((200, 2))
    assert isinstance(edge, tuple)
    assert edge[2] > 200


def test_bytes_are_met_in_three_tries(tmp_path: Path) -> None:
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False, "bytes": 60_000}
    facts, _, _ = made(recipe, any_media.still("PNG"), tmp_path)
    assert facts.size <= 60_000


def test_what_has_to_be_large_is_made_so(tmp_path: Path) -> None:
    still = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
    shaded = Image.radial_gradient("L").resize((400, 300)).convert("RGB")
    for picture, form in ((shaded, "image/jpeg"), (Image.new("RGB", (400, 300), "red"), "image/png")):
        out = io.BytesIO()
        picture.save(out, "PNG")
        assert made(still, out.getvalue(), tmp_path)[0].size < 10_240
        facts, content, _ = made(still | {"least": 10_240}, out.getvalue(), tmp_path)
        assert (facts.mime, facts.width, facts.height) == (form, 400, 300)
        assert facts.size >= 10_240
        drawn = Image.open(io.BytesIO(content)).convert("RGB").getpixel((9, 9))
        assert drawn == pytest.approx(picture.getpixel((9, 9)), abs=2)
    film = any_media.video("mov", width=160, height=120, seconds=3.2)
    moved = {"do": "video", "from": "video/quicktime", "picture": "copy", "sound": "copy"}
    before, short, _ = made(moved, film, tmp_path)
    for least in (before.size + 3, 76_800):
        facts, content, _ = made(moved | {"least": least}, film, tmp_path)
        assert max(least, before.size + 8) == facts.size
        # Free space behind the film, and else not a byte of it another.
        assert content.startswith(short)
        assert content[before.size + 4 : before.size + 8] == b"free"
        assert (facts.faststart, facts.duration, facts.metadata) == (True, before.duration, None)
        assert _frames(content) == _frames(film) == 76


def test_a_turn_stays_in_a_copy_and_a_rate_is_made_steady(tmp_path: Path) -> None:
    sources = {source.name: source for source in SOURCES}
    moved = {"do": "video", "from": "video/mp4", "picture": "copy", "sound": "copy"}
    turned = sources["MP4 H.264, turned"].content
    assert made(moved, turned, tmp_path)[0].shown == (360, 640)
    drawn = moved | {"picture": "make", "size": [360, 640], "fps": 0, "bits": 1_000_000}
    facts, content, _ = made(drawn, turned, tmp_path)
    assert facts.shown == (360, 640)
    with av.open(io.BytesIO(content)) as film:
        assert next(film.decode(video=0)).rotation == 0
    facts, _, _ = made(
        drawn | {"size": [640, 360], "fps": 30}, sources["MP4 H.264, 10 to 100 fps"].content, tmp_path
    )
    assert (facts.fps, facts.peak_fps) == (pytest.approx(30, abs=0.1), None)


def test_facebook_takes_reels_of_a_steady_rate() -> None:
    """Its page demands it of reels; of other videos nobody does."""
    steady = Facts(
        "video", "video/mp4", 10**6, 1080, 1920, 9.0, fps=30.0, video_codec="h264", audio_codec="aac"
    )
    facebook = next(each for each in connectors() if each.spec.id == "facebook")
    for facts, place, expected in (
        (steady, "video/reel", None),
        (replace(steady, peak_fps=50.0), "video/reel", "make"),
        (replace(steady, peak_fps=50.0), "video", None),
    ):
        plan = plan_for(
            facts,
            "video",
            lambda kind, place=place: facebook.spec.media.get(place),
            facebook.spec.limit,
            Fit(),
        )
        assert (plan.recipe or {}).get("picture") == expected


def test_a_file_that_cannot_be_decoded_is_a_verdict(tmp_path: Path) -> None:
    cut = any_media.still("PNG")[:5_000]
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
    with pytest.raises(Undecodable):
        made(recipe, cut, tmp_path)
    with pytest.raises(Undecodable):
        made({**recipe, "from": "image/webp"}, any_media.still("PNG"), tmp_path)
    hollow = any_media.media.mp4()
    video = {"do": "video", "from": "video/mp4", "picture": "make", "sound": "make", "fps": 0, "bits": 10**6}
    with pytest.raises(Undecodable):
        made({**video, "size": [320, 180]}, hollow, tmp_path, VIDEOS)


def test_memory_is_bounded(tmp_path: Path) -> None:
    bomb = next(source for source in SOURCES if "bomb" in source.name).content
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
    with pytest.raises(Undecodable):
        made(recipe, bomb, tmp_path, replace(IMAGES, memory=300 * 1024 * 1024))


def test_output_is_bounded(tmp_path: Path) -> None:
    recipe = {"do": "still", "from": "image/png", "to": "image/png", "keep": False}
    with pytest.raises(Undecodable):
        made(recipe, any_media.still("PNG"), tmp_path, replace(IMAGES, output=10_000))


def test_nothing_more_can_be_opened_and_no_secret_is_known() -> None:
    story = """
import os, socket
from polypost.decoder import confinement
confinement.enter(memory=10**9, output=10**6, cpu=10, parent=os.getppid())
confinement.shut()
for call in (lambda: open("/etc/passwd"), lambda: socket.socket(), lambda: os.pipe()):
    try:
        call()
    except OSError:
        continue
    raise SystemExit(1)
"""
    done = subprocess.run([sys.executable, "-c", story], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_one_that_was_killed_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nothing is said about the file, also where a terminal or a service manager stops all of a server's processes."""
    begun = asyncio.create_subprocess_exec
    started: list[dict[str, Any]] = []

    async def killed(*arguments: Any, **options: Any) -> Any:
        child = await begun(*arguments, **options)
        started.append(options)
        if len(started) <= deaths:
            child.send_signal(number)
        return child

    monkeypatch.setattr(asyncio, "create_subprocess_exec", killed)
    recipe = {"do": "still", "from": "image/png", "to": "image/jpeg", "keep": False}
    deaths = 1
    facts, _, _ = made(recipe, any_media.still("PNG"), tmp_path)
    assert facts.mime == "image/jpeg"
    assert [options["env"] for options in started] == [{}, {}]
    started.clear()
    deaths = 2
    with pytest.raises(Unavailable):
        made(recipe, any_media.still("PNG"), tmp_path)


def test_it_ends_with_its_server(tmp_path: Path) -> None:
    files = []
    for name, how in (("a", os.O_RDONLY), ("b", os.O_WRONLY), ("b", os.O_RDONLY)):
        (tmp_path / name).touch()
        files.append(os.open(tmp_path / name, how))
    limits = {"memory": 10**9, "output": 10**6, "cpu": 10, "parent": os.getpid() + 1}
    job = {"recipe": {"do": "strip", "from": "image/png"}, "files": files, "limits": limits}
    orphan = subprocess.run(
        [sys.executable, "-I", "-m", "polypost.decoder"],
        input=json.dumps(job).encode(),
        pass_fds=files,
        capture_output=True,
        check=False,
    )
    assert (orphan.returncode, orphan.stdout) == (1, b"")


def _pixels(content: bytes) -> bytes:
    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


def _frames(content: bytes) -> int:
    """How many pictures can be decoded."""
    with av.open(io.BytesIO(content)) as film:
        return sum(1 for _ in film.decode(video=0))
