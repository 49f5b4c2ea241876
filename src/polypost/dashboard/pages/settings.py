"""Settings of a project: what its owners and the server's operator may change, and what the server was started with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from polypost import __version__, access
from polypost.access import people
from polypost.access.service import DEDUPE_SECONDS
from polypost.bulk import uploads as bulk
from polypost.dashboard.catalogue import phrase
from polypost.dashboard.saying import Mistyped, sentences
from polypost.dashboard.web import HOME, Page, Visit
from polypost.errors import ApiError, Conflict, InvalidRequest, Problem
from polypost.integrations import redirects
from polypost.settings import PREFIX, Kept

MOST_REDIRECTS = 100
# What the server was started with and everybody may know. Nothing else of the settings is ever shown.
SHOWN = (
    "public_url",
    "publish_wait_seconds",
    "attempts",
    "attempt_hours",
    "late_grace_hours",
    "horizon_days",
    "media_fit",
    "keep_media_metadata",
    "media_bytes",
    "prices",
    "rate_limit_per_minute",
    "webhook_retry_at",
    "webhook_timeout_seconds",
)
KEPT: tuple[tuple[str, Callable[[Kept], timedelta | None]], ...] = (
    (phrase("Posts, accounts, credits spent, what people did"), lambda _: None),
    (phrase("A post's timeline and events, after it ended"), lambda kept: kept.history),
    (phrase("Posts that were deleted"), lambda kept: kept.deleted),
    (
        phrase("Files that a post uses, after it ended, and uploaded files that no post names"),
        lambda kept: kept.media,
    ),
    (phrase("Files of many posts, with their verdicts, after they ended"), lambda _: bulk.KEPT),
    (phrase("Deliveries of webhooks and e-mails, after they ended"), lambda kept: kept.deliveries),
    (phrase("Idempotency keys, or as long as their post waits"), lambda kept: kept.keys),
    (phrase("Requests to the API"), lambda kept: kept.requests),
    (phrase("Sessions of people, after they were last seen"), lambda _: people.IDLE),
)
_FIELDS = {
    "name": "",
    "credits": phrase("Credits"),
    "monthly": phrase("Credits a month"),
    "dedupe": phrase("Seconds"),
    "uri": phrase("Address"),
}


async def settings(visit: Visit) -> Response:
    """The project, its forms, and what holds on this server."""
    return await _page(visit, done=visit.asked("done") == "changed")


async def rename(visit: Visit) -> Response:
    """Another name for the project; the names of all projects of a server differ, so only its operator knows them."""
    name = visit.said("name")
    return await _change(visit, "name", lambda db: access.rename_project(db, visit.here.id, name), name=name)


async def limit(visit: Visit) -> Response:
    """What the project may spend."""
    try:
        credits, monthly = _whole(visit, "credits"), _whole(visit, "monthly")
    except InvalidRequest as error:
        return await _page(visit, error.status, wrong={"credits": error})
    if credits is not None and monthly is None and visit.here.monthly_credits is not None:
        monthly = 0
    return await _set(
        visit, "credits", credits="unlimited" if credits is None else credits, monthly_credits=monthly
    )


async def dedupe(visit: Visit) -> Response:
    """Within which time an equal body is the same post."""
    try:
        seconds = _whole(visit, "dedupe") or 0
    except InvalidRequest as error:
        return await _page(visit, error.status, wrong={"dedupe": error})
    return await _set(visit, "dedupe", dedupe_window_seconds=seconds)


async def disable(visit: Visit) -> Response:
    """Refuse all keys of the project and show it to nobody; what is scheduled still goes out."""
    return await _set(visit, "disable", disabled=True)


async def allow(visit: Visit) -> Response:
    """Another address to which people may be sent after they connected an account."""
    uri, project_id = visit.said("uri").strip(), visit.here.id
    return await _change(
        visit, "uri", lambda db: redirects.allow_redirect(db, project_id, uri), "redirect_allowed", uri=uri
    )


async def forget(visit: Visit) -> Response:
    """One such address less."""
    uri, project_id = visit.said("uri"), visit.here.id
    return await _change(
        visit, "uri", lambda db: redirects.forget_redirect(db, project_id, uri), "redirect_forgotten", uri=uri
    )


async def _set(visit: Visit, form: str, **values: Any) -> Response:
    return await _change(visit, form, lambda db: access.change_project(db, visit.here.id, **values), **values)


async def _change(
    visit: Visit, form: str, act: Callable[[Connection], object], what: str = "project_changed", **detail: Any
) -> Response:
    """Do what a form asks for, and note it; what is wrong is said beside the form."""

    def write(db: Connection) -> None:
        act(db)
        given = {name: value for name, value in detail.items() if value is not None}
        people.note(db, what, person_id=visit.person.id, project_id=visit.here.id, **given)

    try:
        await visit.services.store.write(write)
    except (InvalidRequest, Conflict) as error:
        return await _page(visit, error.status, wrong={form: error})
    return visit.go(f"{HOME}/" if detail.get("disabled") else visit.url("settings", done="changed"))


def _whole(visit: Visit, name: str) -> int | None:
    """A whole number of the form; None for an empty field. Raises InvalidRequest."""
    said = visit.said(name).strip()
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= 12):
        hint = visit.words("Write it in digits, without points or spaces.")
        raise Mistyped([Problem(name, visit.words("is no whole number"), hint)])
    return int(said)


async def _page(
    visit: Visit, status: int = 200, *, wrong: Mapping[str, ApiError] | None = None, done: bool = False
) -> Response:
    project_id, started = visit.here.id, visit.services.settings
    allowed = await visit.services.store.read(lambda db: redirects.list_redirects(db, project_id))
    described = type(started).model_fields
    return visit.page(
        "settings.html",
        status,
        given={name: visit.said(name) for name in _FIELDS} if wrong else None,
        wrong={form: sentences(error, visit, _FIELDS) for form, error in (wrong or {}).items()},
        done=done,
        redirects=allowed[:MOST_REDIRECTS],
        more_redirects=max(0, len(allowed) - MOST_REDIRECTS),
        most_seconds=DEDUPE_SECONDS,
        base=visit.base,
        version=__version__,
        kept=[(visit.words(what), _lasts(visit, how_long(started.kept))) for what, how_long in KEPT],
        started=[
            (
                f"{PREFIX}{name.upper()}",
                (described[name].description or "").replace("`", ""),
                *_value(visit, getattr(started, name)),
            )
            for name in SHOWN
        ],
        place="settings",
    )


def _lasts(visit: Visit, how_long: timedelta | None) -> str:
    if how_long is None:
        return visit.words("as long as the project")
    if how_long % timedelta(days=1):
        hours = how_long // timedelta(hours=1)
        return visit.several("%(num)d hour", "%(num)d hours", hours) % {"num": hours}
    return visit.several("%(num)d day", "%(num)d days", how_long.days) % {"num": how_long.days}


def _value(visit: Visit, value: Any) -> tuple[str, bool]:
    """A setting's value, and whether it is said in words of ours."""
    if value is None or value in ((), {}):
        return visit.words("not set"), True
    if isinstance(value, bool):
        return visit.words("yes") if value else visit.words("no"), True
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items()), False
    if isinstance(value, tuple):
        return ", ".join(_value(visit, each)[0] for each in value), False
    return f"{value:g}" if isinstance(value, float) else str(value), False


PAGES = (
    Page("GET", "/{project}/settings", settings, "owner"),
    Page("POST", "/{project}/settings/name", rename, "owner", operator=True),
    Page("POST", "/{project}/settings/credits", limit, "owner", operator=True),
    Page("POST", "/{project}/settings/dedupe", dedupe, "owner"),
    Page("POST", "/{project}/settings/disable", disable, "owner", operator=True, sure=True),
    Page("POST", "/{project}/settings/redirects", allow, "owner"),
    Page("POST", "/{project}/settings/redirects/forget", forget, "owner"),
)
