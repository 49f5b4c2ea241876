"""Requests that schemathesis makes from the server's own document, against a running world; what is found, one line each.

`python -m tests.contract.fuzz` does it on both stores: every boundary that the document names, then about `--cases`
requests at random. Exit status 1 when an answer is a 5xx that nobody documented, or contradicts the document.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import Status, events, from_schema
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER
from schemathesis.openapi.checks import UndefinedStatusCode

from tests import databases
from tests.processes import World

STORES = ("sqlite", "postgresql")
# A 400 with its problems is a right answer to many bodies that the document allows: accounts and texts are judged too.
CHECKS = {"positive_data_acceptance": {"enabled": False}, "not_a_server_error": {"enabled": False}}


LINE = 600


def _short(text: str) -> str:
    """A line that fits a screen: some bodies are half a megabyte."""
    return "\n".join(line if len(line) <= LINE else f"{line[:LINE]} …" for line in text.splitlines())


@dataclass
class Totals:
    """What came out of a run."""

    store: str
    statuses: Counter[int] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)
    undocumented: int = 0

    @property
    def requests(self) -> int:
        """Requests that were sent."""
        return self.statuses.total()

    @property
    def server_errors(self) -> int:
        """Answers that say it was the server."""
        return sum(times for status, times in self.statuses.items() if status >= 500)

    def lines(self) -> Iterable[str]:
        """The run in words."""
        yield (
            f"{self.store}: {self.requests} requests, {self.server_errors} answers of 500 or more, "
            f"{self.undocumented} undocumented, {len(self.findings)} findings"
        )
        yield "  " + ", ".join(f"{status}: {times}" for status, times in sorted(self.statuses.items()))
        for name, reproduce in sorted(self.findings.items()):
            yield f"  {name}"
            yield f"    {reproduce}"


def run(
    world: World,
    store: str,
    key: str,
    accounts: Mapping[str, str],
    *,
    examples: int,
    boundaries: bool,
    only: Iterable[str] = (),
    deterministic: bool = False,
    document: dict[str, Any] | None = None,
) -> Totals:
    """Send `examples` requests at random to each operation, and those at the `boundaries` of the document.

    `accounts` are ids by network, which bodies get that the document allows; `only` names operations; `document` is
    the one that the server serves unless it is given.
    """
    config = schemathesis.Config.from_dict(
        {
            "base-url": world.url,
            # Nobody waits for a network here.
            "headers": {"x-access-key": key, "Prefer": "respond-async"},
            "checks": CHECKS,
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples,
                "deterministic": deterministic,
                "database": "none",
                "no-shrink": True,
                # An unknown parameter means nothing, and the document says so in words.
                "allow-extra-parameters": False,
                # The key is in the headers above; requests without it are a check's own.
                "with-security-parameters": False,
            },
            "phases": {
                "examples": {"enabled": False},
                "coverage": {"enabled": boundaries},
                "fuzzing": {"enabled": examples > 0},
                "stateful": {"enabled": False},
            },
        }
    )
    schema = (
        schemathesis.openapi.from_url(f"{world.url}/openapi.json", config=config)
        if document is None
        else schemathesis.openapi.from_dict(document, config=config)
    )
    if names := list(only):
        schema = schema.include(operation_id=names)
    with _hooks(accounts):
        return _judged(schema, Totals(store))


@contextmanager
def _hooks(accounts: Mapping[str, str]) -> Iterator[None]:
    """Three of four good bodies name accounts that exist, so that what lies behind the shape is reached."""

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        part = case.meta.components.get(ParameterLocation.BODY) if case.meta else None
        if part is None or not part.mode.is_positive or not isinstance(case.body, dict):
            return
        sort = zlib.crc32(json.dumps(case.body, sort_keys=True).encode()) % 4
        if sort and "platforms" in case.body:
            _reach(case.body, accounts, now=sort == 1)
            # What is judged only would not be stored.
            (case.query or {}).pop("dryRun", None)
            # Cases share the document's example of a key, and one key is for one body.
            (case.headers or {}).pop("Idempotency-Key", None)

    def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
        # Too much is refused as too much, whatever else may be wrong with it; a dry run takes any body, to judge it.
        if response.status_code in {413, 414} and isinstance(failure, AcceptedNegativeData):
            return False
        dry = str((case.query or {}).get("dryRun", "")).lower() in {"true", "1"}
        return not (dry and isinstance(failure, AcceptedNegativeData))

    # The library knows these for all schemas or not at all.
    for hook in (before_call, filter_failure):
        schemathesis.hook(hook)
    try:
        yield
    finally:
        for hook in (before_call, filter_failure):
            GLOBAL_HOOK_DISPATCHER.unregister(hook)


def _reach(body: dict[str, Any], accounts: Mapping[str, str], *, now: bool) -> None:
    """Make a body one that is taken, as far as its network's options allow; the options stay as they are."""
    for entry in body["platforms"] or ():
        if isinstance(entry, dict) and entry.get("platform") in accounts:
            entry["accountId"] = accounts[entry["platform"]]
    if "content" in body:
        body["content"] = body["content"] or "Fuzz"
    for name in ("scheduledAt", "scheduledFor", "mediaItems"):
        body.pop(name, None)
    if "publishNow" in body:
        body["publishNow"] = now
    if not now:
        body["scheduledFor"] = (datetime.now(UTC) + timedelta(days=7)).isoformat()


