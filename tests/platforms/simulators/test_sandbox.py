"""The sandbox as a product: ports, control surface, front page, restarts."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.helpers import Play, playing

from polypost import clock
from polypost.probe import probe
from polypost.sandbox import Sandbox

# While a sandbox is down anybody may take a port of 127.0.0.1, where connections come from; of this address nobody.
HOST = f"127.83.{os.getpid() % 65536 // 256}.{os.getpid() % 256}" if sys.platform == "linux" else "127.0.0.1"


async def tweet(running: Play, text: str, account: dict[str, Any] | None = None) -> httpx2.Response:
    account = account or (await running.accounts("twitter"))[0]
    headers = {"authorization": f"Bearer {account['accessToken']}"}
    return await running.http.post(
        f"{running.info.urls['twitter']}/2/tweets", json={"text": text}, headers=headers
    )


async def test_every_network_and_the_media_have_a_port_of_their_own(running: Play, tmp_path: Path) -> None:
    about = await running.control("GET", "")
    assert about["sandboxUrl"] == running.info.url
    assert about["sandboxUrls"] == running.info.urls
    assert "twitter" in running.info.urls
    assert len({running.info.url, running.info.media_url, *running.info.urls.values()}) == 2 + len(
        running.info.urls
    )
    picture = await running.http.get(about["demoMedia"][0])
    (tmp_path / "picture").write_bytes(picture.content)
    facts = probe(tmp_path / "picture")
    assert (facts.mime, facts.width, facts.height) == ("image/jpeg", 1080, 1080)
    assert (await running.http.get(f"{running.info.media_url}/sandbox.db")).status_code == 404


async def test_demo_accounts_come_with_tokens_that_work_and_stay(running: Play) -> None:
    first, second = await running.accounts("twitter")
    assert first.keys() >= {
        "platform", "platformUserId", "username", "name", "accessToken", "refreshToken", "expiresIn", "scopes",
        "clientId", "clientSecret",
    }  # fmt: skip
    assert (await running.accounts("twitter"))[0]["accessToken"] == first["accessToken"]
    assert (await tweet(running, "hello", second)).status_code == 201
    fresh = (await running.control("POST", "seed", accounts=3))["accounts"]
    assert len({account["platformUserId"] for account in fresh}) == len(fresh)
    assert sum(account["platform"] == "twitter" for account in fresh) == 3
    assert (await tweet(running, "hello", fresh[0])).status_code == 201
    assert len(await running.accounts("twitter")) == 5


async def test_who_knows_the_accounts_is_told_none_until_they_are_others(running: Play) -> None:
    async def told(known: str) -> tuple[int | None, str]:
        url = f"{running.info.url}/_sandbox/accounts"
        answer = await running.http.get(url, headers={"If-None-Match": known})
        listed = None if answer.status_code == 304 else len(answer.json()["accounts"])
        return listed, answer.headers["ETag"]

    there, first = await told("")
    assert there is not None
    assert await told(first) == (None, first)
    await running.control("POST", "seed", accounts=1, platform="twitter")
    more, second = await told(first)
    assert (more, await told(second)) == (there + 1, (None, second))
    # As many as in the beginning, and some of them have new ids.
    await running.control("POST", "reset", accounts=True)
    again, third = await told(first)
    assert again == there
    assert third not in {first, second}


async def test_posts_show_what_was_ever_visible(running: Play) -> None:
    account = (await running.accounts("twitter"))[0]
    made = (await tweet(running, "one", account)).json()["data"]["id"]
    await tweet(running, "two", account)
    headers = {"authorization": f"Bearer {account['accessToken']}"}
    await running.http.delete(f"{running.info.urls['twitter']}/2/tweets/{made}", headers=headers)
    two, one = await running.posts("twitter")
    assert (one["id"], one["text"], one["deleted"], two["deleted"]) == (made, "one", True, False)
    assert (two["accountId"], two["username"]) == (account["platformUserId"], account["username"])
    assert (two["mediaCount"], two["platform"]) == (0, "twitter")
    assert datetime.fromisoformat(two["time"]) <= clock.now()
    page = await running.http.get(two["permalink"])
    assert page.status_code == 200
    assert "two" in page.text
    assert (await running.http.get(one["permalink"])).status_code == 404
    only = await running.control(
        "GET", "posts?platform=twitter&limit=1&accountId=" + account["platformUserId"]
    )
    assert [post["text"] for post in only["posts"]] == ["two"]


async def test_faults_are_set_listed_and_removed(running: Play) -> None:
    rule = await running.fault("twitter", "error_before", times=2, seconds=1.5)
    assert (rule["times"], rule["seconds"], rule["percent"], rule["hits"]) == (2, 1.5, None, 0)
    assert (await tweet(running, "a")).status_code == 503
    listed = (await running.control("GET", "faults"))["faults"]
    assert [(r["fault"], r["times"], r["hits"]) for r in listed] == [("error_before", 1, 1)]
    assert await running.control("DELETE", f"faults/{rule['id']}") == {"removed": 1}
    await running.fault("twitter", "no_credits")
    assert (await tweet(running, "a")).status_code == 402
    assert await running.control("DELETE", "faults?platform=twitter") == {"removed": 1}
    assert (await tweet(running, "a")).status_code == 201
    entries = (await running.control("GET", "requests?platform=twitter"))["requests"]
    assert [(e["status"], e["faults"], e["commit"]) for e in entries[:3]] == [
        (201, [], True),
        (402, ["no_credits"], False),
        (503, ["error_before"], True),
    ]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"platform": "nowhere", "fault": "slow"}),
        ("faults", {"platform": "twitter", "fault": "rain"}),
        ("faults", {"platform": "twitter", "fault": "slow", "times": 0}),
        ("faults", {"platform": "twitter", "fault": "slow", "times": "1"}),
        ("faults", {"platform": "twitter", "fault": "slow", "seconds": True}),
        ("faults", {"platform": "twitter", "fault": "slow", "often": 1}),
        ("seed", {"accounts": 0}),
        ("limits", {}),
        ("clock", {"advance": -5}),
        ("clock", {"advance": "soon"}),
    ],
)
async def test_a_command_that_makes_no_sense_is_refused_with_a_reason(
    running: Play, path: str, body: Any
) -> None:
    answer = await running.http.post(f"{running.info.url}/_sandbox/{path}", json=body)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10


async def test_limits_can_be_switched_off_and_the_clock_moved(running: Play) -> None:
    for n in range(100):
        assert (await tweet(running, f"{n}")).status_code == 201
    assert (await tweet(running, "more")).status_code == 429
    assert await running.control("POST", "limits", enforced=False) == {"enforced": False}
    assert (await tweet(running, "more")).status_code == 201
    await running.control("POST", "limits", enforced=True)
    assert (await tweet(running, "yet more")).status_code == 429
    before = clock.now()
    moved = await running.control("POST", "clock", advance=15 * 60 + 1)
    assert moved["ahead"] >= 901
    assert (clock.now() - before).total_seconds() >= 901
    assert (await tweet(running, "yet more")).status_code == 201


async def test_reset_forgets_posts_and_keeps_connections(running: Play) -> None:
    account = (await running.accounts("twitter"))[0]
    await tweet(running, "one", account)
    await running.fault("twitter", "error_before")
    await running.control("POST", "reset")
    assert await running.posts("twitter") == []
    assert (await running.control("GET", "faults"))["faults"] == []
    assert (await running.control("GET", "requests"))["requests"] == []
    assert (await tweet(running, "one", account)).status_code == 201
    await running.control("POST", "reset", accounts=True)
    assert (await tweet(running, "two", account)).status_code == 401
    assert (await tweet(running, "two")).status_code == 201


def test_state_and_ports_are_found_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with playing(tmp_path, host=HOST) as running:
            first = running.info
            account = (await running.accounts("twitter"))[0]
            await tweet(running, "kept", account)
            await running.fault("twitter", "slow", seconds=0)
        async with playing(tmp_path, host=HOST) as running:
            assert running.info == first
            assert [post["text"] for post in await running.posts("twitter")] == ["kept"]
            assert (await tweet(running, "next", account)).status_code == 201
            assert len((await running.control("GET", "faults"))["faults"]) == 1

    asyncio.run(story())


def test_a_taken_port_is_replaced_unless_it_was_asked_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with playing(tmp_path, host=HOST) as running:
            first = running.info
        with socket.create_server((HOST, int(first.url.rpartition(":")[2]))) as squatter:
            async with playing(tmp_path, host=HOST) as running:
                assert running.info.url != first.url
                assert running.info.urls == first.urls
            with pytest.raises(OSError, match="in use"):
                await Sandbox(tmp_path, host=HOST, port=squatter.getsockname()[1]).start()

    asyncio.run(story())


def test_a_killed_sandbox_comes_back_with_everything(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio, json, sys
        from pathlib import Path
        from polypost.sandbox import Sandbox

        async def main():
            info = await Sandbox(Path(sys.argv[1]), host=sys.argv[2]).start()
            print(json.dumps({"url": info.url, "urls": info.urls}), flush=True)
            await asyncio.Event().wait()

        asyncio.run(main())
    """)

    @contextmanager
    def killed_after() -> Iterator[dict[str, Any]]:
        command = [sys.executable, "-c", program, str(tmp_path), HOST]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            try:
                assert child.stdout is not None
                yield json.loads(child.stdout.readline())
            finally:
                child.kill()

    with killed_after() as info, httpx2.Client(trust_env=False) as http:
        account = http.get(f"{info['url']}/_sandbox/accounts?platform=twitter").json()["accounts"][0]
        headers = {"authorization": f"Bearer {account['accessToken']}"}
        http.post(
            f"{info['url']}/_sandbox/faults", json={"platform": "twitter", "fault": "lost_answer", "times": 1}
        )
        with pytest.raises(httpx2.RemoteProtocolError):
            http.post(f"{info['urls']['twitter']}/2/tweets", json={"text": "was it sent?"}, headers=headers)
    with killed_after() as again, httpx2.Client(trust_env=False) as http:
        assert again == info
        posts = http.get(f"{info['url']}/_sandbox/posts?platform=twitter").json()["posts"]
        assert [post["text"] for post in posts] == ["was it sent?"]
        duplicate = http.post(
            f"{info['urls']['twitter']}/2/tweets", json={"text": "was it sent?"}, headers=headers
        )
        assert duplicate.status_code == 403


