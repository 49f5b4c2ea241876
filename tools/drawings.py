"""Makes the picture of drawings that the documentation shows; needs chromium.

`python tools/drawings.py` writes `docs/images/drawings.png`, from posts and pictures of its own.
"""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from polypost.drawing import draw, render
from polypost.platforms.base import Account, Draft, MediaRef
from polypost.platforms.registry import connector
from polypost.probe import Facts

TARGET = Path(__file__).parent.parent / "docs" / "images" / "drawings.png"
ACCOUNT = Account("1", "polypost", "Polypost")
COLOURS = [(255, 138, 101), (94, 53, 177), (38, 166, 154), (255, 213, 79), (216, 27, 96), (57, 73, 171)]
TEXT = (
    "Version 0.1 is out: one call publishes to twelve networks, on your own server. It waits when a network "
    "is down, never posts twice, and says what happened. #selfhosted #opensource"
)
PAGE = (
    "<!doctype html><meta charset=utf-8><body style='margin:20px;background:#f4f5f7;display:flex;gap:20px;"
    "align-items:start'><div style='width:600px'>{}</div><div style='width:440px;display:grid;gap:20px'>{}{}</div>"
    "<div style='width:300px'>{}</div>"
)


def media(width: int, height: int) -> MediaRef:
    """A picture of colours that run into each other."""
    return MediaRef(
        "image",
        f"https://media.example/{width}x{height}",
        facts=Facts("image", "image/png", 1, width, height),
        alt_text="Colours",
    )


def inlined(html: str, ref: MediaRef) -> str:
    """The fragment with the picture in it: a page of the documentation loads nothing."""
    assert ref.facts is not None
    tiny = Image.new("RGB", (3, 2))
    tiny.putdata(COLOURS)
    out = io.BytesIO()
    size = (ref.facts.width or 1) // 2, (ref.facts.height or 1) // 2
    tiny.resize(size, Image.Resampling.BICUBIC).save(out, "PNG")
    return html.replace(ref.url, f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}")


def drawn(platform: str, refs: list[MediaRef], text: str = TEXT, **options: object) -> str:
    """One drawing."""
    network = connector(platform)
    assert network is not None
    draft = Draft(text, tuple(refs), network.options.model_validate(options), ACCOUNT)
    html = render(draw(platform, draft))
    for ref in refs:
        html = inlined(html, ref)
    return html


def main() -> None:
    """Write the picture."""
    wide, tall = media(1600, 900), media(1080, 1920)
    page = PAGE.format(
        drawn("twitter", [wide, wide, wide], threadItems=[{"content": "How it is built: example.com/how"}]),
        drawn("instagram", [media(1200, 900)]),
        drawn(
            "googlebusiness",
            [],
            topicType="EVENT",
            eventTitle="Open day",
            eventStartDate="2026-12-05",
            eventEndDate="2026-12-06",
        ),
        drawn("tiktok", [tall], "Version 0.1 is out", description=TEXT),
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "drawings.html"
        file.write_text(page, encoding="utf-8")
        subprocess.run(  # noqa: S603  # our own page
            [shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
             f"--user-data-dir={folder}/profile", "--window-size=1420,1040", f"--screenshot={TARGET}", file.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    Image.open(TARGET).convert("RGB").save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
