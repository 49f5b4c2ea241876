"""What every simulator stands on: state that survives, faults that strike, connections that end."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from polypost import clock
from polypost.sandbox.simkit import (
    Account,
    CodeRefused,
    Faults,
    Look,
    Network,
    Ports,
    Simulator,
    Store,
    Token,
    Wording,
    exchange,
    linkify,
    listen,
    pieces,
    read_params,
)
from polypost.sandbox.simkit.accounts import pkce_fits
from polypost.sandbox.simkit.faults import DEFAULT_SECONDS
from polypost.sandbox.simkit.traffic import redact


class Noticeboard(Simulator):
    """The smallest network there can be."""

    platform = "board"
    look = Look("Board", "#225588")
    scopes = ("post",)
    wording = Wording(
        error=lambda: JSONResponse({"error": "accident"}, 500),
        rate_limited=lambda wait: JSONResponse(
            {"error": "slow down"}, 429, headers={"retry-after": str(int(wait))}
        ),
        duplicate=lambda: JSONResponse({"error": "twice"}, 409),
        token_dead=lambda: JSONResponse({"error": "token"}, 401),
    )

    def routes(self) -> list[Route]:
        return [Route("/post", self.post, methods=["POST"]), Route("/echo", self.echo, methods=["POST"])]

    async def post(self, request: Request) -> Response:
        token = self.net.tokens.find(request.headers["authorization"].removeprefix("Bearer "))
        if token is None or not token.live:
            return self.wording.token_dead()
        self.gate.admit(request, token)
        exchange(request).headers["x-seen"] = "yes"
        async with exchange(request).commit():
            number = self.net.snowflake()
            self.net.posts.add(id=number, account_id=token.account_id, text="hello", permalink=f"/{number}")
        return JSONResponse({"id": number}, 201)

    async def echo(self, request: Request) -> Response:
        params = await read_params(request)
        sizes = {name: sum([len(p) async for p in pieces(file)]) for name, file in params.files.items()}
        return JSONResponse({"values": params.values, "sizes": sizes})

    def open_account(self, number: int) -> Account:
        return self.net.accounts.add(id=str(number), username=f"user{number}", name=f"User {number}")

    def grant(self, account: Account, client_id: str, scopes: tuple[str, ...]) -> tuple[Token, Token | None]:
        access = self.net.tokens.issue("access", account_id=account.id, client_id=client_id, scopes=scopes)
        return access, None


class Board:
    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.faults = Faults(self.store)
        self.socket = listen("127.0.0.1", 0)
        self.port = self.socket.getsockname()[1]
        net = Network(self.store, "board", url=f"http://127.0.0.1:{self.port}", faults=self.faults)
        self.sim = Noticeboard(net)

    async def raw(self, method: str, path: str, token: str = "", body: bytes = b"", kind: str = "") -> bytes:
        """Everything the server sends, as it comes; b"reset" for a connection that was torn down."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n"
        )
        head += f"content-type: {kind}\r\n" if kind else ""
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()


@asynccontextmanager
async def board(folder: Path):
    made = Board(folder)
    ports = Ports({made.socket: made.sim.app()})
    await ports.start()
    try:
        yield made
    finally:
        await ports.stop()
        made.store.close()


async def post(made: Board, account: Account | None = None) -> bytes:
    account = account or made.sim.net.accounts.get("1") or made.sim.seed(1)[0]
    return await made.raw("POST", "/post", made.sim.credentials(account)["accessToken"])


def status(answer: bytes) -> int:
    return int(answer.split()[1])


STORED_AFTER = {
    "lost_answer": (b"", 1),
    "reset_before": (b"reset", 0),
    "error_before": (500, 0),
    "error_after": (500, 1),
    "rate_limited": (429, 0),
    "duplicate": (409, 0),
}


