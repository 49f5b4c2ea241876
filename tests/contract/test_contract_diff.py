"""The server's document against the contract's: nothing that a caller of the contract would miss."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import pytest
from tools import contract

SHA256 = "7de1e5f7d211c2f5dccf6c32c468416653e19b8230ab79ff0585f293dd60cf6e"


@cache
def found() -> contract.Comparison:
    return contract.compare(*contract.load())


def both(theirs: dict[str, Any], ours: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What breaks between a schema of theirs and one of ours: sent to us, and answered by us."""
    one, own = (
        contract.Side(contract.Spec({"paths": {}}), theirs),
        contract.Side(contract.Spec({"paths": {}}), ours),
    )
    return list(contract.gaps(one, own, "x")), list(contract.gaps(own, one, "x"))


def test_the_contract_is_the_one_we_were_given() -> None:
    assert hashlib.sha256(contract.THEIRS.read_bytes()).hexdigest() == SHA256


def test_every_operation_is_served() -> None:
    assert sorted(found().missing) == []


def test_nothing_would_break() -> None:
    assert "\n".join(found().unexplained) == ""


def test_every_reason_is_needed() -> None:
    assert found().needless == []


def test_additions_are_seen() -> None:
    assert ("post", "/v1/posts/{postId}/retry") in found().operations
    assert "POST /v1/posts: header `Idempotency-Key`" in found().further
    assert "POST /v1/posts: body.platforms[youtube].platformSpecificData.privacyStatus" in found().further


TEXT = {"type": "string"}
OPEN = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
CLOSED = OPEN | {"additionalProperties": False}


@pytest.mark.parametrize(
    ("theirs", "ours", "sent", "answered"),
    [
        (TEXT, TEXT, 0, 0),
        (TEXT, {"type": ["string", "null"]}, 0, 1),
        ({"type": "string", "nullable": True}, TEXT, 1, 0),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]}, 0, 1),
        ({"anyOf": [{"const": "a"}, {"const": "b"}]}, {"enum": ["a", "b"]}, 0, 0),
        (TEXT, {"type": "string", "maxLength": 3}, 1, 0),
        ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 4}, 1, 0),
        ({"type": "integer"}, {"type": "number"}, 0, 1),
        (OPEN, CLOSED, 1, 0),
        (CLOSED, OPEN, 0, 1),
        (CLOSED, CLOSED | {"properties": {"a": TEXT, "b": TEXT}}, 0, 1),
        (CLOSED, CLOSED | {"properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]}, 1, 1),
        (OPEN, OPEN | {"required": []}, 0, 1),
        (
            {"type": "array", "items": TEXT},
            {"type": "array", "items": {"type": "string", "pattern": "a"}},
            1,
            0,
        ),
        (
            {"oneOf": [OPEN | {"properties": {"a": {"const": each}}} for each in "xy"]},
            {"oneOf": [OPEN | {"properties": {"a": {"const": each}}} for each in "xyz"]},
            0,
            1,
        ),
    ],
)
def test_the_comparison_sees_what_it_should(
    theirs: dict[str, Any], ours: dict[str, Any], sent: int, answered: int
) -> None:
    assert tuple(map(len, both(theirs, ours))) == (sent, answered)
