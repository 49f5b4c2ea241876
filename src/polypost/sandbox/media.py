"""Demo media on a port of its own, for a first post that needs an image or a video and for servers that fetch by URL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Picture:
    """A soft gradient of three colours; width and height in pixels."""

    colours: tuple[Colour, Colour, Colour]
    size: tuple[int, int] = (1080, 1080)


WIDE = "demo-wide.jpg"
IMAGES = {
    "demo.jpg": Picture(((255, 138, 101), (94, 53, 177), (38, 166, 154))),
    "demo-2.jpg": Picture(((255, 213, 79), (216, 27, 96), (57, 73, 171))),
    WIDE: Picture(((255, 138, 101), (94, 53, 177), (57, 73, 171)), (1280, 720)),
}
VIDEO = "demo.mp4"
FILES = (*IMAGES, VIDEO)
# Six seconds that every network takes; tools/demo_video.py makes it.
_VIDEO = Path(__file__).parent / VIDEO


def media_app(folder: Path, further: Sequence[Route] = ()) -> ASGIApp:
    """Serves the demo video, and the demo images from `folder`, and `further` routes; makes images that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in IMAGES.items():
        if not (folder / name).is_file():
            _gradient(image).save(folder / name, "JPEG", quality=88)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return PlainTextResponse(f"There are only {', '.join(FILES)}.", 404)
        path, kind = (_VIDEO, "video/mp4") if name == VIDEO else (folder / name, "image/jpeg")
        return FileResponse(path, media_type=kind, headers={"cache-control": "max-age=3600"})

    return Starlette(routes=[*further, Route("/{name}", file)])


def _gradient(image: Picture) -> Image.Image:
    # A few pixels enlarged with a smooth filter make a soft gradient; JPEG, because Instagram takes nothing else.
    first, second, third = image.colours
    middle = tuple((a + b) // 2 for a, b in zip(first, third, strict=True))
    tiny = Image.frombytes("RGB", (2, 2), bytes((*first, *middle, *second, *third)))
    return tiny.resize(image.size, Image.Resampling.BICUBIC)
