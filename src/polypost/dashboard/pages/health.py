"""How the server is, in words: what readiness asks, and what to do where something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.responses import Response

from polypost.dashboard.web import Page, Visit

WELL, WARNED, WRONG = "active", "warned", "failed"
# Posts that are due wait for a moment; from here on it is said.
OVERDUE_SECONDS = 60.0


class Finding(NamedTuple):
    """What one check says: its state, what it is about, how it is, and what to do, empty where there is nothing."""

    state: str
    about: str
    said: str
    todo: str = ""


async def health(visit: Visit) -> Response:
    """All checks; for the mark that stands on every page, the worst of them."""
    reports = {name: await check() for name, check in visit.services.health.items()}
    found = findings(visit, reports)
    states = {each.state for each in found}
    worst = next((state for state in (WRONG, WARNED) if state in states), WELL)
    words = {
        WELL: visit.words("All is well"),
        WARNED: visit.words("Worth a look"),
        WRONG: visit.words("Trouble"),
    }
    template = "health_mark.html" if visit.partial else "health.html"
    curl = f"curl {visit.base}/healthz/ready"
    return visit.page(template, found=found, worst=worst, words=words, curl=curl, place="health")


def findings(visit: Visit, reports: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """What the checks say, in words; a check without words of its own says its reason."""
    said = {"store": _store, "worker": _worker, "load": _load, "time": _time, "networks": _networks}
    return [
        said[name](visit, report)
        if name in said
        else Finding(WELL if report["ok"] else WRONG, name, report.get("reason", ""))
        for name, report in reports.items()
    ]


def _store(visit: Visit, report: Mapping[str, Any]) -> Finding:
    words, about = visit.words, visit.words("Store")
    if report["ok"]:
        return Finding(WELL, about, words("It accepts changes."))
    return Finding(
        WRONG,
        about,
        report["reason"],
        words(
            "New posts are refused meanwhile; what was accepted is kept. Look at the disk, or at the database, and at the server's log."
        ),
    )


def _worker(visit: Visit, report: Mapping[str, Any]) -> Finding:
    words, about = visit.words, visit.words("Workers")
    if not report["ok"]:
        # A held store says itself what is to be done, and accepts nothing.
        then = "" if report.get("held") else words("Posts are accepted meanwhile and go out afterwards.")
        return Finding(WRONG, about, report["reason"], then)
    seconds = round(report["lastHeardSeconds"])
    if seconds < 2:
        return Finding(WELL, about, words("One was heard a moment ago."))
    return Finding(WELL, about, words("One was heard %(num)s seconds ago.") % {"num": seconds})


def _load(visit: Visit, report: Mapping[str, Any]) -> Finding:
    words, about = visit.words, visit.words("Posts that are due")
    if "overdue" not in report:
        return Finding(WARNED, about, words("The store cannot be asked how many wait."))
    count, seconds = report["overdue"], report["overdueSeconds"]
    if seconds < OVERDUE_SECONDS:
        return Finding(WELL, about, words("None waits longer than it should."))
    waits = visit.several(
        "%(num)s waits, for %(since)s s by now.",
        "%(num)s wait, the first for %(since)s s by now.",
        count,
    )
    return Finding(
        WARNED,
        about,
        waits % {"num": count, "since": f"{seconds:,.0f}"},
        words(
            "Each post's page says what it waits for. Where it is a worker, start another `polypost worker`, or wait until the rush is over."
        ),
    )


def _time(visit: Visit, report: Mapping[str, Any]) -> Finding:
    about = visit.words("Time")
    zones = visit.words("Time zone data: release %(release)s.") % {"release": report["tzdata"]}
    if report["ok"]:
        return Finding(WELL, about, visit.words("The clock is right.") + f" {zones}")
    return Finding(WRONG, about, report["reason"])


def _networks(visit: Visit, report: Mapping[str, Any]) -> Finding:
    about, warnings = visit.words("API versions of the networks"), report.get("warnings", ())
    if silent := report.get("notAnswering"):
        said = visit.words("Nobody answers at %(networks)s.") % {"networks": ", ".join(silent)}
        todo = visit.words(
            "Their posts wait and are tried again by themselves; look at the network's status page."
        )
        return Finding(WARNED, visit.words("Networks"), f"{said} {' '.join(warnings)}".rstrip(), todo)
    if warnings:
        return Finding(WARNED, about, " ".join(warnings))
    return Finding(WELL, about, visit.words("None of the versions used here ends soon."))


PAGES = (Page("GET", "/{project}/health", health, "viewer"),)
