"""Takes pictures of the dashboard's pages, with posts that a server really made in its sandbox; needs chromium.

`python -m tools.screenshots FOLDER` takes each page in light and dark, 1280 and 360 pixels wide. Without a folder it
writes those of the documentation to `docs/images`. `--quick` takes one page of each form.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from tests.browser.people import sign_up
from tests.browser.scenes import HOME, TEXTS, Filled, simple_pages
from tests.chromium import CHROMIUM
from tests.processes import World

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTHS = {1280: 860, 360: 740}
LIGHT: Literal["light"] = "light"
DARK: Literal["dark"] = "dark"
# The largest picture that the documentation takes, in bytes.
LARGEST = 150_000
COLOURS = (256, 128, 64, 32)


class Shot(NamedTuple):
    """A picture: of which page, and what is done on it first."""

    name: str
    path: str
    writes: bool = False


class Form(NamedTuple):
    """How a picture is taken."""

    scheme: Literal["light", "dark"]
    width: int


FORMS = [Form(scheme, width) for width in WIDTHS for scheme in (LIGHT, DARK)]
# What the documentation shows, and in which form: its file is `dashboard-NAME.png`, with `-dark`, `-phone`.
DOCUMENTED = (
    ("compose", Form(LIGHT, 1280)),
    ("compose", Form(DARK, 360)),
    ("posts", Form(LIGHT, 1280)),
    ("posts", Form(DARK, 360)),
    ("post-published", Form(DARK, 1280)),
    ("post-partial", Form(LIGHT, 1280)),
    ("post-partial", Form(LIGHT, 360)),
    ("accounts", Form(LIGHT, 1280)),
    ("people", Form(LIGHT, 1280)),
    ("calendar", Form(LIGHT, 1280)),
)


def simple_shots(project: str) -> list[Shot]:
    """The pages that need no more than a project."""
    paths = {path.replace("{project}", "").strip("/") or "start": path for path in simple_pages()}
    return [
        Shot(name.replace("/", "-"), path.replace("{project}", project), writes=name == "compose")
        for name, path in paths.items()
    ]


def shots(filled: Filled) -> list[Shot]:
    """All pages of the filled project, its posts by what became of them, and those about other things."""
    posts = [
        Shot(f"post-{state.replace(' ', '-')}", f"/{filled.project_id}/posts/{post}")
        for state, post in filled.posts.items()
    ]
    further = [Shot(name, path) for name, path in filled.further.items()]
    return [*simple_shots(filled.project_id), *posts, *further, Shot("nothing-there", "/nowhere/at/all")]


def take(page: Page, shot: Shot, forms: Sequence[Form], image: str) -> Iterator[tuple[Form, bytes]]:
    """The page in each of the forms."""
    page.set_viewport_size({"width": 1280, "height": WIDTHS[1280]})
    page.goto(HOME + shot.path + ("?empty=1" if shot.writes else ""))
    if shot.writes:
        write(page, image)
    for form in forms:
        page.emulate_media(color_scheme=form.scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": form.width, "height": WIDTHS[form.width]})
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
        yield form, page.screenshot()


def write(page: Page, image: str) -> None:
    """A post with a picture in the composer, of which the previews have come."""
    page.get_by_label("Text", exact=True).fill(TEXTS[0])
    for name in ("X", "Bluesky", "LinkedIn"):
        page.get_by_role("checkbox", name=re.compile(rf"^{name} ·")).check()
    address = page.get_by_label("Address of the file").first
    address.fill(image)
    address.blur()
    page.get_by_label("What it shows").first.fill("Colours that run into each other")
    page.locator("#preview img").first.wait_for()
    page.wait_for_timeout(1500)


def small(picture: bytes) -> bytes:
    """The picture with as many colours as fit into the documentation's limit. Raises ValueError."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() < LARGEST:
            return out.getvalue()
    raise ValueError(f"The picture does not fit into {LARGEST} bytes.")


def pictures(world: World, *, documented: bool, quick: bool = False) -> Iterator[tuple[str, bytes]]:
    """File names and pictures."""
    image = world.demo_image()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(base_url=world.url).new_page()
        page.goto(world.server.ready["dashboardUrl"])
        # The server's own link ends with the first person, and there are others in what is filled in.
        sign_up(page, "Ada")
        wanted = simple_shots(page.url.split(HOME)[1].split("/")[1])[:1] if quick else shots(Filled(world))
        if documented:
            by_name = {shot.name: shot for shot in wanted}
            wanted_forms = [(by_name[name], [form]) for name, form in DOCUMENTED if name in by_name]
        else:
            wanted_forms = [(shot, FORMS) for shot in wanted]
        for shot, forms in wanted_forms:
            for form, picture in take(page, shot, forms, image):
                ending = ("-phone" if form.width == 360 else "") + ("-dark" if form.scheme == DARK else "")
                yield f"{shot.name}{ending}.png", picture
        browser.close()


def main() -> None:
    """Start a world, take the pictures, and say where they are."""
    parser = argparse.ArgumentParser(prog="python -m tools.screenshots", description=__doc__)
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where to put all pages; without it, the documentation's"
    )
    parser.add_argument("--quick", action="store_true", help="one page alone: whether everything runs")
    chosen = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("There is no chromium: install the package chromium.")
    folder: Path = chosen.folder or IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="polypost-screenshots-") as place:
        world = World(Path(place))
        world.start()
        try:
            for name, picture in pictures(world, documented=chosen.folder is None, quick=chosen.quick):
                if chosen.folder is None:
                    folder.joinpath(f"dashboard-{name}").write_bytes(small(picture))
                else:
                    folder.joinpath(name).write_bytes(picture)
                print(folder / name)
        finally:
            world.stop()


if __name__ == "__main__":
    main()
