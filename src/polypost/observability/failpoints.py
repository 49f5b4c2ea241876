"""Named places at which the process can be made to kill itself, so that tests can crash it anywhere.

`POLYPOST_FAIL_POINT=P9[:platform][@n]` sends SIGKILL at the n-th passage of P9, once per data folder
(RELIABILITY §4). Nothing happens when it is not set.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class _Armed:
    name: str
    platform: str | None
    passage: int
    mark: Path
    seen: int = 0


_armed: _Armed | None = None


def arm(spec: str | None, folder: Path) -> None:
    """Set the fail point from its text form; a mark in `folder` keeps it from firing a second time."""
    global _armed  # noqa: PLW0603  # one process, one fail point
    _armed = None
    if not spec:
        return
    place, _, passage = spec.partition("@")
    name, _, platform = place.partition(":")
    mark = folder / f"fail-point-{spec.replace(':', '-').replace('@', '-')}"
    if not mark.exists():
        _armed = _Armed(name, platform or None, int(passage or 1), mark)


def hit(name: str, platform: str | None = None) -> None:
    """Pass the place `name`; the process dies here if it is the armed one and this is its passage."""
    if _armed is None or _armed.name != name or (_armed.platform and _armed.platform != platform):
        return
    _armed.seen += 1
    if _armed.seen == _armed.passage:
        _armed.mark.parent.mkdir(parents=True, exist_ok=True)
        _armed.mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
