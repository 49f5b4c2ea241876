"""What pydantic finds wrong, in the API's words: what the value must be, and how to write it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from polypost.errors import Problem
from polypost.spelling import did_you_mean

# Nobody reads more, and an answer must not be larger than what it answers.
MOST_PROBLEMS = 200
# To look for the word that was meant takes a good part of a millisecond.
_MOST_MEANT = 20

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
_OBJECTS = frozenset({"model_type", "model_attributes_type"})
_OF_A_KEY = frozenset({"missing", "extra_forbidden"})
_OWN = "Value error, "
_CHOICE = re.compile(r"'([^']*)'")


def findings(error: ValidationError) -> list[ErrorDetails]:
    """What pydantic found; to be called once for an error, as it makes all of them anew."""
    return error.errors(include_url=False)


class Meant(NamedTuple):
    """What those that write a body mean by other words, in plain words: for keys, and for values.

    `elsewhere` says where a key that is wrong here belongs, or nothing.
    """

    keys: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    elsewhere: Callable[[str], str] = lambda _: ""


def problems(
    found: Iterable[Mapping[str, Any]],
    model: type[BaseModel] | None,
    where: str = "",
    *,
    whose: str = "It",
    meant: Meant = Meant(),  # noqa: B008  # it cannot be changed
) -> list[Problem]:
    """Pydantic's findings in a value for `model` that stands at the path `where`, in the contract's paths and words.

    Hints name what was meant, and once for each object the keys that it takes, which are those of `whose`.
    """
    told: set[tuple[str, ...]] = set()
    problems = []
    for at, finding in enumerate(found):
        message, hint, code = say(finding)
        if at < _MOST_MEANT:
            hint = _hint(finding, model, whose, meant, told) or hint
        problems.append(Problem(path_of(finding["loc"], where), message, hint, code))
    return problems


def _hint(
    finding: Mapping[str, Any],
    model: type[BaseModel] | None,
    whose: str,
    meant: Meant,
    told: set[tuple[str, ...]],
) -> str:
    """What mends this; empty where the usual hint does."""
    kind, place = finding["type"], finding["loc"]
    if kind == "literal_error" and isinstance(finding["input"], str):
        choices = _CHOICE.findall(finding["ctx"]["expected"])
        return did_you_mean(finding["input"], choices, meant.values)
    if model is None:
        return ""
    if kind in _OBJECTS:
        required = [key for key, field in _fields_at(model, place).items() if field.is_required()]
        return f"Write an object with {' and '.join(required)}: {{…}}." if required else ""
    hints: list[str] = []
    if kind in _OF_A_KEY:
        fields = _fields_at(model, place[:-1])
        key, known = str(place[-1]), tuple(fields)
        if kind == "missing" and key in fields and fields[key].description:
            hints = [f"Add this key. {fields[key].description}"]
        elif kind == "extra_forbidden" and known:
            hints = [did_you_mean(key, known, meant.keys) or meant.elsewhere(key)]
            if known not in told:
                told.add(known)
                hints.append(f"{whose} takes {', '.join(known)}.")
    return " ".join(filter(None, hints))


def _fields_at(model: type[BaseModel], place: Sequence[int | str]) -> dict[str, FieldInfo]:
    """The fields of the object at a place in what a model describes, by key; none where that is not known."""
    for part in place:
        if isinstance(part, str):
            field = _by_key(model).get(part)
            inner = next(_models(field.annotation), None) if field is not None else None
            if inner is None:
                return {}
            model = inner
    return _by_key(model)


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation such as `list[Item] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


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
