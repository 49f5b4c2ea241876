"""The one page the API itself shows: how connecting an account ended, when nobody asked to be sent elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from polypost.integrations import Integration
from polypost.platforms.registry import connector

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.25rem; }}
code {{ overflow-wrap: anywhere; }}
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
        f"<li>{escape(each.display_name or each.username or each.platform_user_id or '')}: <code>{escape(each.id)}</code></li>"
        for each in found
    )
    text = f"<p>Use this id as <code>accountId</code>. You can close this window.</p><ul>{accounts}</ul>"
    return _PAGE.format(title=f"{name} is connected", text=text)
