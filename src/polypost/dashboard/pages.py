"""The server's front page: what this is, where the sandbox is, how to ask for a first post."""

from __future__ import annotations

from html import escape

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Polypost</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; }}
pre {{ overflow-x: auto; padding: 1rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 8px; }}
</style>
<h1>Polypost is running</h1>
<p>One call publishes to many networks: <code>POST /v1/posts</code> with your key in <code>x-access-key</code>.</p>
{more}
<p><a href="/v1/health">/v1/health</a> says that the server answers,
<a href="/healthz/ready">/healthz/ready</a> that it can keep its promises.</p>
</html>
"""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install(app: FastAPI, *, sandbox_url: str | None) -> None:
    """Add the pages to the application."""
    more = "<p>Projects and keys are made with <code>polypost projects create NAME</code>.</p>"
    if sandbox_url is not None:
        address = escape(sandbox_url, quote=True)
        more = f'<p>The sandbox stands in for the networks: <a href="{address}">its page</a> lists accounts and posts.</p>'
    page = _PAGE.format(more=more)

    async def front(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    app.router.routes.append(Route("/", front))
