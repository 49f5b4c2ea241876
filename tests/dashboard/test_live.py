"""Live events: which posts of a project changed, told to who may see them, for as long as the server runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import httpx2

from polypost.dashboard.pages import live
from tests.contract.tenant import Tenant
from tests.dashboard.browser import HOME, Browser
from tests.processes import World

SECONDS = 30.0


class Stream:
    """An open connection; `events` are (kind, data, id) as they come."""

    def __init__(self, answer: httpx2.Response) -> None:
        self.answer = answer
        self.events: Queue[tuple[str, list[str], str]] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        said: dict[str, str] = {}
        try:
            for line in self.answer.iter_lines():
                name, _, value = line.partition(": ")
                if line:
                    said[name] = value
                elif "event" in said:
                    self.events.put((said["event"], said.get("data", "").split(), said.get("id", "")))
                    said = {}
        except httpx2.HTTPError:
            self.events.put(("cut", [], ""))
            return
        self.events.put(("end", [], ""))

    def next(self, kind: str) -> tuple[list[str], str]:
        """What the next event of the kind says."""
        end = time.monotonic() + SECONDS
        while True:
            found, data, number = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if found == kind:
                return data, number

    def names(self, post_id: str) -> str:
        """Wait until the post is named; the event's id."""
        while True:
            data, number = self.next("posts")
            if post_id in data:
                return number


@contextmanager
def listening(browser: Browser, project_id: str, since: str = "") -> Iterator[Stream]:
    headers = {"accept": "text/event-stream", **({"last-event-id": since} if since else {})}
    with browser.client.stream("GET", f"{HOME}/{project_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


def test_posts_that_are_made_changed_and_published_are_named(tenant: Tenant, owner: Browser) -> None:
    tenant.connect("twitter")
    with listening(owner, tenant.project_id) as stream:
        stream.next("begin")
        waits = tenant.scheduled()["postId"]
        stream.names(waits)
        tenant.client.delete(f"/v1/posts/scheduled/{waits}")
        stream.names(waits)
        stream.names(str(tenant.published()["postId"]))


def test_who_comes_back_is_told_what_was_missed(local: Tenant, local_owner: Browser) -> None:
    local.connect("twitter")
    project = local.project_id
    with listening(local_owner, project) as stream, listening(local_owner, project) as other:
        other.next("begin")
        _, before = stream.next("begin")
        post_id = local.scheduled()["postId"]
        number = stream.names(post_id)
        with listening(local_owner, project, since=before) as again:
            again.next("begin")
            again.names(post_id)
        with listening(local_owner, project, since=number) as again:
            again.next("begin")
        # A name of another life of the server: everything may have changed.
        with listening(local_owner, project, since="feedbeef-7") as again:
            again.next("all")


def test_only_members_hear_and_only_of_their_project(
    local: Tenant, new: Any, embedded: World, members: Any
) -> None:
    other = new(embedded)
    other.connect("twitter")
    stranger = members(other)
    assert stranger.client.get(f"{HOME}/{local.project_id}/events").status_code == 404
    with httpx2.Client(base_url=embedded.url, trust_env=False) as nobody:
        assert nobody.get(f"{HOME}/{local.project_id}/events").status_code == 303
    with listening(stranger, other.project_id) as stream:
        stream.next("begin")
        local.scheduled()
        post_id = other.scheduled()["postId"]
        data, _ = stream.next("posts")
        assert data == [post_id]


def test_a_session_has_so_many_connections(local: Tenant, members: Any) -> None:
    browser = members(local)
    url = f"{HOME}/{local.project_id}/events"
    with httpx2.Client(base_url=local.world.url, trust_env=False) as client:
        client.cookies = browser.client.cookies
        open_ones = []
        try:
            for _ in range(live.MOST_OF_SESSION):
                opened = client.send(client.build_request("GET", url), stream=True)
                assert opened.status_code == 200
                open_ones.append(opened)
            # Upon 204 an EventSource asks no more.
            assert client.get(url).status_code == 204
            open_ones.pop().close()
            end = time.monotonic() + SECONDS
            while True:
                with client.stream("GET", url) as again:
                    if again.status_code == 200:
                        break
                assert time.monotonic() < end
                time.sleep(0.1)
        finally:
            for each in open_ones:
                each.close()


def test_the_server_stops_at_once_and_its_successor_says_that_all_may_have_changed(
    tmp_path: Any,
) -> None:
    world = World(tmp_path)
    world.start()
    try:
        with Browser(world) as browser:
            answer = browser.sign_up(world.server.ready["dashboardUrl"])
            project = answer.url.path.split("/")[2]
            with listening(browser, project) as stream:
                _, number = stream.next("begin")
                world.server.stop()
                # It ended in order, and was not cut off by the limit for requests.
                stream.next("end")
            world.start_server()
            with listening(browser, project, since=number) as stream:
                stream.next("all")
    finally:
        world.stop()


def test_changes_beyond_what_is_kept_are_all() -> None:
    news = live.News(None, "prj_1")  # type: ignore[arg-type]  # nothing is read
    marks = {f"post_{number}": {"": number} for number in range(live.KEPT + 10)}
    news._take(marks, told=True)
    assert news.after(0) is None
    assert news.after(news.number) == []
    assert news.after(news.number - 2) == [f"post_{live.KEPT + 8}", f"post_{live.KEPT + 9}"]
    assert news.position(f"{news.name}-1") is None
    assert news.position(f"{news.name}-{news.number}") == news.number
    assert news.position("other-1") is None
    # What is as it was is no change.
    news._take(marks, told=True)
    assert news.after(news.number - 1) == [f"post_{live.KEPT + 9}"]
