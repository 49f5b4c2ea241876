"""Types of files that clients may upload: what the networks of this server take between them."""

from __future__ import annotations

import re
from functools import cache

from polypost.errors import InvalidRequest, Problem
from polypost.platforms.base import MediaKind
from polypost.platforms.registry import connectors

_ALIASES = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "application/x-pdf": "application/pdf"}
# Containers whose name depends more on who wrote the file than on what is in it.
_SAME = (
    frozenset({"video/mp4", "video/quicktime", "video/x-m4v"}),
    frozenset({"image/heic", "image/heif"}),
)
# No network takes these; as all others they are made to fit.
_FITTED = frozenset({"image/bmp", "image/tiff", "video/x-matroska", "video/3gpp"})
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/avif": "avif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-m4v": "m4v",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/3gpp": "3gp",
    "application/pdf": "pdf",
}
# Endings that say the same as the usual one.
_SPELLINGS = frozenset({("image/jpeg", "jpeg"), ("image/tiff", "tiff")})
_NOT_IN_ADDRESSES = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


@cache
def accepted() -> frozenset[str]:
    """Every type that some network takes, or that can be made into one."""
    taken = {mime for each in connectors() for mimes in each.spec.media_types.values() for mime in mimes}
    return frozenset(taken | _FITTED | {"application/pdf"})


def plain(mime: str) -> str:
    """A type without parameters, in its usual spelling."""
    bare = mime.partition(";")[0].strip().lower()
    return _ALIASES.get(bare, bare)


def check(mime: str) -> str:
    """The type in its usual spelling. Raises InvalidRequest when no network takes it."""
    found = plain(mime)
    if found not in accepted():
        hint = f"Upload one of {', '.join(sorted(accepted()))}."
        raise InvalidRequest(
            [Problem("mimeType", "is not a type that any network takes", hint, "bad_mime_type")]
        )
    return found


def kind_of(mime: str) -> MediaKind:
    """The kind of media item that a file of this type is."""
    if mime == "image/gif":
        return "gif"
    return "image" if mime.startswith("image/") else "video" if mime.startswith("video/") else "document"


def alike(announced: str, found: str) -> bool:
    """Whether bytes of the type `found` are what was announced."""
    return announced == found or any({announced, found} <= same for same in _SAME)


def address_name(filename: str, mime: str) -> str:
    """A name for the public address: letters and digits of the file's own, and an ending that says what it is."""
    stem = filename.rpartition(".")[0] or filename
    readable = _NOT_IN_ADDRESSES.sub("-", stem).strip("-")[:60].strip("-")
    return f"{readable or 'file'}.{_ENDINGS.get(mime, 'bin')}"


def download_name(filename: str, mime: str) -> str:
    """The name a file is handed out under: its own, with the ending of its type, whatever ending it came with."""
    ending = _ENDINGS.get(mime, "bin")
    stem, dot, own = filename.rpartition(".")
    known = own.lower() == ending or (mime, own.lower()) in _SPELLINGS
    return filename if dot and known else f"{stem or filename}.{ending}"


def bare_name(filename: str) -> str:
    """A file's name without folders and control characters; what is left of "../../a" is "a"."""
    last = re.split(r"[/\\]", filename)[-1]
    kept = "".join(letter for letter in last if letter.isprintable()).strip().strip(".")
    return kept[:255] or "file"
