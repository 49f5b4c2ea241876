"""The pytest plugin, as somebody else's tests use it, and the recipes of the page about it."""

from __future__ import annotations

import re

import pytest

from tests.docs import sources

pytest_plugins = ["pytester"]
PAGE = "docs/how-to/test-with-the-sandbox.md"
_RECIPE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_recipe_works_as_printed(pytester: pytest.Pytester) -> None:
    (recipe,) = _RECIPE.findall((sources.ROOT / PAGE).read_text(encoding="utf-8"))
    pytester.makepyfile(recipe)
    outcomes = pytester.runpytest_subprocess("-p", "no:cacheprovider").parseoutcomes()
    assert outcomes == {"passed": 3}


def test_one_that_runs_can_be_named_and_one_that_does_not_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(polypost_sandbox): pass")
    result = pytester.runpytest_subprocess("--polypost-sandbox", "http://127.0.0.1:9")
    assert result.parseoutcomes() == {"errors": 1}
    result.stdout.fnmatch_lines(["*ConnectError*"])
