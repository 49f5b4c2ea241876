"""The two pages the API itself shows: which accounts to connect, and how connecting ended."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from polypost.integrations import Integration
from polypost.platforms.base import Account
from polypost.platforms.registry import connector

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --accent: light-dark(#1f5fd6, #7fb0ff); --on-accent: light-dark(#fff, #0c1524); }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem; background: light-dark(#f7f7f8, #131417); color: light-dark(#1a1c20, #eceef1); }}
h1 {{ font-size: 1.25rem; }}
code {{ overflow-wrap: anywhere; }}
form, ul {{ display: grid; gap: .5rem; margin: 0; padding: 0; list-style: none; }}
label, li {{ padding: .75rem; border: 1px solid light-dark(#dcdfe4, #33373e); background: light-dark(#fff, #1b1d21); border-radius: .5rem; overflow-wrap: anywhere; }}
label {{ display: flex; gap: .75rem; align-items: center; cursor: pointer; }}
label:has(:checked) {{ border-color: var(--accent); outline: 1px solid var(--accent); }}
label span {{ min-width: 0; overflow-wrap: anywhere; }}
small {{ display: block; opacity: .7; }}
input {{ flex: none; width: 1.1rem; height: 1.1rem; accent-color: var(--accent); }}
button {{ font: inherit; padding: .65rem 1rem; margin-top: .5rem; border: 0; border-radius: .5rem; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; }}
.wrong {{ color: light-dark(#b91c1c, #fca5a5); }}
</style>
<h1>{title}</h1>
{text}
</html>
"""


def connected_page(platform: str, found: Sequence[Integration], error: str | None) -> str:
    """HTML that says which accounts are connected now, or what went wrong and what to do."""
    network = connector(platform)
    name = escape(network.spec.name if network else platform)
    if error is not None:
        return _PAGE.format(title=f"{name} was not connected", text=f"<p>{escape(error)}</p>")
    accounts = "".join(
        f"<li>{escape(each.display_name or each.username or each.platform_user_id or '')}<small>accountId: <code>{escape(each.id)}</code></small></li>"
        for each in found
    )
    text = f"<p>This server can publish there now. You can close this window.</p><ul>{accounts}</ul>"
    return _PAGE.format(title=f"{name} is connected", text=text)


def choice_page(platform: str, accounts: Sequence[Account], error: str | None, *, project: str) -> str:
    """HTML on which a person chooses which accounts of a login the project may use."""
    network = connector(platform)
    name = escape(network.spec.name if network else platform)
    rows = "".join(
        f'<label><input type="checkbox" name="account" value="{escape(each.id)}">'
        f"<span>{escape(each.name or each.username or each.id)}<small>{escape(_beside(each))}</small></span></label>"
        for each in accounts
    )
    wrong = f'<p class="wrong" role="alert">{escape(error)}</p>' if error else ""
    text = f"<p>Those that you choose can be used by <strong>{escape(project)}</strong> on this server.</p>"
    text += f'{wrong}<form method="post">{rows}<button>Connect</button></form>'
    return _PAGE.format(title=f"Which {name} accounts?", text=text)


def _beside(account: Account) -> str:
    """What tells an account from its namesakes."""
    return " · ".join(filter(None, (account.kind, account.username and f"@{account.username}", account.id)))
