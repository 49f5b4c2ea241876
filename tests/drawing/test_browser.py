"""Drawings in a browser: folds, crops and ratios as they are rendered, against the numbers of the sources."""

from __future__ import annotations

import io
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any, NamedTuple

import pytest
from jinja2 import ChainableUndefined, Environment, PackageLoader
from PIL import Image

from polypost.drawing import data, render
from tests.chromium import CHROMIUM, needs_chromium
from tests.drawing.cases import cases

pytestmark = needs_chromium
# One page for all, measured at the width of a desktop and of a phone.
WIDTHS = {"wide": 1280, "narrow": 360}
# A frame is as dark as who embeds it says.
FRAMES = {name: f"width:{width}px" for name, width in WIDTHS.items()} | {
    "dark": "width:1280px;color-scheme:dark"
}
PAGE = "<!doctype html><meta charset=utf-8><body style='margin:0'>{}"
STAGE = """<!doctype html><meta charset=utf-8><body>{frames}<script>
const pen = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}});
const rgb = colour => {{
  pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data];
}};
const light = ([red, green, blue]) => [red, green, blue].map(part => part / 255)
  .map(part => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
  .reduce((sum, part, at) => sum + part * [.2126, .7152, .0722][at], 0);
const ratio = (one, two) => {{ const [dark, pale] = [light(rgb(one)), light(rgb(two))].sort((a, b) => a - b); return (pale + .05) / (dark + .05); }};
const contrasts = root => {{
  const words = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
  while (words.nextNode()) {{
    const said = words.currentNode.data.trim(), own = words.currentNode.parentElement, layers = [];
    if (!said || own.closest('style') || !own.getClientRects().length) continue;
    let each = own;
    for (; each && each.ownerDocument.body != each; each = each.parentElement) {{
      // What is painted over a gradient lies on a picture, which is as light as it is.
      if (getComputedStyle(each).backgroundImage != 'none') break;
      layers.push(rgb(getComputedStyle(each).backgroundColor));
      if (layers.at(-1)[3] == 255) break;
    }}
    if (!layers.length || layers.at(-1)[3] != 255) continue;
    const behind = layers.reverse().reduce((under, over) => under.map((part, at) => part + (over[at] - part) * over[3] / 255));
    const both = [light(rgb(getComputedStyle(own).color)), light(behind)].sort((one, two) => two - one);
    found.push([said.slice(0, 30), (both[0] + .05) / (both[1] + .05)]);
  }}
  return found;
}};
const part = (box, of) => [box.left - of.left, box.top - of.top, of.right - box.right, of.bottom - box.bottom];
const measure = (root) => ({{
  width: root.clientWidth, over: root.scrollWidth > root.clientWidth,
  folds: [...root.querySelectorAll('[data-fold]')].map(fold => {{
    const text = fold.querySelector('.ppd-text, .ppd-title'), more = fold.querySelector('.ppd-more');
    const style = text && getComputedStyle(text);
    return {{fold: fold.dataset.fold, folded: fold.dataset.folded, clamp: style && style.webkitLineClamp,
      lines: text && text.clientHeight / parseFloat(style.lineHeight), size: style && style.fontSize, direction: style && style.direction,
      clipped: text && text.scrollHeight > text.clientHeight + 1, seen: text && text.innerText,
      more: !!more && getComputedStyle(more).visibility == 'visible' && more.offsetHeight > 0}};
  }}),
  items: [...root.querySelectorAll('.ppd-media .ppd-item')].map(item => {{
    const box = item.getBoundingClientRect(), file = item.querySelector('img, video');
    return {{width: box.width, height: box.height, ratio: box.width / box.height,
      fit: file && getComputedStyle(file).objectFit, file: file && file.getBoundingClientRect().height,
      position: file && getComputedStyle(file).objectPosition,
      badge: [...item.querySelectorAll('.ppd-alt')].map(each => part(each.getBoundingClientRect(), box))}};
  }}),
  pictures: [...root.querySelectorAll('.ppd-picture')].map(each => each.clientWidth / each.clientHeight),
  clear: [...root.querySelectorAll('.ppd-clear')].map(each => {{
    const of = each.parentElement.getBoundingClientRect(), sides = part(each.getBoundingClientRect(), of);
    return [sides[0] / of.width, sides[1] / of.height, sides[2] / of.width, sides[3] / of.height];
  }}),
  screens: [...root.querySelectorAll('.ppd-screen')].map(each => each.clientWidth / each.clientHeight),
  grid: [...root.querySelectorAll('[data-grid]')].map(each => each.clientWidth / each.clientHeight),
  avatar: [...root.querySelectorAll('.ppd-face')].slice(0, 1).map(each => [each.offsetWidth, getComputedStyle(each).borderRadius]),
  marks: [...root.querySelectorAll('.ppd-mark')].map(each => rgb(getComputedStyle(each).color)),
  ink: rgb(getComputedStyle(root).color), contrast: contrasts(root),
  pale: [...root.querySelectorAll('.ppd-media img')].map(each => getComputedStyle(each, '::after')).map(look => ratio(look.color, look.backgroundColor)),
  gone: [...root.querySelectorAll('.ppd-media img')].map(each => getComputedStyle(each, '::after').width),
  named: (() => {{
    const screen = root.querySelector('.ppd-screen'), who = root.querySelector('.ppd-who');
    if (!screen) return null;
    return (who.getBoundingClientRect().top - screen.getBoundingClientRect().top) / screen.clientHeight;
  }})(),
  checked: (() => {{
    const box = root.querySelector('.ppd-more input'), text = root.querySelector('.ppd-text');
    if (!box) return null;
    box.checked = true;
    const all = text.innerText; box.checked = false;
    return all;
  }})(),
}});
const place = each => {{ const box = each.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; }};
const words = each => {{ const all = document.createRange(); all.selectNodeContents(each); return place(all); }};
addEventListener('load', () => requestAnimationFrame(() => requestAnimationFrame(() => {{
  const found = {{}};
  for (const frame of document.querySelectorAll('iframe')) {{
    const page = frame.contentDocument;
    found[frame.id] = {{over: page.documentElement.scrollWidth > frame.clientWidth}};
    for (const box of page.querySelectorAll('[data-case]'))
      found[frame.id][box.dataset.case] = measure(box.firstElementChild);
    if (frame.id == 'simulator') found[frame.id] = {{
      tiles: [...page.querySelectorAll('.many > *')].map(place),
      paragraphs: [...page.querySelectorAll('p.text')].map(each => [place(each), words(each)]),
    }};
  }}
  fetch('/found', {{method: 'POST', body: JSON.stringify(found)}});
}})));
</script>"""


