"""Words in one catalogue: a server with a made-up language shows none of its own sentences in another one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tools import catalogues

import polypost
from polypost.dashboard.catalogue import FILE, language_for
from polypost.platforms.registry import connectors
from tests.browser.scenes import AGENTS, TEXTS, Filled, consent, simple_pages
from tests.dashboard.browser import HOME, PASSWORD, Browser
from tests.processes import World
from tests.worlds import calm_world

# Hebrew stands for any language, also for how it is written; what it says here is English between marks.
LANGUAGE = "he"
SAID = re.compile(r"⟦[^⟦⟧]*⟧")
# What is nobody's sentence: addresses, ids, names, hours and what a person wrote.
CONTENT = re.compile(
    r"https?://\S+|\S+@\S+|\b[a-z]+_[\w-]+|\b[A-Z]\w+/[\w/+-]+|\bUTC\b|\bcurl\b|\bCSV\b|\bms\b|\b(GET|POST|PUT|PATCH|DELETE)\b|/v1/\S*|\b[kM]B\b|\b[a-z]+/[\w.+-]+|\bPolypost\b|\bDemo( \w+)?|@?[\w-]+(\.[\w-]+)+|@\w+|\bRFC 5545\b|\bFREQ=\S+|"
    + "|".join(sorted((re.escape(each.spec.name) for each in connectors()), key=len, reverse=True))
    + "".join(f"|{re.escape(each[:30])}.*" for each in TEXTS)
)
SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-done")
# Text of these is a person's, the API's or a file's.
CLOSED = frozenset({"script", "style", "code", "pre", "textarea", "datalist", "q", "bdi", "kbd"})
VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "path", "use", "circle", "source", "wbr"})


class Reader(HTMLParser):
    """What a page says that stands in no catalogue."""

    def __init__(self) -> None:
        super().__init__()
        self.strange: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        # English that the server's rules say is told apart by its language; `dir=auto` is what a person wrote.
        apart = tag in CLOSED or said.get("lang") == "en" or said.get("dir") == "auto"
        closed = apart or (bool(self._open) and self._open[-1][1])
        if tag not in VOID:
            self._open.append((tag, closed))
        for name in SPOKEN:
            self._judge(
                said.get(name) or "", closed=closed and said.get("dir") != "auto", place=f"{tag} {name}"
            )

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        closed = bool(self._open) and self._open[-1][1]
        self._judge(data, closed=closed, place=self._open[-1][0] if self._open else "")

    def _judge(self, text: str, *, closed: bool, place: str) -> None:
        while SAID.search(text):
            text = SAID.sub("", text)
        # What is put into a sentence may have tags of its own, by which this is cut.
        text = re.sub(r"⟦[^⟦⟧]*$|^[^⟦⟧]*⟧", "", text)
        if not closed and re.search(r"[^\W\d_]{2,}", CONTENT.sub("", text)):
            self.strange.append(f"{place}: {' '.join(text.split())[:90]}")


def marked(text: str) -> str:
    """A translation by which the original is known."""
    return f"⟦{text}⟧"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of a copy of the program to which one language was added, as its how-to says."""
    folder = tmp_path_factory.mktemp("words")
    shutil.copytree(Path(polypost.__file__).parent, folder / "polypost")
    catalog = catalogues.template()
    for message in catalog:
        if message.id:
            several = isinstance(message.id, tuple)
            message.string = tuple(map(marked, message.id)) if several else marked(message.id)
    place = folder / "polypost" / "dashboard" / "locale" / LANGUAGE
    place.mkdir()
    (place / FILE).write_bytes(catalogues.compiled(catalog))
    running = calm_world(folder / "world", more={"PYTHONPATH": str(folder), **AGENTS})
    yield running
    running.stop()


@pytest.fixture(scope="module")
def reader(world: World) -> Iterator[Browser]:
    """Somebody whose browser asks for the language."""
    with Browser(world) as browser:
        answer = browser.sign_up(world.server.ready["dashboardUrl"], name="עדה")
        assert answer.status_code == 200, answer.text
        browser.client.headers["accept-language"] = f"{LANGUAGE}-IL,{LANGUAGE};q=0.9,en;q=0.5"
        yield browser


@pytest.fixture(scope="module")
def filled(world: World, reader: Browser) -> Filled:
    """The demo project, with posts in every state; it is filled in after the link of the first run was used."""
    assert reader.name
    return Filled(world)


def strange(browser: Browser, path: str, status: int = 200, **form: str) -> list[str]:
    answer = browser.post(path, form) if form else browser.get(path)
    assert answer.status_code == status, answer.text
    # Who is led to sign in has not seen the page.
    assert answer.url.path != f"{HOME}/sign-in" or path == "/sign-in"
    assert '<html lang="he" dir="rtl">' in answer.text
    reader = Reader()
    reader.feed(answer.text)
    return reader.strange


def test_every_sentence_of_the_page_on_which_an_agent_is_let_in(world: World, reader: Browser) -> None:
    path = consent(world)
    assert strange(reader, path) == []
    refused = {
        "query": path.partition("?")[2],
        "project": reader.get("/").url.path.split("/")[2],
        "do": "allow",
    }
    assert strange(reader, "/consent", 400, **refused) == []
    assert strange(reader, "/consent", **(refused | {"do": "deny"})) == []


@pytest.mark.parametrize("path", simple_pages())
def test_every_sentence_of_a_page(reader: Browser, filled: Filled, path: str) -> None:
    whole = path.replace("{project}", filled.project_id)
    found = strange(reader, whole)
    if path.endswith("/calendar"):
        found += strange(reader, f"{whole}?view=week") + strange(reader, f"{whole}?view=list")
    assert not found, "\n".join(found)


