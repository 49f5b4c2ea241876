"""Where a browser may be sent after connecting: only to what the project has listed, letter by letter (K3)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, select

from polypost.errors import InvalidRequest, Problem
from polypost.integrations.addresses import origin
from polypost.integrations.tables import redirect_allowlist
from polypost.outbound.guard import LOOPBACK
from polypost.storage import insert_new

URI_CHARACTERS = 2048
# Browsers read a backslash as a slash and drop what stands before an "@": neither may decide about the host.
_REST = r"(?:[/?][!\"$-\[\]-~]*)?"
_DEVELOPMENT = re.compile(rf"https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{{1,5}})?{_REST}", re.ASCII)
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_ABSOLUTE = re.compile(rf"https?://{_HOST}{_REST}", re.ASCII)


def allow_redirect(db: Connection, project_id: str, uri: str) -> None:
    """Let the project's connect requests end at `uri`. Raises InvalidRequest."""
    if len(uri) > URI_CHARACTERS or not _ABSOLUTE.fullmatch(uri) or not origin(uri)[1]:
        hint = "Use an absolute http or https address without user name and fragment."
        raise InvalidRequest([Problem("uri", "This is not an address a browser can be sent to.", hint)])
    insert_new(db, redirect_allowlist, {"project_id": project_id, "uri": uri})


def forget_redirect(db: Connection, project_id: str, uri: str) -> None:
    """Take `uri` off the list; taking off what is not there is a success."""
    db.execute(
        delete(redirect_allowlist).where(
            redirect_allowlist.c.project_id == project_id, redirect_allowlist.c.uri == uri
        )
    )


def list_redirects(db: Connection, project_id: str) -> list[str]:
    """The addresses the project allows, in alphabetical order."""
    query = select(redirect_allowlist.c.uri).where(redirect_allowlist.c.project_id == project_id)
    return sorted(db.execute(query).scalars())


def redirect_problems(
    allowed: list[str], public_url: str, *, loopback: bool = False, **asked: str | None
) -> list[Problem]:
    """What is wrong with the asked redirect addresses, given by parameter name.

    Those of this server are always taken, those of the machine itself with `loopback`, and by a server at a loopback
    address without a list.
    """
    development = loopback or (not allowed and urlsplit(public_url).hostname in LOOPBACK)
    problems = []
    for path, uri in asked.items():
        if uri is None or uri in allowed or (development and _DEVELOPMENT.fullmatch(uri)):
            continue
        if uri.startswith(f"{public_url.rstrip('/')}/") and _ABSOLUTE.fullmatch(uri):
            continue
        problems.append(
            Problem(
                path,
                "This address is not on the project's list of redirect addresses.",
                "An owner adds it, letter by letter, under Settings at the dashboard, or by "
                "`polypost integrations allow-redirect ADDRESS --project NAME`.",
                "redirect_not_allowed",
            )
        )
    return problems
