"""The rules, the dashboard and the scrape of `deploy/monitoring` speak of metrics and labels that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from polypost.observability import metrics as _every_family  # noqa: F401  # so that every family is known
from polypost.observability.families import Family, Histogram
from tests.docs import sources

FOLDER = sources.ROOT / "deploy" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "polypost.rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# Added by Prometheus itself, or by the writer of a histogram.
OF_PROMETHEUS = {"instance", "job", "le"}
MONITOR = (sources.ROOT / "docs" / "how-to" / "monitor.md").read_text()


def selectors(node: Any) -> Iterator[Any]:
    """The vector selectors in an expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        child = getattr(node, name, None)
        if child is not None and not isinstance(child, str):
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


def check(expression: str) -> None:
    """Every name and label of the expression is one of ours."""
    said = expression.replace("$__rate_interval", "5m").replace("$instance", ".*")
    found = list(selectors(promql_parser.parse(said)))
    assert found, expression
    labels: set[str] = set(OF_PROMETHEUS)
    for selector in found:
        if selector.name == "up":
            continue
        family = (
            Family.all.get(selector.name) or Family.all[re.sub(r"_(bucket|sum|count)$", "", selector.name)]
        )
        assert isinstance(family, Histogram) == (family.name != selector.name), selector.name
        labels |= set(family.labels)
        assert {each.name for each in selector.matchers.matchers} <= labels, expression
    grouped = {
        name.strip() for each in re.findall(r"\bby \(([^)]*)\)", expression) for name in each.split(",")
    }
    assert grouped <= labels, expression


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_rules(rule: dict[str, Any]) -> None:
    check(rule["expr"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "action"}
    assert f"`{rule['alert']}`" in MONITOR


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        check(target["expr"])


def test_the_dashboard_is_whole() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)


def test_the_scrape_reads_the_rules() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert config["rule_files"] == ["polypost.rules.yml"]
    assert [job["job_name"] for job in config["scrape_configs"]] == ["polypost"]
