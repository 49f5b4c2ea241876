"""The dashboard's catalogues: what stands in templates and code as `polypost.pot`, and each language's file brought to it.

`make docs` writes them. A folder named like a language (`locale/de`) is a language: it gets a `polypost.po` to be filled
in, which keeps what is translated, and the `polypost.mo` that the server reads.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import chain, product
from pathlib import Path

from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from polypost.approvals.asking import ACTS
from polypost.dashboard.catalogue import FILE
from polypost.dashboard.options import Field, fields_of, label
from polypost.platforms.registry import connectors

ROOM = Path(__file__).parent.parent / "src" / "polypost" / "dashboard"
FOLDER = ROOM / "locale"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OPTIONS = {"**.html": {"silent": "false", "newstyle_gettext": "true"}}
# By name, where the text stands among what a call is given.
CALLS = {
    **dict.fromkeys(("_", "gettext", "words", "phrase"), None),
    **dict.fromkeys(("ngettext", "several"), (1, 2)),
    "dated": (2,),
}
# The rooms that write into the log of what was done.
ACTING = ("access", "cli", "dashboard")
# By name, where a call has what it notes in that log.
NOTING = {"note": (2,), "_note": (3,), "_changed": (2,), "_change": (4,)}
# The rooms whose links end: who follows one reads no API, so what is said of that is translated.
LINKING = ("access", "approvals")


def template() -> Catalog:
    """All that the dashboard says."""
    catalog = _empty()
    for file, _, text, _, _ in extract_from_dir(ROOM, METHODS, OPTIONS, CALLS):
        catalog.add(text, locations=[(f"src/polypost/dashboard/{file}", 1)])
    for network in connectors():
        place = [(f"src/polypost/platforms/{network.spec.id}", 1)]
        limits = ((name.replace("_", " "), limit.unit) for name, limit in network.spec.limits.items())
        for text in (*_of_network(fields_of(network.spec.id)), *network.spec.post_kinds, *chain(*limits)):
            catalog.add(text, locations=place)
    for room in ACTING:
        for file, _, act, _, _ in extract_from_dir(ROOM.parent / room, METHODS[:1], keywords=NOTING):
            catalog.add(act.replace("_", " "), locations=[(f"src/polypost/{room}/{file}", 1)])
    for act in ACTS.values():
        catalog.add(act.replace("_", " "), locations=[("src/polypost/approvals/asking.py", 1)])
    for room, argument in product(LINKING, (1, 3)):
        for file, _, said, _, _ in extract_from_dir(
            ROOM.parent / room, METHODS[:1], keywords={"Gone": (argument,)}
        ):
            catalog.add(said, locations=[(f"src/polypost/{room}/{file}", 1)])
    return catalog


def _empty(locale: Locale | None = None) -> Catalog:
    # What is not said here, Babel fills in with words that somebody has to replace.
    plain = dict.fromkeys(("version", "msgid_bugs_address", "last_translator", "language_team"), " ")
    return Catalog(
        locale,
        project="Polypost",
        header_comment="# The words of Polypost's dashboard.",
        fuzzy=False,
        **plain,
    )


def _of_network(fields: Sequence[Field]) -> Iterator[str]:
    for field in fields:
        yield from filter(None, (field.label, field.hint, *map(label, field.choices)))
        yield from _of_network(field.fields)


def text_of(catalog: Catalog) -> bytes:
    """A catalogue as its file has it: without lines and days, which change with everything."""
    out = io.BytesIO()
    write_po(out, catalog, width=0, include_lineno=False, ignore_obsolete=True)
    lines = out.getvalue().decode().splitlines(keepends=True)
    days = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By')
    return "".join(line for line in lines if not line.startswith(days)).encode()


def compiled(catalog: Catalog) -> bytes:
    """A catalogue as the server reads it; what is not translated is not in it."""
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def files() -> dict[Path, bytes]:
    """The template, and both files of each language."""
    made = {FOLDER / "polypost.pot": text_of(template())}
    for place in sorted(each for each in FOLDER.glob("*") if each.is_dir()):
        locale = Locale.parse(place.name, sep="-")
        old = place / "polypost.po"
        catalog = _empty(locale)
        if old.exists():
            with old.open("rb") as file:
                catalog = read_po(file, locale=locale)
        catalog.update(template(), no_fuzzy_matching=True)
        made |= {old: text_of(catalog), place / FILE: compiled(catalog)}
    return made
