"""Pictures: one that stands still, upright, in the colours of screens, with nothing in it but the picture."""

from __future__ import annotations

import io
from math import sqrt
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, ImageSequence

from polypost.decoder.strip import strip
from polypost.decoder.told import Refused

# What the first bytes said it is; no other reader is tried.
READERS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/bmp": ("BMP", "DIB"),
    "image/tiff": ("TIFF",),
    "image/avif": ("AVIF",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF", "AVIF"),
}
MAX_PIXELS = 100_000_000
_SEVERAL = frozenset({"GIF", "WEBP", "PNG"})
_QUALITY, _LOWER = 88, 75
_TRIES = 3
_SRGB = ImageCms.createProfile("sRGB")


def load(mime: str) -> None:
    """Have every library in memory that a file of this type needs."""
    if mime in {"image/heic", "image/heif"}:
        import pillow_heif

        pillow_heif.register_heif_opener()
    Image.init()
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    # Readers and writers load what they need with their first picture.
    dot, dash = Image.new("RGB", (8, 8)), Image.new("RGB", (8, 8), "white")
    for name in {"JPEG", "PNG", READERS[mime][0]} - {"HEIF"}:
        out = io.BytesIO()
        several = {"save_all": True, "append_images": [dash]} if name in _SEVERAL else {}
        dot.save(out, name, **several)
        for frame in ImageSequence.Iterator(Image.open(out, formats=[name])):
            ImageOps.exif_transpose(frame).convert("RGBA")
    ImageCms.profileToProfile(dot, _SRGB, _SRGB)


def opened(mime: str, source: BinaryIO) -> Image.Image:
    """The picture, not yet decoded. Raises Refused."""
    image = Image.open(source, formats=READERS[mime])
    if image.width * image.height > MAX_PIXELS:
        raise Refused("It has more than 100 million pixels.")
    return image


def still(recipe: dict[str, Any], source: BinaryIO, target: BinaryIO) -> dict[str, Any]:
    """Write the picture as `recipe["to"]`; what people may want to know of it."""
    image = opened(recipe["from"], source)
    exif = image.info.get("exif") if recipe["keep"] else None
    size = tuple(recipe["size"]) if "size" in recipe else None
    if size is not None and image.format == "JPEG" and "ratio" not in recipe:
        # It is decoded no larger than it is needed; turned or not, the longer side decides.
        image.draft(None, (max(size), max(size)))
    lossless = image.format in {"PNG", "GIF", "BMP", "DIB", "TIFF"}
    image.load()
    image = _screen(ImageOps.exif_transpose(image))
    transparent = _transparent(image)
    if recipe.get("only") == "transparent" and not transparent:
        source.seek(0)
        strip({"from": recipe["from"], "keep": recipe["keep"]}, source, target)
        return {"same": True}
    notes = []
    if recipe["to"] == "image/jpeg":
        if transparent:
            notes.append("white")
        image = _flat(image)
    elif not transparent and image.mode == "RGBA":
        image = image.convert("RGB")
    if "ratio" in recipe:
        image = _shaped(image, recipe)
    if size is not None and image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    content = _written(image, recipe, exif=_upright(exif), lossless=lossless)
    target.write(content)
    return {"notes": notes}


