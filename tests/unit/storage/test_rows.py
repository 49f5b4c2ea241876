"""The classes by which rows are known say what their tables say."""

from __future__ import annotations

import inspect
import pkgutil
import re
from datetime import datetime
from importlib import import_module
from typing import Any, get_type_hints

import pytest
from sqlalchemy import Boolean, Column, Integer, String

import polypost
from polypost.storage import Instant, Json, metadata

KINDS = {Json: Any, Instant: datetime, Boolean: bool, Integer: int, String: str}
OF_TABLE = re.compile(r"A row of `(\w+)`\.")


def rows() -> list[type[Any]]:
    """Every class that says of which table it is a row."""
    names = [
        each.name
        for each in pkgutil.walk_packages(polypost.__path__, "polypost.")
        if each.name != "polypost.__main__"
    ]
    modules = [import_module(name) for name in names if name.endswith((".tables", ".outbox"))]
    found = [each for module in modules for each in vars(module).values() if inspect.isclass(each)]
    return [each for each in found if OF_TABLE.fullmatch(each.__doc__ or "")]


def kind(column: Column[Any]) -> Any:
    """What a column holds."""
    found = next(kind for of, kind in KINDS.items() if isinstance(column.type, of))
    return found | None if column.nullable and found is not Any else found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.__name__)
def test_a_row_has_the_columns_of_its_table(row: type[Any]) -> None:
    said = OF_TABLE.fullmatch(row.__doc__ or "")
    assert said is not None
    columns = metadata.tables[said[1]].columns
    assert get_type_hints(row) == {column.name: kind(column) for column in columns}
