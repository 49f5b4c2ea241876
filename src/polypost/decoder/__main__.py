"""The decoder's own process: `python -I -m polypost.decoder`, a job as JSON on its input, the answer on its output."""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from pathlib import Path
from typing import Any

from polypost.decoder import confinement

_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")


def main() -> None:
    """Do one job. Whatever goes wrong with the file is an answer, not a failure."""
    job = json.load(sys.stdin)
    # What it used is read at its end, when it can open nothing any more.
    status = Path("/proc/self/status")
    used = status.open("rb") if status.exists() else None
    confinement.enter(**job["limits"])
    try:
        answer = _done(job["recipe"], *job["files"])
    except MemoryError:
        answer = {"error": "It needs more memory to be decoded than this server lets it have."}
    except Exception as error:  # noqa: BLE001  # libraries raise whatever they like about a hostile file
        answer = {"error": _told(error)}
    spent = resource.getrusage(resource.RUSAGE_SELF)
    answer["cpu"] = round(spent.ru_utime + spent.ru_stime, 3)
    if used is not None and (peak := _PEAK.search(used.read())):
        answer["memory"] = int(peak[1]) * 1024
    os.write(1, json.dumps(answer).encode())
    # Libraries may hang in their own ending, with all that matters written.
    os._exit(0)


def _done(recipe: dict[str, Any], reading: int, writing: int, again: int) -> dict[str, Any]:
    with (
        os.fdopen(reading, "rb") as source,
        os.fdopen(writing, "wb") as target,
        os.fdopen(again, "rb") as back,
    ):
        if recipe["do"] == "strip":
            from polypost.decoder.strip import strip

            confinement.shut()
            strip(recipe, source, target)
            answer: dict[str, Any] = {}
        elif recipe["do"] == "still":
            from polypost.decoder.images import load, still

            load(recipe["from"])
            confinement.shut()
            answer = still(recipe, source, target)
        else:
            from polypost.decoder.videos import load as load_videos
            from polypost.decoder.videos import make

            load_videos(recipe)
            confinement.shut()
            answer = make(recipe, source, target, back)
        target.flush()
    return answer


def _told(error: Exception) -> str:
    """A fixed sentence; what a library says may quote the file."""
    from polypost.decoder.told import Refused

    return str(error) if isinstance(error, Refused) else "Its content cannot be decoded."


if __name__ == "__main__":
    main()