def test_the_moved_clock_is_found_again_by_a_new_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with playing(tmp_path) as running:
            await running.control("POST", "clock", advance=7_200)
        # What a new process begins with.
        monkeypatch.setattr(clock._Advance, "seconds", 0.0)
        before = clock.now()
        async with playing(tmp_path):
            assert (clock.now() - before).total_seconds() >= 7_200

    asyncio.run(story())


def test_tls_speaks_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        sandbox = Sandbox(tmp_path, tls=True)
        info = await sandbox.start()
        try:
            assert info.certificate is not None
            trust = ssl.create_default_context(cafile=str(info.certificate))
            async with httpx2.AsyncClient(verify=trust, trust_env=False) as http:
                for url in (info.url, *info.urls.values()):
                    assert url.startswith("https://127.0.0.1:")
                assert (await http.get(f"{info.url}/_sandbox")).json()["sandboxUrls"] == info.urls
                assert (await http.get(f"{info.urls['twitter']}/2/users/me")).status_code == 401
                assert (await http.get(f"{info.media_url}/demo.jpg")).status_code == 200
                account = (await http.get(f"{info.url}/_sandbox/accounts?platform=twitter")).json()[
                    "accounts"
                ][0]
                await http.post(
                    f"{info.url}/_sandbox/faults", json={"platform": "twitter", "fault": "lost_answer"}
                )
                headers = {"authorization": f"Bearer {account['accessToken']}"}
                with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                    await http.post(f"{info.urls['twitter']}/2/tweets", json={"text": "x"}, headers=headers)
        finally:
            await sandbox.stop()

    asyncio.run(story())


async def test_the_front_page_shows_networks_accounts_and_posts(running: Play) -> None:
    empty = await running.http.get(running.info.url + "/")
    assert "Nothing has been posted yet" in empty.text
    await tweet(running, "<script>alert(1)</script> hello")
    page = await running.http.get(running.info.url + "/")
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; hello" in page.text
    assert "@demo" in page.text
    assert (await running.posts("twitter"))[0]["permalink"] in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text.replace("http://127.0.0.1", "")
