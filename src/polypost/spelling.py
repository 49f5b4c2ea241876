"""Which word somebody meant who wrote another one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# Comparing takes time that grows with the square of a word.
_LONGEST = 60
# Closer than this, two words of a handful are hardly two different ones.
_CLOSE = 0.72
_NO_LETTER = re.compile(r"[\W_]+")


def plain(word: str) -> str:
    """The word without capitals, spaces and signs."""
    return _NO_LETTER.sub("", word.casefold())


def nearest(said: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str | None:
    """The known word that was meant: the same but for capitals and signs, a synonym, or spelt much alike.

    `synonyms` has other words, plain, for some of those that may be known.
    """
    if len(said) > _LONGEST:
        return None
    words = {plain(word): word for word in known}
    asked = plain(said)
    meant = plain((synonyms or {}).get(asked, asked))
    close = [meant] if meant in words else get_close_matches(asked, words, n=1, cutoff=_CLOSE)
    return words[close[0]] if close else None


def did_you_mean(said: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None) -> str:
    """`Did you mean …?` with the known word that is nearest; empty where none is near."""
    found = nearest(said, known, synonyms)
    return f"Did you mean {found}?" if found is not None and found != said else ""
