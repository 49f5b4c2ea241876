"""What was refused as sentences for people: the word of a field in place of its path."""

from __future__ import annotations

from collections.abc import Mapping

from polypost.errors import ApiError, InvalidRequest, Problem


def sentences(error: ApiError, called: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each problem; `called` has the words of fields by the beginning of their paths, empty for none."""
    if isinstance(error, InvalidRequest) and error.problems:
        return [_sentence(each, called or {}) for each in error.problems]
    return [error.message]


def _sentence(problem: Problem, called: Mapping[str, str]) -> str:
    found = (word for path, word in called.items() if problem.path.startswith(path))
    word = next(found, problem.path)
    said = f"{word}: {problem.message}" if word else problem.message
    return f"{said.rstrip('.')}. {problem.hint}".strip()
