"""The hour that somebody means, and what is wrong with it (RELIABILITY §7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from polypost import clock
from polypost.errors import Problem
from polypost.intake.bodies import CreateBody, EditBody, LateBody
from polypost.posts.orders import SKIP, Late, When


def when_of(body: EditBody, horizon: timedelta) -> tuple[When | None, list[Problem]]:
    """When a post is to go out, None for now and for an edit that leaves the hour, and what is wrong with that."""
    problems = []
    said = body.scheduledFor if body.scheduledFor is not None else body.scheduledAt
    name = "scheduledFor" if body.scheduledFor is not None or body.scheduledAt is None else "scheduledAt"
    if None not in {body.scheduledFor, body.scheduledAt} and body.scheduledFor != body.scheduledAt:
        problems.append(
            Problem(
                "scheduledAt", "differs from scheduledFor", "Send scheduledFor alone.", "conflicting_times"
            )
        )
    now_asked = isinstance(body, CreateBody) and body.publishNow is True
    if (unknown := unknown_zone(body.timezone)) is not None:
        problems.append(unknown)
    elif said is not None:
        when, wrong = resolve(said, body.timezone, horizon, name)
        if wrong is None and when is not None and not now_asked:
            return when, problems
        problems.extend([wrong] if wrong else [])
    if now_asked and said is not None:
        problems.append(
            Problem(
                "publishNow",
                "cannot be true together with scheduledFor",
                "Send one of the two.",
                "conflicting_times",
            )
        )
    if not now_asked and said is None and isinstance(body, CreateBody):
        problems.append(
            Problem(
                "publishNow",
                "is required unless scheduledFor is given",
                "Send publishNow: true or scheduledFor.",
                "no_time",
            )
        )
    return None, problems


def late_of(body: LateBody, grace: timedelta) -> tuple[Late | None, list[Problem]]:
    """What becomes of a post whose hour has passed, None where the body does not say, and what is wrong with that."""
    if body.late is None and body.lateAfter is None:
        return None, []
    problems, most = [], int(grace.total_seconds())
    if body.late is None:
        hint = "Send late: skip with it, or leave it out."
        problems.append(Problem("late", "is required with lateAfter", hint, "no_late"))
    if body.late == SKIP and body.lateAfter is None:
        hint = "Say after how many seconds it shall not go out any more."
        problems.append(Problem("lateAfter", "is required with late: skip", hint, "no_late"))
    if body.lateAfter is not None and body.lateAfter > most:
        said, hint = f"must be at most {most}", "That is the server's late grace, in seconds."
        problems.append(Problem("lateAfter", said, hint, "less_than_equal"))
    return Late(body.late, body.lateAfter) if body.late is not None and not problems else None, problems


def unknown_zone(name: str | None) -> Problem | None:
    """What is wrong with the name of a time zone; None when nothing is."""
    if name is None or clock.valid_zone(name):
        return None
    meant = clock.zone_meant(name)
    hint = f"Did you mean {meant}?" if meant else "Use a name such as Europe/Berlin or UTC."
    return Problem("timezone", "is not a time zone of the IANA database", hint, "unknown_zone")


def resolve(
    said: str, timezone: str | None, horizon: timedelta, path: str
) -> tuple[When | None, Problem | None]:
    """The instant a user means, or what is wrong with it (RELIABILITY §7)."""
    if (unknown := unknown_zone(timezone)) is not None:
        return None, unknown
    now: datetime = clock.now()
    try:
        resolved = clock.resolve(said, timezone)
        instant = clock.check_window(resolved.instant, now, horizon)
    except clock.BadTime as bad:
        return None, Problem(path, bad.message, bad.hint, "bad_time")
    local = resolved.local.isoformat() if resolved.local is not None else None
    return When(instant, resolved.zone, local, resolved.note), None
