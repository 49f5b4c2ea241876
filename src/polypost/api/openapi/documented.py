"""What a route says of itself for the OpenAPI document: its answer, its body and the errors that are its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

F = TypeVar("F", bound=Callable[..., Any])
# The default of a key that an answer leaves out where there is nothing to say, and never shows as null.
Maybe: Any = Field(default=None)


class Shape(BaseModel):
    """Base of answers and their parts as the document shows them: further keys may come, so clients must bear them."""

    model_config = ConfigDict(extra="allow")


class ClosedShape(BaseModel):
    """Base of those few answers to which strict clients allow no further key."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Documented:
    """One route's own words. `errors` are statuses besides those that every route of its kind has.

    Every route has 400; one that needs a key also 401, 403, 429 and 503; one with a body 413. `also` holds its
    further answers: a model, or a sentence where the answer is no JSON. `query` has the parameters that the
    function reads without the framework, `texts` an example for each media type of a body that is a file of text, `takes` the request headers that change what it does. With `body_judged` any
    object is taken, and the answer says what is wrong with it.
    """

    answer: type[BaseModel] | None
    status: int
    body: type[BaseModel] | None
    body_required: bool
    body_judged: bool
    errors: Sequence[int]
    open: bool
    media_type: str
    also: Mapping[int, type[BaseModel] | str]
    query: type[BaseModel] | None
    takes: Sequence[str]
    body_type: str
    texts: Mapping[str, str]


def documented(
    answer: type[BaseModel] | None,
    *,
    status: int = 200,
    body: type[BaseModel] | None = None,
    body_required: bool = True,
    body_judged: bool = False,
    errors: Sequence[int] = (),
    open: bool = False,  # noqa: A002  # the contract's word for a path without a key
    media_type: str = "application/json",
    also: Mapping[int, type[BaseModel] | str] | None = None,
    query: type[BaseModel] | None = None,
    takes: Sequence[str] = (),
    body_type: str = "application/json",
    texts: Mapping[str, str] | None = None,
) -> Callable[[F], F]:
    """Mark a route's function with what it answers; stands under the router's own mark."""

    def mark(function: F) -> F:
        said = Documented(
            answer,
            status,
            body,
            body_required,
            body_judged,
            tuple(errors),
            open,
            media_type,
            dict(also or {}),
            query,
            tuple(takes),
            body_type,
            dict(texts or {}),
        )
        function.said = said  # type: ignore[attr-defined]  # a mark on a function
        return function

    return mark


def named(*names: str) -> WithJsonSchema:
    """For a text that is one of `names` in the document, while the function judges it: another one is a 404."""
    return WithJsonSchema({"type": "string", "enum": list(names)})
