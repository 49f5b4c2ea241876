"""Makes the sandbox's demo film anew, from nothing but colours and a quiet tone; needs ffmpeg.

`python tools/demo_video.py` writes `src/polypost/sandbox/demo.mp4`: six seconds of 1280 x 720, H.264 and AAC, which
every network takes.
"""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

from PIL import Image

TARGET = Path(__file__).parent.parent / "src" / "polypost" / "sandbox" / "demo.mp4"
SIZE, RATE, SECONDS = (1280, 720), 30, 6
COLOURS = ((255, 138, 101), (94, 53, 177), (38, 166, 154), (255, 213, 79), (216, 27, 96), (57, 73, 171))
SOUND = f"sine=frequency=220:duration={SECONDS}:sample_rate=48000"
OUTPUT = (
    "-filter:a volume=0.05 -c:v libx264 -profile:v high -pix_fmt yuv420p -b:v 300k -minrate 300k -maxrate 300k "
    "-bufsize 600k -g 60 -c:a aac -b:a 48k -ac 2 -movflags +faststart -map_metadata -1 -fflags +bitexact"
)


def frame(number: int) -> bytes:
    """One picture: six spots of colour that breathe into each other."""
    tiny = Image.new("RGB", (3, 2))
    turn = 2 * math.pi * number / (RATE * SECONDS)
    for place, first in enumerate(COLOURS):
        second = COLOURS[(place + 2) % len(COLOURS)]
        share = (1 + math.sin(turn + place * 1.3)) / 2
        mixed = [round(a + (b - a) * share) for a, b in zip(first, second, strict=True)]
        tiny.putpixel((place % 3, place // 3), (mixed[0], mixed[1], mixed[2]))
    return tiny.resize(SIZE, Image.Resampling.BICUBIC).tobytes()


def main() -> None:
    """Pipe the frames through ffmpeg."""
    width, height = SIZE
    image = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(RATE), "-i", "-"]
    command = ["ffmpeg", "-loglevel", "error", "-y", *image, "-f", "lavfi", "-i", SOUND, *OUTPUT.split()]
    frames = b"".join(frame(number) for number in range(RATE * SECONDS))
    subprocess.run([*command, str(TARGET)], input=frames, check=True)  # noqa: S603  # words of this file alone
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
