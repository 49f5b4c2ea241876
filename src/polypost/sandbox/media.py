"""Demo media on a port of its own, for a first post that needs a picture and for servers that fetch by URL."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

SIDE = 1080
PICTURES = {
    "demo.jpg": ((255, 138, 101), (94, 53, 177), (38, 166, 154)),
    "demo-2.jpg": ((255, 213, 79), (216, 27, 96), (57, 73, 171)),
}


def media_app(folder: Path) -> ASGIApp:
    """Serves the demo pictures from `folder` and nothing else; makes those that are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, colours in PICTURES.items():
        if not (folder / name).is_file():
            _gradient(*colours).save(folder / name, "JPEG", quality=88)

    async def picture(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in PICTURES:
            return PlainTextResponse(f"There are only {', '.join(PICTURES)}.", 404)
        return FileResponse(folder / name, media_type="image/jpeg", headers={"cache-control": "max-age=3600"})

    return Starlette(routes=[Route("/{name}", picture)])


def _gradient(*colours: tuple[int, int, int]) -> Image.Image:
    # A few pixels enlarged with a smooth filter make a soft gradient; JPEG, because Instagram takes nothing else.
    first, second, third = colours
    middle = tuple((a + b) // 2 for a, b in zip(first, third, strict=True))
    tiny = Image.new("RGB", (2, 2))
    for place, colour in zip([(0, 0), (1, 0), (0, 1), (1, 1)], [first, middle, second, third], strict=True):
        tiny.putpixel(place, (colour[0], colour[1], colour[2]))
    return tiny.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
