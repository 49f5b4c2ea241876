"""Templates, words and static files. Loaded with the first page, so that a server without visitors stays small."""

from __future__ import annotations

import gettext
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from polypost import clock
from polypost.platforms.registry import connector
from polypost.posts.states import State, shown
from polypost.posts.tables import TargetRow

# English is what stands in templates and code; a catalogue of another language takes its place.
_CATALOGUE = gettext.NullTranslations()
OUTCOME_UNKNOWN = "outcome_unknown"
WORDS = {
    "draft": _CATALOGUE.gettext("Draft"),
    "scheduled": _CATALOGUE.gettext("Scheduled"),
    "publishing": _CATALOGUE.gettext("Publishing"),
    "published": _CATALOGUE.gettext("Published"),
    "partial": _CATALOGUE.gettext("Partly published"),
    "failed": _CATALOGUE.gettext("Failed"),
    "unknown": _CATALOGUE.gettext("Unknown"),
}
_MIMES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that pages load; `mark` changes with it."""

    body: bytes
    packed: bytes
    mime: str
    mark: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """The files beside the templates, by name."""
    found = {}
    for entry in resources.files("polypost.dashboard").joinpath("static").iterdir():
        ending = entry.name.rpartition(".")[2]
        if ending in _MIMES:
            body = entry.read_bytes()
            mark = hashlib.sha256(body).hexdigest()[:12]
            found[entry.name] = StaticFile(body, gzip.compress(body, 9, mtime=0), _MIMES[ending], mark)
    return found


def words(text: str) -> str:
    """A sentence as the catalogue has it."""
    return _CATALOGUE.gettext(text)


def several(one: str, many: str, count: int) -> str:
    """A sentence about one thing or several, as the catalogue has it."""
    return _CATALOGUE.ngettext(one, many, count)


def rendered(visit: object, template: str, values: Mapping[str, Any]) -> str:
    """A template with what every page knows: the visit, and the words."""
    return _environment().get_template(template).render(visit=visit, **values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("polypost.dashboard"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(_CATALOGUE, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    environment.globals |= {"static": _static, "network": connector, "words_of": WORDS, "state_of": state_of}
    environment.filters |= {"at": at, "ago": ago, "wall": wall, "iso": clock.iso}
    return environment


def state_of(target: TargetRow) -> str:
    """The word for what a target is in, as pages show it."""
    if target.state == State.UNKNOWN or (
        target.state == State.FAILED and target.error_code == OUTCOME_UNKNOWN
    ):
        return "unknown"
    word = shown(State(target.state))
    return "scheduled" if word == "pending" else word


def _static(name: str) -> str:
    return f"/dashboard/static/{name}?v={static_files()[name].mark}"


def at(instant: datetime, zone: str = "UTC") -> str:
    """An instant as a clock on the wall of a zone shows it: `Tue 9 Mar 2027, 09:00`."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def wall(instant: datetime, zone: str) -> str:
    """An instant as fields for an hour have it: `2027-03-09T09:00`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def ago(instant: datetime) -> str:
    """How far away an instant is, in one unit: `in 3 h`, `5 min ago`."""
    seconds = (instant - clock.now()).total_seconds()
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= size:
            count = f"{abs(seconds) / size:.0f} {unit}"
            return f"in {count}" if seconds > 0 else f"{count} ago"
    return "now"
