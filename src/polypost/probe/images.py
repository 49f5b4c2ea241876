"""The headers of images, read by hand.

An imaging library is not used here on purpose: for WebP it loads the whole file and allocates the canvas
before the size can be judged, and it steps through every frame of a GIF without a limit.
"""

from __future__ import annotations

import struct
from dataclasses import replace

from polypost.probe.facts import Facts, Incomplete, Unsupported, image
from polypost.probe.source import Source

# Frame headers of every JPEG process; 0xC4, 0xC8 and 0xCC in that range mean something else.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_DATA = frozenset({0xD9, 0xDA})
# Nowhere in a picture's data; other images, films and whatever telephones add may follow it.
_JPEG_END = b"\xff\xd9"
_PIECE = 1 << 20
# Most files have their end here, and no more of them is read.
_TAIL = 1 << 16
# What is longer is refused for that.
_MOST_READ = 256 * _PIECE
# EXIF and XMP, the second images of MPO files, IPTC, comments.
_APP2 = 0xE2
_JPEG_TOLD = frozenset({0xE1, _APP2, 0xED, 0xFE})
_ORIENTATION = 274
_TURNED = range(2, 9)
_PNG_TOLD = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"tIME"})
_PNG_ALPHA = frozenset({4, 6})
# Further chunks are not looked at; who has so many may have anything in them.
_MOST_CHUNKS = 4_000
# The last byte of a file may be one that only makes its length even.
_PADDING = 1
_WEBP_MOVES, _WEBP_XMP, _WEBP_EXIF, _WEBP_ALPHA = 0x02, 0x04, 0x08, 0x10
_BMP_HEADERS = frozenset({40, 52, 56, 64, 108, 124})
_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257
_TIFF_TYPES = {3: "H", 4: "I"}
_TIFF_MAX_ENTRIES = 4_096
# One read for each sub-block of at most 255 bytes: enough for GIFs of about 100 MB.
GIF_READS = 400_000


def jpeg(source: Source) -> Facts:
    """Width and height from the first frame header of a JPEG."""
    at, told, turned = 2, False, None
    while True:
        prefix, marker = source.at(at, 2)
        if prefix != 0xFF or marker in _JPEG_DATA:
            raise Unsupported
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_WITHOUT_LENGTH:
            at += 2
        elif marker in _JPEG_FRAMES:
            height, width, colours = struct.unpack(">HHB", source.at(at + 5, 5))
            facts = image("image/jpeg", source.size, width, height)
            if not _jpeg_ends(source, at):
                raise Incomplete
            return replace(
                facts,
                orientation=turned,
                metadata=told or None,
                colour="cmyk" if colours == len("cmyk") else None,
            )
        else:
            if marker in _JPEG_TOLD:
                head = source.up_to(at + 4, 6)
                told = told or marker != _APP2 or head.startswith(b"MPF\0")
                turned = orientation(source, at + 10) if head == b"Exif\0\0" else turned
            at += 2 + max(source.number(at + 2, 2), 2)


def _jpeg_ends(source: Source, at: int) -> bool:
    """Whether the picture whose frame header is at `at` comes to an end."""
    tail = max(at, source.size - _TAIL)
    if _JPEG_END in source.up_to(tail, _TAIL):
        return True
    # Pieces overlap by a byte, so that no end is cut apart.
    for start in range(at, min(tail, at + _MOST_READ), _PIECE):
        if _JPEG_END in source.up_to(start, _PIECE + 1):
            return True
    return tail > at + _MOST_READ


