"""The glossary has each term once, and what it points at is there; names that were given up do not come back."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pkgutil import resolve_name

import pytest

from tests.docs import sources

PAGE = sources.PACKAGE.parent.parent / "docs" / "explanation" / "glossary.md"
ROW = re.compile(r"\| ([^|]+) \| [^|]+ \| `(polypost[\w.]*)` \|")
TERMS = ROW.findall(PAGE.read_text(encoding="utf-8"))
GIVEN_UP = re.compile(
    r"_?(courier|parcel|spread|letters?|depot|keeper|speaking|handing|unanswered|fitting|patience|announce|"
    r"films?|pictures?|rings?|Ring|Said|Figures|Measures|Maker|Outages|Fitting|Courier|Parcel|Keeper)"
)


def test_each_term_stands_once_and_in_order() -> None:
    terms = [term for term, _ in TERMS]
    assert len(terms) > 30
    assert [term for term, count in Counter(terms).items() if count > 1] == []
    assert terms == sorted(terms)
    assert len(terms) == PAGE.read_text(encoding="utf-8").count("\n| ") - 2


@pytest.mark.parametrize(("term", "place"), TERMS)
def test_a_term_leads_to_its_code(term: str, place: str) -> None:
    assert resolve_name(place) is not None, term


def test_names_that_were_given_up_do_not_come_back() -> None:
    found: dict[str, set[str]] = {}
    for path, tree in sources.trees().items():
        place = path.relative_to(sources.PACKAGE).as_posix()
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
        names.add(path.stem)
        back = {name for name in names if GIVEN_UP.fullmatch(name)}
        if back:
            found[place] = back
    assert found == {}