def test_every_sentence_of_posts_and_networks(reader: Browser, filled: Filled) -> None:
    found = {}
    for state, post in filled.posts.items():
        found[state] = strange(reader, f"/{filled.project_id}/posts/{post}")
    for network in connectors():
        found[network.spec.id] = strange(reader, f"/{filled.project_id}/accounts/{network.spec.id}")
    found["compose from"] = strange(reader, f"/{filled.project_id}/compose?from={filled.posts['published']}")
    found["empty"] = strange(reader, f"/{filled.project_id}/posts?q=nothing")
    said = [f"{place}: {each}" for place, all_of_it in found.items() for each in all_of_it]
    assert not said, "\n".join(said)


def test_every_sentence_of_pages_about_one_thing(reader: Browser, filled: Filled) -> None:
    found = {name: strange(reader, path) for name, path in filled.further.items()}
    for state in ("waits", "waits, right to left", "returned", "draft"):
        found[state] = strange(reader, f"/{filled.project_id}/approvals/{filled.posts[state]}")
    found["delivered"] = strange(reader, f"{filled.further['webhook-heard']}?state=delivered&done=tested")
    said = [f"{place}: {each}" for place, all_of_it in found.items() for each in all_of_it]
    assert not said, "\n".join(said)


def test_every_sentence_of_a_link_to_a_draft(world: World, filled: Filled) -> None:
    with Browser(world) as nobody:
        nobody.client.headers["accept-language"] = LANGUAGE
        assert strange(nobody, f"/approve/{filled.link}") == []
        answer = {"name": "Carla", "do": "return", "comment": ""}
        assert strange(nobody, f"/approve/{filled.link}", 400, **answer) == []
        assert strange(nobody, "/approve/nothing", 410) == []


def test_every_sentence_of_forms_that_are_refused(reader: Browser, filled: Filled) -> None:
    """What a page says by itself is translated, what the API says is marked as English."""
    project, found = f"/{filled.project_id}", {}
    for path, form in (
        ("/keys", {"name": "", "scope": "read"}),
        ("/keys", {"name": "x", "scope": "read", "days": "many"}),
        ("/keys", {"name": "x"}),
        ("/webhooks", {"channel": "webhook", "url": "ftp://example.com"}),
        ("/settings/credits", {"credits": "many"}),
        ("/settings/dedupe", {"dedupe": "999999999"}),
        ("/settings/redirects", {"uri": "nowhere"}),
        ("/queue", {"monday": "25:00", "zone": "Nowhere"}),
        ("/recurrences/new", {"do": "make", "freq": "DAILY", "every": "0", "at": "soon"}),
        ("/bulk", {"file": ""}),
        ("/uploads", {"file": ""}),
    ):
        found[f"{path} {form}"] = strange(reader, project + path, 400, **form)
    said = [f"{place}: {each}" for place, all_of_it in found.items() for each in all_of_it]
    assert not said, "\n".join(said)


def test_every_act_in_the_log(reader: Browser, filled: Filled) -> None:
    """Those of pages; members' pages show the log."""
    project = f"/{filled.project_id}"
    hook = filled.further["webhook-heard"]
    sure = {"password-again": PASSWORD}
    for path, form in (
        ("/settings/dedupe", {"dedupe": "60"}),
        ("/settings/redirects", {"uri": "https://example.com/back"}),
        ("/settings/redirects/forget", {"uri": "https://example.com/back"}),
        ("/keys", {"name": "x", "scope": "read"}),
        ("/people/invite", {"role": "viewer"}),
    ):
        assert reader.post(project + path, form).status_code == 200, path
    for path, form in (
        ("/switch", {"enabled": "no"}),
        ("/switch", {"enabled": "yes"}),
        ("/test", {}),
        ("/rotate", sure),
        ("", {"channel": "webhook", "url": f"{filled.world.hooks()}/other", "event": "post.failed"}),
        ("/delete", sure),
    ):
        assert reader.post(hook + path, form).status_code == 200, path
    acts = reader.get(f"{project}/people").text
    for act in ("redirect forgotten", "webhook switched off", "webhook secret rotated", "webhook deleted"):
        assert marked(act) in acts
    assert strange(reader, f"{project}/people") == []


def test_every_sentence_of_refusals(reader: Browser, world: World, filled: Filled) -> None:
    assert strange(reader, "/nowhere/at/all", 404) == []
    assert strange(reader, "/prj_none/posts", 404) == []
    account = world.accounts["twitter"]
    sent = {"content": "long " * 99, "account": account, "when": "now", "do": "send"}
    assert strange(reader, f"/{filled.project_id}/compose", 400, **sent) == []
    with Browser(world) as nobody:
        nobody.client.headers["accept-language"] = LANGUAGE
        assert strange(nobody, "/sign-in") == []
        assert strange(nobody, "/sign-in", 401, name="Nobody", password="wrong") == []


def test_the_language_is_one_that_there_is(reader: Browser) -> None:
    for wishes, language in (
        ("he-IL", "he"),
        ("en;q=0.8, he", "he"),
        ("en, he;q=0.9", "en"),
        ("he;q=0, fr", "en"),
        ("he;q=x", "en"),
        ("*", "en"),
        ("", "en"),
        (",;," * 5000 + "he", "en"),
    ):
        answer = reader.get("/me", headers={"accept-language": wishes})
        assert f'<html lang="{language}"' in answer.text, wishes
    assert language_for("he") == "en"


def test_what_a_person_wrote_is_no_sentence() -> None:
    reader = Reader()
    reader.feed('<p title="Said">⟦Some⟧ <b dir="auto">own</b> <code>code</code> Hard coded</p>')
    assert reader.strange == ["p title: Said", "p: Hard coded"]
