"""Templates and static files. Loaded with the first page, so that a server without visitors stays small."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from importlib import resources
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from polypost import clock
from polypost.dashboard.catalogue import ENGLISH, phrase, several, words
from polypost.dashboard.options import label
from polypost.platforms.registry import connector
from polypost.posts.states import State, shown

OUTCOME_UNKNOWN = "outcome_unknown"
WORDS = {
    "draft": phrase("Draft"),
    "scheduled": phrase("Scheduled"),
    "publishing": phrase("Publishing"),
    "published": phrase("Published"),
    "partial": phrase("Partly published"),
    "failed": phrase("Failed"),
    "unknown": phrase("Unknown"),
}
# How far away an instant is: the size of a unit in seconds, and what is said of what comes and of what was.
_UNITS = (
    (86_400, phrase("in %(num)s d"), phrase("%(num)s d ago")),
    (3600, phrase("in %(num)s h"), phrase("%(num)s h ago")),
    (60, phrase("in %(num)s min"), phrase("%(num)s min ago")),
)
# What `strftime` would say in English, by how it is asked for.
NAMES = {
    "%A": (
        *(phrase("Monday"), phrase("Tuesday"), phrase("Wednesday"), phrase("Thursday")),
        *(phrase("Friday"), phrase("Saturday"), phrase("Sunday")),
    ),
    "%a": (
        *(phrase("Mon"), phrase("Tue"), phrase("Wed"), phrase("Thu")),
        *(phrase("Fri"), phrase("Sat"), phrase("Sun")),
    ),
    "%B": (
        *(phrase("January"), phrase("February"), phrase("March"), phrase("April")),
        *(phrase("May"), phrase("June"), phrase("July"), phrase("August")),
        *(phrase("September"), phrase("October"), phrase("November"), phrase("December")),
    ),
    "%b": (
        *(phrase("Jan"), phrase("Feb"), phrase("Mar"), phrase("Apr"), phrase("May"), phrase("Jun")),
        *(phrase("Jul"), phrase("Aug"), phrase("Sep"), phrase("Oct"), phrase("Nov"), phrase("Dec")),
    ),
}
# By what stands in a browser's name for itself; several do in most, and the first counts.
_BROWSERS = (
    *(("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome")),
    *(("CriOS/", "Chrome"), ("FxiOS/", "Firefox"), ("Safari/", "Safari")),
)
_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS X", "macOS"), ("Linux", "Linux")),
)
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


def rendered(visit: object, template: str, values: Mapping[str, Any], language: str = ENGLISH) -> str:
    """A template in a language, with what every page knows: the visit, and the words."""
    return _environment(language).get_template(template).render(visit=visit, **values)


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("polypost.dashboard"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    said, counted = partial(words, language=language), partial(several, language=language)
    environment.install_gettext_callables(said, counted, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    environment.globals |= {
        "static": _static,
        "network": connector,
        "words_of": {state: said(word) for state, word in WORDS.items()},
        "state_of": state_of,
        "state_of_post": state_of_post,
        "zone_options": zone_options,
        "dated": partial(dated, language=language),
    }
    environment.filters |= {
        "words": said,
        "at": partial(at, language=language),
        "ago": partial(ago, language=language),
        "wall": wall,
        "label": label,
        "browser": browser,
        "iso": clock.iso,
    }
    return environment


class OfTarget(Protocol):
    """What says which state a target is in."""

    @property
    def state(self) -> str: ...

    @property
    def error_code(self) -> str | None: ...


def state_of_post(status: str, of_targets: Iterable[OfTarget]) -> str:
    """The word for what a post is in, as pages show it: one that failed may be out where an answer was lost."""
    lost = status == State.FAILED and any(state_of(each) == "unknown" for each in of_targets)
    return "unknown" if lost else status


def state_of(target: OfTarget) -> str:
    """The word for what a target is in, as pages show it."""
    if target.state == State.UNKNOWN or (
        target.state == State.FAILED and target.error_code == OUTCOME_UNKNOWN
    ):
        return "unknown"
    word = shown(State(target.state))
    return "scheduled" if word == "pending" else word


@cache
def zone_options() -> Markup:
    """The time zones that are suggested: those of places, and UTC. They are the same in every page."""
    names = sorted(each for each in clock.zones() if "/" in each and not each.startswith("Etc/"))
    return Markup("").join(Markup("<option>{}").format(each) for each in [*names, "UTC"])


def _static(name: str) -> str:
    return f"/dashboard/static/{name}?v={static_files()[name].mark}"


def dated(day: date, form: str, language: str = ENGLISH) -> str:
    """A day or a wall time in a form of `strftime`, which catalogues may say in another order."""
    said = words(form, language)
    for code, names in NAMES.items():
        name = names[day.month - 1 if code in {"%B", "%b"} else day.weekday()]
        said = said.replace(code, words(name, language))
    return day.strftime(said)


def at(instant: datetime, zone: str = "UTC", language: str = ENGLISH) -> str:
    """An instant as a clock on the wall of a zone shows it: `Tue 9 Mar 2027, 09:00`."""
    return dated(instant.astimezone(ZoneInfo(zone)), "%a %-d %b %Y, %H:%M", language)


def browser(agent: str) -> str:
    """What a browser calls itself in few words: `Firefox · Windows`; all of it where that is not known."""
    found = [next((word for sign, word in signs if sign in agent), "") for signs in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, found)) if found[0] else agent


def wall(instant: datetime, zone: str) -> str:
    """An instant as fields for an hour have it: `2027-03-09T09:00`."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def ago(instant: datetime, language: str = ENGLISH) -> str:
    """How far away an instant is, in one unit: `in 3 h`, `5 min ago`."""
    seconds = (instant - clock.now()).total_seconds()
    for size, ahead, gone in _UNITS:
        if abs(seconds) >= size:
            return words(ahead if seconds > 0 else gone, language) % {"num": f"{abs(seconds) / size:.0f}"}
    return words("now", language)