@cache
def picture(width: int, height: int) -> bytes:
    """A PNG of that size."""
    out = io.BytesIO()
    Image.new("P", (width, height)).save(out, "PNG")
    return out.getvalue()


def simulated() -> str:
    """A simulator's own page of a post: three pictures, and a text in Arabic and one in English."""
    pages = Environment(
        loader=PackageLoader("polypost.sandbox.simkit"), autoescape=True, undefined=ChainableUndefined
    )
    pages.filters["when"] = str
    media = [{"blob": str(n), "mime": "image/png", "kind": "image"} for n in range(3)]
    base = pages.get_template("base.html").module
    style = str(base).partition("<style>")[2].partition("</style>")[0]
    texts = "".join(f"<p class=text>{text}</p>" for text in ("مرحبا English", "Hello مرحبا"))
    return PAGE.format(
        f"<style>{style}</style>{pages.get_template('posts.html').module.media_block(media)}{texts}"
    )  # type: ignore[attr-defined]  # the template's own macro


class Host(NamedTuple):
    """Where the pages are, and what the browser said of them."""

    address: str
    found: Queue[dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A server of the page, of the page that measures it, and of pictures of any size."""
    pages: dict[str, bytes] = {}
    found: Queue[dict[str, dict[str, Any]]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            size = re.fullmatch(r"/(\d+)x(\d+)\.png", path)
            body = picture(int(size[1]), int(size[2])) if size else pages.get(path)
            self.send_response(200 if body else 404)
            self.send_header("content-type", "image/png" if size else "text/html")
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def do_POST(self) -> None:
            found.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    drawn = "".join(
        f'<div data-case="{name}">{render(case.drawn())}</div>' for name, case in cases(address).items()
    )
    frames = "".join(
        f'<iframe id={name} src="/drawings" style="{look};height:900px;border:0"></iframe>'
        for name, look in FRAMES.items()
    )
    frames += '<iframe id=simulator src="/simulator"></iframe>'
    pages |= {
        "/simulator": simulated().encode(),
        "/drawings": PAGE.format(drawn).encode(),
        "/": STAGE.format(frames=frames).encode(),
    }
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Host(address, found)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def measured(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """What the browser has measured: by frame, by case."""
    profile: Path = tmp_path_factory.mktemp("chromium")
    browser = subprocess.Popen(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            f"--user-data-dir={profile}", "--window-size=1800,1000", host.address,
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield host.found.get(timeout=180)
    finally:
        browser.terminate()
        browser.wait()


@pytest.fixture
def wide(measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """At a desktop's width."""
    return measured["wide"]


def first(case: dict[str, Any]) -> dict[str, Any]:
    """A case's first fold."""
    found: dict[str, Any] = case["folds"][0]
    return found


@pytest.mark.parametrize(
    ("name", "place", "lines"),
    [
        ("ig broad", 0, 2),
        ("ig reel", 0, 1),
        ("fb text", 0, 5),
        ("linkedin text", 0, 3),
        ("tiktok video", 0, 2),
        ("tiktok photos", 1, 2),
        ("youtube video", 0, 2),
        ("reddit text", 1, 3),
        ("bluesky lines", 0, 25),
        ("mastodon long", 0, 15),
    ],
)
def test_texts_fold_after_that_many_lines(
    measured: dict[str, dict[str, Any]], name: str, place: int, lines: int
) -> None:
    for frame in WIDTHS:
        fold = measured[frame][name]["folds"][place]
        assert fold["clamp"] == str(lines)
        assert fold["lines"] == pytest.approx(lines, abs=0.05)
        assert fold["clipped"]
    assert measured["wide"][name]["folds"][place]["more"] or name == "youtube video"


def test_what_is_said_of_folds_holds_in_a_browser(wide: dict[str, Any]) -> None:
    for name, case in wide.items():
        for fold in case["folds"] if isinstance(case, dict) else ():
            if fold["fold"] == "lines" and fold["folded"] != "unknown":
                assert fold["clipped"] is (fold["folded"] == "true"), name
            if fold["fold"] == "lines" and fold["clamp"] != "none" and not name.startswith("youtube"):
                # Also where only the browser could tell.
                assert fold["more"] is fold["clipped"], name
    assert first(wide["linkedin unknown"])["folded"] == "unknown"


def test_texts_fold_after_that_many_characters(wide: dict[str, Any], host: Host) -> None:
    for name, most in (("x long", 280), ("google photo", 100)):
        fold = first(wide[name])
        assert len(fold["seen"].removesuffix("…")) == pytest.approx(most, abs=2)
        assert fold["more"]
        # And nothing is lost.
        assert " ".join(wide[name]["checked"].removesuffix("…").split()) == cases(host)[name].text.strip()
    assert len(first(wide["pin"])["seen"]) == 41
    assert wide["mastodon warning"]["folds"][0]["fold"] == "warning"
    assert wide["mastodon warning"]["folds"][1]["clamp"] == "none"


@pytest.mark.parametrize(
    ("name", "ratios", "fit"),
    [
        ("x one", [16 / 9], "cover"),
        ("x two", [0.885] * 2, "cover"),
        ("x three", [0.885, 1.783, 1.783], "cover"),
        ("x four", [1.783] * 4, "cover"),
        ("ig landscape", [1.91], "cover"),
        ("ig tall", [0.8], "cover"),
        ("ig unmeasured", [0.8], "cover"),
        ("ig carousel", [1, 1, 1], "cover"),
        ("ig reel", [9 / 16], "contain"),
        ("fb tall", [0.8], "cover"),
        ("fb two", [0.498] * 2, "cover"),
        ("fb three", [2.008, 1, 1], "cover"),
        ("tiktok photos", [9 / 16] * 2, "contain"),
        ("youtube video", [16 / 9], "contain"),
        ("youtube short", [9 / 16], "contain"),
        ("linkedin tall", [0.8], "cover"),
        ("pin", [2 / 3], "cover"),
        ("bluesky tall", [0.5], "cover"),
        ("bluesky two", [1, 1], "cover"),
        ("bluesky four", [1.5] * 4, "cover"),
        ("bluesky gallery", [1.5, 2 / 3] * 3, "cover"),
        ("google photo", [4 / 3], "cover"),
        ("mastodon focus", [0.747, 1.504, 1.504], "cover"),
    ],
)
def test_boxes_have_the_ratio_of_their_network(
    measured: dict[str, dict[str, Any]], name: str, ratios: list[float], fit: str
) -> None:
    for frame in WIDTHS:
        items = measured[frame][name]["items"]
        assert [item["ratio"] for item in items] == pytest.approx(ratios, rel=0.02), frame
        assert {item["fit"] for item in items} == {fit}
        # The file fills its box, which is what crops it.
        assert [item["file"] for item in items] == pytest.approx([item["height"] for item in items], abs=1)


def test_heights(wide: dict[str, Any], measured: dict[str, dict[str, Any]]) -> None:
    assert wide["x tall"]["items"][0]["height"] == pytest.approx(510, abs=1)
    assert wide["threads tall"]["items"][0]["height"] == pytest.approx(430, abs=1)
    assert wide["reddit tall"]["items"][0]["height"] == pytest.approx(540, abs=1)
    # No taller than the column is wide, so that it gets narrower.
    bluesky = wide["bluesky tall"]["items"][0]
    assert (bluesky["height"], bluesky["width"]) == pytest.approx((515, 257.5), abs=1)
    assert wide["bluesky gallery"]["items"][0]["height"] == pytest.approx(300, abs=1)
    # Documented: 300 on a desktop, 200 on a phone.
    assert measured["narrow"]["bluesky gallery"]["items"][0]["height"] == pytest.approx(200, abs=2)
    unmeasured = wide["x unmeasured"]["items"][0]
    assert unmeasured["ratio"] == pytest.approx(16 / 9, rel=0.02)


def test_columns_and_avatars(wide: dict[str, Any]) -> None:
    columns = {
        "x one": (598, 40), "ig tall": (470, 32), "fb two": (500, 40), "threads tall": (620, 36),
        "linkedin text": (555, 48), "pin": (236, 32), "bluesky two": (600, 42), "mastodon four": (600, 46),
    }  # fmt: skip
    for name, (column, avatar) in columns.items():
        assert wide[name]["width"] == column
        assert wide[name]["avatar"][0] == [avatar, "8px" if name == "mastodon four" else "50%"]


def test_the_drawings_own_numbers_are_those_on_the_page(wide: dict[str, Any], host: Host) -> None:
    for name, case in cases(host.address).items():
        media = data(case.drawn())["parts"][0]["media"]
        for item, box in zip(media["items"] if media else (), wide[name]["items"], strict=media is not None):
            if item["ratio"] is not None:
                assert box["ratio"] == pytest.approx(item["ratio"], rel=0.02), name
                assert box["height"] == pytest.approx(item["height"], rel=0.02, abs=2), name


def test_full_screens_keep_clear_what_the_app_covers(measured: dict[str, dict[str, Any]]) -> None:
    meta, tiktok = [0.06, 0.14, 0.06, 0.35], [60 / 1080, 250 / 1920, 170 / 1080, 420 / 1920]
    for frame in WIDTHS:
        for name, sides in (("ig reel", meta), ("fb story", meta), ("tiktok video", tiktok)):
            assert measured[frame][name]["clear"][0] == pytest.approx(sides, abs=0.01)
            assert measured[frame][name]["screens"] == pytest.approx([9 / 16], rel=0.01)


def test_cards_badges_grids_and_focus(wide: dict[str, Any]) -> None:
    assert wide["fb link"]["pictures"] == pytest.approx([1.91], rel=0.01)
    assert wide["bluesky card"]["pictures"] == pytest.approx([1200 / 630], rel=0.01)
    [[_, _, right, bottom]] = wide["bluesky two"]["items"][0]["badge"]
    assert (right, bottom) == pytest.approx((4, 4), abs=0.5)
    [[left, _, _, _]] = wide["x one"]["items"][0]["badge"]
    assert left == pytest.approx(12, abs=0.5)
    assert wide["ig tall"]["grid"] == pytest.approx([3 / 4], rel=0.02)
    assert wide["youtube short"]["grid"] == pytest.approx([9 / 16], rel=0.02)
    assert wide["mastodon focus"]["items"][0]["position"] == "50% 0%"


@pytest.mark.parametrize("theme", ["wide", "dark"])
def test_words_can_be_read(measured: dict[str, dict[str, Any]], theme: str) -> None:
    """WCAG AA: every text stands out from what is behind it by 4.5 to 1; of what lies on a picture the veil counts."""
    pale = {
        (name, said, round(ratio, 2))
        for name, case in measured[theme].items()
        if isinstance(case, dict)
        for said, ratio in case["contrast"]
        if ratio < 4.5
    }
    assert pale == set()
    assert (measured[theme]["x text"]["ink"][0] > 128) is (theme == "dark")
    # Still the network's blue.
    red, green, blue, _ = measured[theme]["x text"]["marks"][0]
    assert red < green < blue


def test_what_people_write_has_its_own_direction(wide: dict[str, Any]) -> None:
    assert {fold["direction"] for fold in wide["x arabic"]["folds"]} == {"rtl"}
    assert {fold["direction"] for fold in wide["ig hebrew"]["folds"]} == {"rtl"}
    assert {fold["direction"] for fold in wide["x text"]["folds"]} == {"ltr"}


def test_a_picture_that_is_gone_is_said_in_words(wide: dict[str, Any]) -> None:
    # A pseudo-element with a width is one that is shown.
    for name in ("x gone", "reddit gone", "tiktok gone"):
        assert wide[name]["pale"][0] >= 4.5
        assert wide[name]["gone"][0].endswith("px"), name
    assert wide["x one"]["gone"] == ["auto"]


def test_what_was_not_measured_is_as_tall_as_what_was(measured: dict[str, dict[str, Any]]) -> None:
    for frame in WIDTHS:
        for network in ("x", "bluesky", "reddit"):
            [box] = measured[frame][f"{network} tall"]["items"]
            [other] = measured[frame][f"{network} tall unmeasured"]["items"]
            assert (other["width"], other["height"]) == pytest.approx((box["width"], box["height"]), abs=1), (
                network
            )


def test_a_story_names_its_account_above(wide: dict[str, Any]) -> None:
    for name in ("ig story", "fb story"):
        assert wide[name]["named"] < 0.2
    assert wide["ig reel"]["named"] > 0.6


def test_nothing_is_wider_than_a_phone(measured: dict[str, dict[str, Any]]) -> None:
    for frame in WIDTHS:
        assert measured[frame].pop("over") is False
        assert [name for name, case in measured[frame].items() if case["over"]] == []


def test_a_simulators_page_has_no_hole_and_runs_as_its_text_does(measured: dict[str, dict[str, Any]]) -> None:
    one, two, three = measured["simulator"]["tiles"]
    assert one[0] < two[0] == three[0]
    assert (one[1], one[3]) == pytest.approx((two[1], three[3]), abs=1)
    (arabic, its), (english, theirs) = measured["simulator"]["paragraphs"]
    assert its[2] == pytest.approx(arabic[2], abs=1)
    assert its[0] > arabic[0] + 5
    assert theirs[0] == pytest.approx(english[0], abs=1)