@pytest.mark.anyio
@pytest.mark.parametrize("fault", STORED_AFTER)
async def test_a_fault_strikes_the_publishing_call_once_and_stores_or_not(fault: str, tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        made.faults.add("board", fault, times=1)
        seen, stored = STORED_AFTER[fault]
        answer = await post(made)
        assert (status(answer) if isinstance(seen, int) else answer) == seen
        assert len(made.sim.net.posts.by_account("1", limit=9)) == stored
        if fault == "rate_limited":
            assert status(await post(made)) == 429
            clock.advance(DEFAULT_SECONDS + 1)
        assert status(await post(made)) == 201
        assert made.faults.all() == []
        assert made.sim.net.requests.recent()[1]["faults"] == [fault]


@pytest.mark.anyio
async def test_publishing_faults_leave_other_calls_alone(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        for fault in STORED_AFTER:
            made.faults.add("board", fault)
        assert status(await made.raw("POST", "/echo?a=1")) == 200


@pytest.mark.anyio
async def test_a_fault_for_one_account_spares_the_others(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        first, second = made.sim.seed(2)
        made.faults.add("board", "error_before", account_id=second.id)
        assert status(await post(made, first)) == 201
        assert status(await post(made, second)) == 500
        assert made.faults.remove(platform="board") == 1
        assert status(await post(made, second)) == 201


@pytest.mark.anyio
async def test_a_slow_answer_comes_after_the_effect(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        made.faults.add("board", "slow", seconds=0.3, times=1)
        task = asyncio.create_task(post(made))
        while not made.sim.net.posts.by_account("1", limit=1):
            await asyncio.sleep(0.01)
        assert not task.done()
        assert status(await task) == 201


@pytest.mark.anyio
async def test_a_dead_token_stays_dead_and_the_account_gets_a_new_one(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        account = made.sim.seed(1)[0]
        old = made.sim.credentials(account)["accessToken"]
        made.faults.add("board", "token_dead", times=1)
        assert status(await made.raw("POST", "/post", old)) == 401
        assert status(await made.raw("POST", "/post", old)) == 401
        assert made.sim.credentials(account)["accessToken"] != old
        assert status(await post(made, account)) == 201


@pytest.mark.anyio
async def test_headers_of_the_exchange_go_with_every_answer(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        assert b"x-seen: yes" in await post(made)
        made.faults.add("board", "duplicate")
        assert b"x-seen: yes" in await post(made)


@pytest.mark.anyio
async def test_parameters_come_in_any_dress(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        form = await made.raw(
            "POST", "/echo?q=1", body=b"a=2&b=x+y", kind="application/x-www-form-urlencoded"
        )
        assert b'{"q":"1","a":"2","b":"x y"}' in form
        as_json = await made.raw("POST", "/echo?q=1", body=b'{"q":5}', kind="application/json")
        assert b'"values":{"q":5}' in as_json
        large = b"\xff" * 3_000_000
        parts = b'--B\r\ncontent-disposition: form-data; name="n"\r\n\r\n7\r\n--B\r\n'
        parts += (
            b'content-disposition: form-data; name="media"; filename="f"\r\n\r\n' + large + b"\r\n--B--\r\n"
        )
        multipart = await made.raw("POST", "/echo", body=parts, kind="multipart/form-data; boundary=B")
        assert b'"values":{"n":"7"},"sizes":{"media":3000000}' in multipart


@pytest.mark.anyio
async def test_the_request_log_keeps_the_latest_without_secrets(tmp_path: Path) -> None:
    async with board(tmp_path) as made:
        form = b"grant_type=x&client_secret=hush&code=abc&media=picture"
        await made.raw("POST", "/echo", "very-secret", form, "application/x-www-form-urlencoded")
        entry = made.sim.net.requests.recent(1)[0]
        assert entry["requestHeaders"]["authorization"] == "***"
        assert entry["requestBody"] == "grant_type=x&client_secret=***&code=***&media=picture"
        assert (entry["status"], entry["path"], entry["commit"]) == (200, "/echo", False)
        for n in range(600):
            made.sim.net.requests.add({"n": n})
        kept = made.sim.net.requests.recent(10_000)
        assert kept[0] == {"n": 599}
        assert 500 <= len(kept) < 560


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"access_token": "abc", "media_id": "1"}', '{"access_token": "***", "media_id": "1"}'),
        ("token=abc&token_type_hint=access", "token=***&token_type_hint=access"),
        ('{"code":190,"error_code":1}', '{"code":190,"error_code":1}'),
        ('{"code": "abc"}', '{"code": "***"}'),
        ('name="client_secret"\r\n\r\nabc\r\n--', 'name="client_secret"\r\n\r\n***\r\n--'),
        ("https://a.example/cb?state=1&code=abc", "https://a.example/cb?state=1&code=***"),
        ("hello = world", "hello = world"),
    ],
)
def test_redaction_hides_values_and_leaves_the_rest(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=43, max_size=128))
def test_pkce_takes_the_right_verifier_and_no_other(verifier: str) -> None:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert pkce_fits(challenge, "S256", verifier)
    assert pkce_fits(challenge, "s256", verifier)
    assert pkce_fits(verifier, "plain", verifier)
    assert not pkce_fits(challenge, "S256", verifier + "x")
    assert not pkce_fits(challenge, "S256", None)
    assert not pkce_fits(challenge, "plain", verifier)


def network(folder: Path) -> Network:
    store = Store(folder)
    return Network(store, "board", url="http://127.0.0.1:1", faults=Faults(store))


def issue_code(net: Network) -> str:
    return net.codes.issue(
        account_id="1",
        client_id="app",
        redirect_uri="http://x/cb",
        scopes=["a", "b"],
        lifetime=timedelta(seconds=30),
        challenge="v",
        method="plain",
    )


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"client_id": "other"}, "client"),
        ({"redirect_uri": "http://x/cb/"}, "redirect_uri"),
        ({"verifier": "w"}, "verifier"),
    ],
)
def test_a_code_serves_its_own_client_only(wrong: dict[str, str], reason: str, tmp_path: Path) -> None:
    net = network(tmp_path)
    code = issue_code(net)
    right = {"client_id": "app", "redirect_uri": "http://x/cb", "verifier": "v"}
    with pytest.raises(CodeRefused, match=reason):
        net.codes.redeem(code, **(right | wrong))
    assert net.codes.redeem(code, **right).scopes == ("a", "b")
    with pytest.raises(CodeRefused, match="used"):
        net.codes.redeem(code, **right)
    net.store.close()


