"""What was refused as sentences for people: the word of a field in place of its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from polypost.dashboard.catalogue import Translated
from polypost.dashboard.web import Visit
from polypost.errors import ApiError, InvalidRequest, Problem


class Mistyped(Translated, InvalidRequest):
    """What a form refuses by itself; what the API refuses is said in English."""


class Sentence(NamedTuple):
    """What is wrong with a field, after the field's word if there is one; `english` is what the API says."""

    word: str
    text: str
    english: bool

    def __str__(self) -> str:
        return f"{self.word}: {self.text}" if self.word else self.text


def sentences(error: ApiError, visit: Visit, called: Mapping[str, str] | None = None) -> list[Sentence]:
    """A sentence for each problem; `called` has the words of fields by the beginning of their paths, empty for none."""
    english = not isinstance(error, Translated)
    if not (isinstance(error, InvalidRequest) and error.problems):
        return [Sentence("", error.message, english)]
    return [
        Sentence(
            _word(each, visit, called or {}), f"{each.message.rstrip('.')}. {each.hint}".strip(), english
        )
        for each in error.problems
    ]


def _word(problem: Problem, visit: Visit, called: Mapping[str, str]) -> str:
    found = (visit.words(word) for path, word in called.items() if problem.path.startswith(path))
    return next(found, problem.path)
