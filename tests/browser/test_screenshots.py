"""The command that takes the pages' pictures, in its short form, and what the documentation has of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image
from tools.screenshots import DOCUMENTED, IMAGES, LARGEST, WIDTHS

from tests.chromium import needs_chromium

ROOT = Path(__file__).parents[2]


@needs_chromium
def test_a_page_is_taken_in_each_form(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.screenshots", str(tmp_path), "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {path.name: Image.open(path) for path in tmp_path.glob("*.png")}
    assert sorted(image.size for image in found.values()) == sorted(2 * [*WIDTHS.items()])
    for name, image in found.items():
        corner = image.convert("L").getpixel((image.width - 2, 2))
        assert isinstance(corner, (int, float))
        assert (corner < 80) is name.endswith("-dark.png")


def test_the_pictures_of_the_documentation_are_there_and_small() -> None:
    names = {
        f"dashboard-{name}{'-phone' if form.width == 360 else ''}{'-dark' if form.scheme == 'dark' else ''}.png"
        for name, form in DOCUMENTED
    }
    found = {path.name: path.stat().st_size for path in IMAGES.glob("dashboard-*.png")}
    assert names == set(found)
    assert max(found.values()) < LARGEST