def orientation(source: Source, at: int) -> int | None:
    """How EXIF that begins at `at` says that the picture is turned; None for upright and for what cannot be read."""
    order = {b"II": "<", b"MM": ">"}.get(source.up_to(at, 2))
    head = source.up_to(at + 4, 4)
    if order is None or len(head) < 4:
        return None
    (directory,) = struct.unpack(order + "I", head)
    count = source.up_to(at + directory, 2)
    entries = struct.unpack(order + "H", count)[0] if len(count) == 2 else 0
    raw = source.up_to(at + directory + 2, 12 * min(entries, _TIFF_MAX_ENTRIES))
    for tag, kind, _count, value in struct.iter_unpack(order + "HHI4s", raw[: len(raw) // 12 * 12]):
        if tag == _ORIENTATION and kind == 3:
            (turned,) = struct.unpack_from(order + "H", value)
            return turned if turned in _TURNED else None
    return None


def png(source: Source) -> Facts:
    """Width and height from a PNG's first chunk."""
    name, width, height = struct.unpack(">4sII", source.at(12, 12))
    if name != b"IHDR":
        raise Unsupported
    facts = image("image/png", source.size, width, height)
    alpha, told, frames, turned = source.number(25, 1) in _PNG_ALPHA, False, None, None
    at = 33
    for _ in range(_MOST_CHUNKS):
        head = source.up_to(at, 8)
        if len(head) < 8 and b"IEND" not in source.up_to(max(0, source.size - _TAIL), _TAIL):
            raise Incomplete
        # Chunks of a wrong length lead past an end that is there, and programs show such pictures.
        if len(head) < 8 or head[4:] == b"IEND":
            break
        name, payload = head[4:], at + 8
        alpha = alpha or name == b"tRNS"
        told = told or name in _PNG_TOLD
        if name == b"acTL":
            frames = source.number(payload, 4)
        elif name == b"eXIf":
            turned = orientation(source, payload)
        at = payload + int.from_bytes(head[:4], "big") + 4
    else:
        told = True
    return replace(facts, alpha=alpha or None, metadata=told or None, frames=frames, orientation=turned)


def webp(source: Source) -> Facts:
    """Width and height from the first chunk of a WebP file: lossy, lossless or extended."""
    chunk = source.at(12, 4)
    if int.from_bytes(source.at(4, 4), "little") + 8 > source.size + _PADDING:
        raise Incomplete
    if chunk == b"VP8X":
        raw = source.at(24, 6)
        width, height = 1 + int.from_bytes(raw[:3], "little"), 1 + int.from_bytes(raw[3:], "little")
    elif chunk == b"VP8L":
        signature, bits = struct.unpack("<BI", source.at(20, 5))
        if signature != 0x2F:
            raise Unsupported
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif chunk == b"VP8 ":
        start, width, height = struct.unpack("<3sHH", source.at(23, 7))
        if start != b"\x9d\x01\x2a":
            raise Unsupported
        # The upper two bits of each ask for scaling when shown and are not part of the size.
        width, height = width & 0x3FFF, height & 0x3FFF
    else:
        raise Unsupported
    facts = image("image/webp", source.size, width, height)
    if chunk == b"VP8L":
        return replace(facts, alpha=bool(bits >> 28 & 1) or None)
    return _webp_parts(source, facts, source.number(20, 1)) if chunk == b"VP8X" else facts


def _webp_parts(source: Source, facts: Facts, flags: int) -> Facts:
    """What the chunks of an extended WebP file tell; `flags` say which there are."""
    frames = milliseconds = 0
    turned = None
    at = 30
    for _ in range(_MOST_CHUNKS if flags & (_WEBP_MOVES | _WEBP_EXIF) else 0):
        head = source.up_to(at, 8)
        if len(head) < 8:
            break
        payload = at + 8
        if head[:4] == b"ANMF":
            frames += 1
            milliseconds += int.from_bytes(source.up_to(payload + 12, 3), "little")
        elif head[:4] == b"EXIF":
            turned = orientation(source, payload + (6 if source.up_to(payload, 4) == b"Exif" else 0))
        length = int.from_bytes(head[4:], "little")
        at = payload + length + length % 2
    return replace(
        facts,
        alpha=bool(flags & _WEBP_ALPHA) or None,
        metadata=bool(flags & (_WEBP_EXIF | _WEBP_XMP)) or None,
        frames=frames or None,
        duration=milliseconds / 1000 if frames > 1 and milliseconds else None,
        orientation=turned,
    )


def gif(source: Source) -> Facts:
    """Size, number of frames and playing time of a GIF; one that breaks off counts as far as it goes."""
    width, height, packed = struct.unpack("<HHB", source.at(6, 5))
    facts = image("image/gif", source.size, width, height, kind="gif")
    frames, hundredths, told = _gif_frames(source, 13 + _gif_colours(packed))
    if not frames:
        raise Unsupported
    seconds = hundredths / 100 if hundredths and frames > 1 else None
    return replace(facts, frames=frames, duration=seconds, metadata=told or None)


def _gif_colours(packed: int) -> int:
    """The size in bytes of the colour table that a packed field announces."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0


def _gif_frames(source: Source, at: int) -> tuple[int, int, bool]:
    """The number of frames from `at` on, the sum of their delays in hundredths of a second, and whether there are texts."""
    frames = delays = 0
    told = False
    while True:
        head = source.up_to(at, 10)
        if head[:1] == b"!" and len(head) > 6:
            told = told or head[1] == 0xFE or head[3:].startswith(b"XMP Dat")
            if head[1] == 0xF9:
                delays += int.from_bytes(head[4:6], "little")
            at = _gif_after_blocks(source, at + 2)
        elif head[:1] == b"," and len(head) == 10:
            frames += 1
            # The code size of the image data stands between the colour table and the blocks.
            at = _gif_after_blocks(source, at + 10 + _gif_colours(head[9]) + 1)
        else:
            return frames, delays, told


def _gif_after_blocks(source: Source, at: int) -> int:
    """Where a chain of sub-blocks that starts at `at` ends."""
    while length := source.up_to(at, 1):
        at += 1 + length[0]
        if not length[0]:
            break
    return at


def bmp(source: Source) -> Facts:
    """Width and height of a Windows bitmap."""
    header, width, height = struct.unpack("<Iii", source.at(14, 12))
    if header not in _BMP_HEADERS:
        raise Unsupported
    # A negative height means that the rows are stored from the top.
    return image("image/bmp", source.size, width, abs(height))


def tiff(source: Source) -> Facts:
    """Width and height from the first directory of a TIFF file."""
    order = "<" if source.at(0, 2) == b"II" else ">"
    (directory,) = struct.unpack(order + "I", source.at(4, 4))
    (entries,) = struct.unpack(order + "H", source.at(directory, 2))
    raw = source.up_to(directory + 2, 12 * min(entries, _TIFF_MAX_ENTRIES))
    numbers: dict[int, int] = {}
    for tag, kind, _count, value in struct.iter_unpack(order + "HHI4s", raw[: len(raw) // 12 * 12]):
        if tag in {_TIFF_WIDTH, _TIFF_HEIGHT} and kind in _TIFF_TYPES:
            layout = order + _TIFF_TYPES[kind]
            (numbers[tag],) = struct.unpack_from(layout, value)
    return image("image/tiff", source.size, numbers.get(_TIFF_WIDTH, 0), numbers.get(_TIFF_HEIGHT, 0))
