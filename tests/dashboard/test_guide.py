"""The documentation as pages: all of it, for anybody, with links that lead somewhere, and found by its words."""

from __future__ import annotations

import re
from html import unescape

import httpx2
import pytest

from polypost.dashboard import GUIDE, guide
from tests.dashboard.browser import Browser
from tests.processes import World

PAGES = [entry.path for entries in guide.parts().values() for entry in entries]
_LINK = re.compile(r' (?:href|src)="([^"]*)"')


@pytest.fixture(scope="module")
def anybody(embedded: World) -> httpx2.Client:
    """Somebody who is not signed in."""
    with Browser(embedded) as browser:
        yield browser.client


def test_every_page_is_shown_and_every_link_of_it_leads_somewhere(anybody: httpx2.Client) -> None:
    assert len(PAGES) > 90
    anchors: dict[str, set[str]] = {}
    links: set[tuple[str, str]] = set()
    for path in [None, *PAGES]:
        url = GUIDE if path is None else f"{GUIDE}/{path}"
        answer = anybody.get(url)
        assert answer.status_code == 200, url
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        anchors[url] = set(re.findall(r' id="([^"]*)"', answer.text))
        links |= {(url, unescape(link)) for link in _LINK.findall(answer.text)}
    seen: dict[str, int] = {}
    for url, link in links:
        if link.startswith(("http://", "https://")):
            continue
        where, _, anchor = link.partition("#")
        where = where or url
        assert where.startswith("/"), (url, link)
        if where not in seen:
            seen[where] = anybody.get(where, follow_redirects=False).status_code
        assert seen[where] in {200, 303}, (url, link)
        assert not anchor or anchor in anchors[where], (url, link)


def test_a_page_is_markdown_where_that_is_asked_for(anybody: httpx2.Client) -> None:
    page = anybody.get(f"{GUIDE}/how-to/fit-media").text
    assert f'<link rel="alternate" type="text/markdown" href="{GUIDE}/how-to/fit-media.md">' in page
    answer = anybody.get(f"{GUIDE}/how-to/fit-media.md")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text == guide.read("how-to/fit-media").source


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "how-to",
        "../README",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/README.md",
    ],
)
def test_nothing_else_is_served(anybody: httpx2.Client, path: str) -> None:
    answer = anybody.get(f"{GUIDE}/{path}")
    assert answer.status_code == 404
    assert "[project]" not in answer.text


def test_words_are_found_where_they_stand(anybody: httpx2.Client) -> None:
    page = anybody.get(GUIDE, params={"q": "POLYPOST_PUBLIC_URL proxy"}).text
    assert f'href="{GUIDE}/how-to/run-behind-a-proxy#' in page
    assert "<mark>POLYPOST_PUBLIC_URL</mark>" in page
    first = anybody.get(GUIDE, params={"q": "idempotency"}).text
    assert re.search(r'<ol class="guide-found"><li><a href="([^"]*)"', first)
    assert "No section has all of these words" in anybody.get(GUIDE, params={"q": "xyzzyplugh"}).text
    for odd in ("<script>", "(((", "*" * 5000, "\\", "'; --"):
        answer = anybody.get(GUIDE, params={"q": odd})
        assert answer.status_code == 200
        assert "<script>" not in answer.text.split("<main", 1)[1]


def test_programs_that_read_find_every_page(anybody: httpx2.Client, embedded: World) -> None:
    answer = anybody.get("/llms.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("# Polypost\n\n> ")
    assert len(answer.content) < 12_000
    said = re.findall(rf"\]\({re.escape(embedded.url)}([^)]*)\)", answer.text)
    wanted = [path for path in PAGES if not path.startswith("decisions/")]
    assert said == [f"{GUIDE}/{path}.md" for path in [*wanted, "README"]]
    assert "\n## Optional\n" in answer.text
