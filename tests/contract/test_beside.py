"""What runs on the same machine: beside a sandbox on a loopback address, media and receivers may be there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from bench.scale import connected

from tests.contract.receivers import Receiver
from tests.media import jpeg
from tests.processes import World


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[str]:
    """The address of a picture that a developer serves from his own folder."""
    (tmp_path / "a.jpg").write_bytes(jpeg())
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    running.start()
    yield f"http://localhost:{server.server_port}/a.jpg"
    server.shutdown()
    server.server_close()
    running.join()


@pytest.mark.parametrize("named", [False, True], ids=["no list", "a list"])
def test_a_developers_own_picture_and_receiver(
    tmp_path: Path, picture: str, receiver: Receiver, named: bool
) -> None:
    world = World(tmp_path / "world", env={"POLYPOST_ALLOW_ADDRESSES": "10.0.0.1:9000"} if named else {})
    world.start()
    body = {
        "content": "Hello",
        "platforms": [{"platform": "instagram", "accountId": world.accounts["instagram"]}],
        "mediaItems": [{"type": "image", "url": picture}],
        "publishNow": True,
    }
    hook = {
        "channel": "webhook",
        "webhook": {"url": receiver.url("beside").replace("127.0.0.1", "localhost")},
        "eventTypes": ["post.published"],
    }
    try:
        with world.client() as client:
            heard, posted = client.post("/v1/webhooks", json=hook), client.post("/v1/posts", json=body)
            if named:
                assert (heard.status_code, posted.status_code) == (400, 400)
                assert "POLYPOST_ALLOW_ADDRESSES" in heard.text
                assert "POST /v1/media/upload" in posted.text
                return
            assert heard.status_code == 201, heard.text
            assert posted.json()["status"] == "published", posted.text
        receiver.wait("beside")
    finally:
        world.stop()


def test_a_fault_is_not_used_up_by_connecting_what_was_opened(tmp_path: Path) -> None:
    """The server connects what is opened at its sandbox by itself; what a test ordered is for the test's own calls."""
    world = World(tmp_path / "world")
    world.start()
    try:
        world.control("POST", "faults", json={"platform": "twitter", "fault": "read_error", "times": 1})
        world.control("POST", "seed", json={"accounts": 1, "platform": "twitter"})
        connected(world, ["twitter"], 2)
        (rule,) = world.control("GET", "faults")["faults"]
        assert (rule["hits"], rule["times"]) == (0, 1)
        assert any(
            "x-sandbox-setup" in each["requestHeaders"]
            for each in world.control("GET", "requests")["requests"]
        )
    finally:
        world.stop()


def test_the_apps_of_a_server_are_known_at_its_sandbox(tmp_path: Path) -> None:
    """That of its settings with its callback from the start, one of a project's own when it is first used."""
    env = {
        "POLYPOST_LINKEDIN_CLIENT_ID": "configured",
        "POLYPOST_LINKEDIN_CLIENT_SECRET": "its-secret",
        "POLYPOST_PUBLIC_URL": "https://post.example.org",
    }
    world = World(tmp_path / "world", env=env)
    world.start()
    try:
        callback = "https://post.example.org/v1/connect/linkedin/callback"
        known = {"platform": "linkedin", "clientId": "configured", "redirectUris": [callback]}
        listed = world.control("GET", "apps")
        assert listed == {"apps": [known]}
        own = {"platform": "twitter", "name": "Ours", "clientId": "of-the-project", "clientSecret": "s"}
        with world.client() as client:
            app = client.post("/v1/apps", json=own).json()["app"]
            for platform, query in (("linkedin", {}), ("twitter", {"appId": app["id"]})):
                url = client.get(f"/v1/connect/{platform}", params=query).json()["url"]
                sent = httpx2.get(f"{url}&sandbox_decision=approve", trust_env=False)
                back = f"https://post.example.org/v1/connect/{platform}/callback?"
                assert sent.headers["location"].startswith(back)
        assert "secret" not in str(world.control("GET", "apps")).lower()
    finally:
        world.stop()
