"""What pydantic finds wrong, in the API's words: what the value must be, and how to write it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

# Nobody reads more, and an answer must not be larger than what it answers.
MOST_PROBLEMS = 200

_TEXT = ("must be a text", "Write it in double quotes.")
_WHOLE = ("must be a whole number", "Write it in digits, without quotes.")
_OBJECT = ("must be an object", "Write it in curly brackets: {{…}}.")

_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("is required", "Add this key."),
    "extra_forbidden": ("must NOT have additional properties", "Remove this key or check its spelling."),
    "string_type": _TEXT,
    "string_too_short": ("must have {min_length} or more characters", "Write something here."),
    "string_too_long": ("must have at most {max_length} characters", "Shorten it."),
    "string_pattern_mismatch": ("has characters or a form that are not allowed", "Its form is {pattern}."),
    "bool_type": ("must be true or false", "Write true or false, without quotes."),
    "bool_parsing": ("must be true or false", "Write true or false."),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": ("must be a number", "Write it in digits, without quotes."),
    "finite_number": ("must be a number that is not infinite", "Write an ordinary number."),
    "greater_than_equal": ("must be at least {ge}", "Choose a larger number."),
    "less_than_equal": ("must be at most {le}", "Choose a smaller number."),
    "list_type": ("must be a list", "Write it in square brackets, a single value too: […]."),
    "too_short": ("must have {min_length} or more items", "Add to the list."),
    "too_long": ("must have at most {max_length} items; this has {actual_length}", "Shorten the list."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "literal_error": ("must be one of {expected}", "Choose one of them; capital letters count."),
}
_CODES = {"extra_forbidden": "unknown_key"}
_OWN = "Value error, "


def findings(error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found, without the values that it found."""
    return error.errors(include_url=False, include_input=False)


def say(finding: Mapping[str, Any]) -> tuple[str, str, str]:
    """Message, hint and code for one of a ValidationError's findings; our own validators speak for themselves."""
    kind, context = str(finding["type"]), finding.get("ctx", {})
    if kind not in _WORDS:
        return str(finding["msg"]).removeprefix(_OWN), str(context.get("hint", "")), _CODES.get(kind, kind)
    message, hint = (text.format_map(context) for text in _WORDS[kind])
    return message, hint, _CODES.get(kind, kind)


def wrong(code: str, message: str, hint: str) -> PydanticCustomError:
    """The error for a validator of ours to raise."""
    return PydanticCustomError(code, "{message}", {"message": message, "hint": hint})


def path_of(place: Sequence[int | str], where: str = "") -> str:
    """A finding's place as a path, below the path `where`: `mediaItems[0].url`."""
    for part in place:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    return where