def _judged(schema: Any, totals: Totals) -> Totals:
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(event.recorder, totals)
        elif isinstance(event, events.NonFatalError):
            totals.findings.setdefault(f"{event.label}: {event.info.title}", str(event.value)[:500])
        elif isinstance(event, events.FatalError):
            raise event.exception
    return totals


def _count(recorder: Any, totals: Totals) -> None:
    for case_id, interaction in recorder.interactions.items():
        status = interaction.response.status_code if interaction.response else 0
        totals.statuses[status] += 1
        if status == 500 and b"internal_error" in interaction.response.content:
            totals.findings.setdefault(f"{recorder.label}: a fault of the server", interaction.request.uri)
        for check in recorder.checks.get(case_id, ()):
            if check.status is not Status.FAILURE:
                continue
            failure = check.failure_info.failure
            totals.undocumented += isinstance(failure, UndefinedStatusCode)
            name = f"{failure.operation}: {failure.title}: {' '.join(failure.message.split())[:200]}"
            totals.findings.setdefault(name, check.failure_info.code_sample)


def main() -> int:
    """Both stores, each with a world of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000, help="requests at random on each store")
    parser.add_argument("--store", choices=STORES, action="append", help="only this one")
    parser.add_argument(
        "--operation", action="append", default=[], help="only this operationId; may be repeated"
    )
    asked = parser.parse_args()
    good = True
    with databases.server() as server, tempfile.TemporaryDirectory(prefix="polypost-fuzz-") as folder:
        for store in asked.store or STORES:
            url = databases.fresh_database(server) if store == "postgresql" else None
            env = {"POLYPOST_RATE_LIMIT_PER_MINUTE": "1000000"}
            world = World(Path(folder) / store, database_url=url, env=env)
            world.start()
            try:
                world.control("POST", "limits", json={"enforced": False})
                totals = _full(world, store, asked.cases, asked.operation)
            finally:
                world.stop()
            print("\n".join(_short(line) for line in totals.lines()), flush=True)
            good = good and not totals.findings
    return 0 if good else 1


def _full(world: World, store: str, cases: int, only: list[str]) -> Totals:
    with world.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    operations = len(only) or sum(len(methods) for methods in paths.values())
    examples = math.ceil(cases / operations)
    return run(world, store, world.key, world.accounts, examples=examples, boundaries=True, only=only)


if __name__ == "__main__":
    raise SystemExit(main())