def _screen(image: Image.Image) -> Image.Image:
    """In RGB or RGBA and the colours of screens (sRGB)."""
    profile = image.info.get("icc_profile")
    if image.mode not in {"RGB", "RGBA", "CMYK", "L"}:
        alpha = image.mode in {"LA", "PA", "La", "RGBa"} or "transparency" in image.info
        if image.mode.startswith(("I", "F")):
            # Sixteen bits and more; the upper eight are what a screen shows.
            image = (
                image.point(lambda value: value / 256).convert("L")
                if image.mode != "F"
                else image.convert("L")
            )
        image = image.convert("RGBA" if alpha else "RGB")
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    if profile:
        image = _converted(image, profile)
    image.info.clear()
    return image if image.mode in {"RGB", "RGBA"} else image.convert("RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        named = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(named).lower():
            return image
        return ImageCms.profileToProfile(image, named, _SRGB, outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        # A profile that cannot be read, or is of other colours, says nothing.
        return image


def _transparent(image: Image.Image) -> bool:
    if image.mode != "RGBA":
        return False
    return bool(image.getchannel("A").getextrema()[0] != 255)


def _flat(image: Image.Image) -> Image.Image:
    """On white where it is transparent."""
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _shaped(image: Image.Image, recipe: dict[str, Any]) -> Image.Image:
    """Cut around the focus, or filled up in the colour of the border, to the shape of the size asked for."""
    width, height = recipe["size"]
    if recipe["ratio"] == "crop":
        return ImageOps.fit(
            image, (width, height), Image.Resampling.LANCZOS, centering=tuple(recipe["focus"])
        )
    return ImageOps.pad(image, (width, height), Image.Resampling.LANCZOS, color=border(image))


def border(image: Image.Image) -> tuple[int, ...]:
    """The colour that most of the border has."""
    small = image.convert("RGB").resize((32, 32), Image.Resampling.BOX)
    edge = Image.new("RGB", (32, 4))
    edge.paste(small.crop((0, 0, 32, 1)), (0, 0))
    edge.paste(small.crop((0, 31, 32, 32)), (0, 1))
    edge.paste(small.crop((0, 0, 1, 32)).rotate(90, expand=True), (0, 2))
    edge.paste(small.crop((31, 0, 32, 32)).rotate(90, expand=True), (0, 3))
    few = edge.quantize(4)
    counted = few.getcolors() or [(1, 0)]
    colour = max(counted)[1]
    assert isinstance(colour, int)
    palette = few.getpalette() or [255, 255, 255]
    return tuple(palette[3 * colour : 3 * colour + 3])


def _upright(exif: bytes | None) -> bytes | None:
    """The same EXIF of a picture that has been turned."""
    if not exif:
        return None
    known = Image.Exif()
    known.load(exif)
    known[0x0112] = 1
    return known.tobytes()


def _written(image: Image.Image, recipe: dict[str, Any], *, exif: bytes | None, lossless: bool) -> bytes:
    """The file, in as many bytes as there may be. Raises Refused when three tries do not do."""
    further: dict[str, Any] = {"exif": exif} if exif else {}
    if "least" in recipe:
        return _large(image, recipe["least"], **further)
    if recipe["to"] == "image/png":
        return _saved(image, "PNG", **further)
    most = recipe.get("bytes")
    # Sharp edges in colours, of which screenshots are full, need all of them.
    further["subsampling"] = 0 if lossless else 2
    content = b""
    for attempt in range(_TRIES):
        content = _saved(image, "JPEG", quality=_LOWER if attempt else _QUALITY, **further)
        if most is None or len(content) <= most:
            return content
        further["subsampling"] = 2
        if attempt:
            # What is scaled down has more bytes for each pixel that is left.
            factor = 0.75 * sqrt(most / len(content))
            image = image.resize(
                (max(1, int(image.width * factor)), max(1, int(image.height * factor))),
                Image.Resampling.LANCZOS,
                reducing_gap=2.0,
            )
    raise Refused(f"It cannot be made as small as {most} bytes.")


def _large(image: Image.Image, least: int, **further: Any) -> bytes:
    """The file in as many bytes as there have to be: the best there is as JPEG, else nothing of it packed. Raises Refused."""
    content = b""
    if image.mode == "RGB":
        content = _saved(image, "JPEG", quality=100, subsampling=0, **further)
    if len(content) < least:
        content = _saved(image, "PNG", compress_level=0, **further)
    if len(content) < least:
        raise Refused(f"It cannot be made as large as {least} bytes.")
    return content


def _saved(image: Image.Image, name: str, **further: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, name, **further)
    return out.getvalue()
