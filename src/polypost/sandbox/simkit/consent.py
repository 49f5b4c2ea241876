"""The page on which a person lets an app in, and the way back to the app with a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from polypost.sandbox.simkit.accounts import Account
from polypost.sandbox.simkit.network import Network
from polypost.sandbox.simkit.pages import Pages

ACCOUNT = "sandbox_account"
DECISION = "sandbox_decision"
SHOWN_ACCOUNTS = 100
DENIED: Mapping[str, str] = {"error": "access_denied"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an app asks for at the authorize address."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None = None
    challenge: str | None = None
    method: str | None = None


async def consent(
    request: Request,
    net: Network,
    pages: Pages,
    asked: Asked,
    *,
    lifetime: timedelta,
    denied: Mapping[str, str] = DENIED,
    fragment: str = "",
    code_for: Callable[[Account], str] | None = None,
) -> Response:
    """Show the page (GET) or act on the choice made there (POST), leading back to the app.

    Without a browser: add `sandbox_decision=approve` (or `deny`) to the query, and `sandbox_account=<id or username>`
    to choose another account than the first. The form posts to the same address, so the network's own parameters stay.
    """
    if unsafe_redirect(asked.redirect_uri):
        return pages.missing("The redirect address of this app cannot be used.")
    answers = dict(request.query_params)
    if request.method == "POST":
        answers.update({k: v for k, v in (await request.form()).items() if isinstance(v, str)})
    decision = answers.get(DECISION)
    accounts = net.accounts.all(SHOWN_ACCOUNTS)
    if decision is None:
        return pages.render(
            "consent.html", asked=asked, accounts=accounts, title=f"Allow access — {pages.look.name}"
        )
    back = {} if asked.state is None else {"state": asked.state}
    if decision != "approve":
        return _redirect(asked.redirect_uri, {**denied, **back}, "")
    wanted = answers.get(ACCOUNT) or accounts[0].id
    chosen = net.accounts.get(wanted) or net.accounts.by_username(wanted)
    if chosen is None:
        return pages.missing("There is no such account in the sandbox.")
    code = code_for(chosen) if code_for else net.codes.issue(
        account_id=chosen.id,
        client_id=asked.client_id,
        redirect_uri=asked.redirect_uri,
        scopes=asked.scopes,
        challenge=asked.challenge,
        method=asked.method,
        lifetime=lifetime,
    )  # fmt: skip
    return _redirect(asked.redirect_uri, {**back, "code": code}, fragment)


def unsafe_redirect(uri: str) -> bool:
    """Whether a redirect address is none, or one that would run code in the browser."""
    return urlsplit(uri).scheme.lower() in {"", "javascript", "data", "vbscript"}


def _redirect(uri: str, values: Mapping[str, str], fragment: str) -> Response:
    parts = urlsplit(uri)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *values.items()])
    return RedirectResponse(parts._replace(query=query, fragment=fragment).geturl(), 302)
