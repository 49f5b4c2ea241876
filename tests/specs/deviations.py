"""Where a request of ours or an answer of a simulator differs from the network's machine-readable spec, and why.

The spec tests take an entry out of the comparison, and fail for one that nothing needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """`where` names operation and place as the network's test writes them; `source` says who is right, and since when."""

    where: str
    reason: str
    source: str


DEVIATIONS: Mapping[str, tuple[Deviation, ...]] = {}