def test_a_code_lives_as_long_as_it_should(tmp_path: Path) -> None:
    net = network(tmp_path)
    code = issue_code(net)
    clock.advance(31)
    with pytest.raises(CodeRefused, match="expired"):
        net.codes.redeem(code, client_id="app", redirect_uri="http://x/cb", verifier="v")
    net.store.close()


def test_a_refresh_token_is_spent_once_and_a_family_dies_together(tmp_path: Path) -> None:
    net = network(tmp_path)
    first = net.tokens.issue("refresh", account_id="1", client_id="app", lifetime=timedelta(hours=1))
    second = net.tokens.issue("access", account_id="1", client_id="app", family=first.family)
    assert [net.tokens.use_up(first.value), net.tokens.use_up(first.value)] == [True, False]
    net.tokens.revoke_family(first.family)
    found = net.tokens.find(second.value)
    assert found is not None
    assert not found.live
    net.store.close()


def test_a_window_counts_refuses_and_opens_again(tmp_path: Path) -> None:
    net = network(tmp_path)

    def take() -> tuple[bool, int]:
        bucket = net.buckets.take("x", "1", limit=2, window=timedelta(minutes=15))
        return bucket.ok, bucket.remaining

    assert [take(), take(), take()] == [(True, 1), (True, 0), (False, 0)]
    assert net.buckets.take("x", "2", limit=2, window=timedelta(minutes=15)).ok
    clock.advance(15 * 60 + 1)
    assert take() == (True, 1)
    net.store.set_setting("limits_enforced", False)
    assert [take() for _ in range(5)] == [(True, 2)] * 5
    net.store.close()


def test_a_share_of_the_calls_is_struck(tmp_path: Path) -> None:
    net = network(tmp_path)
    net.faults.add("board", "lost_answer", percent=30)
    hits = sum(net.faults.hit("board", "lost_answer", None) is not None for _ in range(2_000))
    assert 400 < hits < 800
    net.faults.add("board", "slow", percent=0)
    assert net.faults.hit("board", "slow", None) is None
    net.store.close()


@pytest.mark.parametrize("wrong", [{"fault": "rain"}, {"times": 0}, {"percent": 101}, {"seconds": -1}])
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    net = network(tmp_path)
    with pytest.raises(ValueError, match=r"fault|times|percent|seconds"):
        net.faults.add("board", **({"fault": "slow"} | wrong))
    net.store.close()


def test_faults_survive_a_restart_with_their_count(tmp_path: Path) -> None:
    net = network(tmp_path)
    net.faults.add("board", "slow", times=3)
    net.faults.hit("board", "slow", None)
    net.store.close()
    again = network(tmp_path)
    assert [(rule.times, rule.hits) for rule in again.faults.all()] == [(2, 1)]
    again.store.close()


def test_ids_never_repeat_and_always_grow(tmp_path: Path) -> None:
    net = network(tmp_path)
    ids = [int(net.snowflake()) for _ in range(5_000)]
    assert ids == sorted(set(ids))
    net.store.close()


