"""What a reader sees as one character: Unicode's extended grapheme clusters (UAX #29)."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def clusters() -> Any:
    r"""The compiled expression that matches one cluster, in time linear in the text.

    For two letters that make a flag, `\X` by itself counts anew how many of them stand before: a text of flags
    would take a time that grows with its square. A pair that another letter follows is therefore
    taken as what it is.
    """
    # Imported when the first text needs it: most servers sit idle most of the time.
    import regex  # type: ignore[import-untyped]  # the package ships no types

    return regex.compile(r"\p{Regional_Indicator}{2}(?=\p{Regional_Indicator})|\X")