def test_everything_stored_survives_a_killed_process(tmp_path: Path) -> None:
    story = textwrap.dedent("""
        import sys
        from pathlib import Path
        from polypost.sandbox.simkit import Faults, Network, Store
        store = Store(Path(sys.argv[1]))
        net = Network(store, "board", url="http://127.0.0.1:1", faults=Faults(store))
        for n in range(100_000):
            net.posts.add(id=str(n), account_id="1", text=f"post {n}", permalink=f"/{n}")
            print(n, flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", story, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        last = ""
        for line in child.stdout:
            last = line.strip()
            if int(last) >= 300:
                break
        child.send_signal(signal.SIGKILL)
        last = ([last, *child.stdout.read().split()])[-1]
    net = network(tmp_path)
    assert net.posts.count("1") in {int(last) + 1, int(last) + 2}
    assert net.store.one("PRAGMA integrity_check")[0] == "ok"
    net.store.close()


def test_a_broken_transaction_leaves_nothing(tmp_path: Path) -> None:
    net = network(tmp_path)

    def both() -> None:
        with net.store.transaction():
            net.accounts.add(id="1", username="a", name="A")
            net.accounts.add(id="2", username="a", name="B")

    with pytest.raises(sqlite3.IntegrityError):
        both()
    assert net.accounts.count() == 0
    net.store.close()


def test_posts_are_listed_by_time_and_page(tmp_path: Path) -> None:
    net = network(tmp_path)
    for n in range(1, 8):
        net.posts.add(id=str(n), account_id="1", text=f"t{n}", permalink="/", thread="1")
        clock.advance(10)
    assert net.posts.delete("4")
    assert not net.posts.delete("4")
    first = net.posts.by_account("1", limit=3)
    assert [post.id for post in first] == ["7", "6", "5"]
    assert [post.id for post in net.posts.by_account("1", limit=3, before=first[-1].seq)] == ["3", "2", "1"]
    recent = net.posts.by_account("1", limit=9, since=clock.now() - timedelta(seconds=25))
    assert [post.id for post in recent] == ["7", "6"]
    assert [post.id for post in net.posts.of_thread("1")] == ["1", "2", "3", "5", "6", "7"]
    assert net.posts.same_since("1", "t4", clock.now() - timedelta(hours=1)) is None
    assert net.posts.same_since("1", "t5", clock.now() - timedelta(hours=1)) is not None
    kept = net.posts.get("4", deleted=True)
    assert kept is not None
    assert kept.deleted is not None
    net.store.close()


def test_documents_change_in_place_and_expire(tmp_path: Path) -> None:
    net = network(tmp_path)
    net.documents.put(
        "box", "1", {"a": 1, "b": {"c": 1}}, account_id="9", expires=clock.now() + timedelta(hours=1)
    )
    net.documents.update("box", "1", b={"d": None}, e=2)
    kept = net.documents.get("box", "1")
    assert kept is not None
    assert (kept.body, kept.expired) == ({"a": 1, "b": {"d": None}, "e": 2}, False)
    clock.advance(3_601)
    assert [document.expired for document in net.documents.of_account("box", "9")] == [True]
    net.documents.delete("box", "1")
    assert net.documents.get("box", "1") is None
    net.store.close()


@pytest.mark.anyio
async def test_bytes_go_to_their_place_on_disk(tmp_path: Path) -> None:
    net = network(tmp_path)
    blob = net.blobs.new()

    async def chunks():
        for _ in range(3):
            yield b"abcd"

    assert await net.blobs.receive(blob, chunks(), limit=100) == 12
    net.blobs.write(blob, b"XY", offset=2)
    assert net.blobs.path(blob).read_bytes() == b"abXYabcdabcd"
    assert await net.blobs.receive(blob, chunks(), limit=5) == 8
    with pytest.raises(ValueError, match="blob"):
        net.blobs.path("../../etc/passwd")
    net.store.close()


def test_text_on_a_page_is_text(tmp_path: Path) -> None:
    shown = linkify('<b>&#39; #tag see https://x.example/a?b=1&c="2". @you')
    assert "<b>" not in shown
    assert '<span class="tag">#tag</span>' in shown
    assert '<a href="https://x.example/a?b=1&amp;c=" rel="nofollow noopener">' in shown
    assert '<span class="tag">@you</span>' in shown


def test_the_state_is_plain_json_inside(tmp_path: Path) -> None:
    net = network(tmp_path)
    net.accounts.add(id="1", username="A", name="A", data={"x": [1, None]})
    net.accounts.update("1", y=True)
    found = net.accounts.by_username("a")
    assert found is not None
    assert found.data == {"x": [1, None], "y": True}
    assert json.loads(net.store.one("SELECT data FROM accounts")["data"]) == found.data
    net.store.close()
