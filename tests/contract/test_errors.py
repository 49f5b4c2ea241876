"""Everything that is not a good request: its status, its shape, and that nothing ever is a 500."""

from __future__ import annotations

import gzip
import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from polypost import access
from polypost.access.limits import FAILURES_PER_MINUTE
from tests.contract.tenant import Tenant, later, operator, paths, words
from tests.processes import World

GIVEN = {"accept": "application/problem+json"}


def mask(answer: httpx2.Response) -> Any:
    """The body without its request id."""
    return {name: value for name, value in answer.json().items() if name != "requestId"}


def bare(world: World, **options: Any) -> httpx2.Client:
    """A client without a key."""
    return httpx2.Client(base_url=world.url, timeout=30, trust_env=False, **options)


def raw(world: World, request: bytes) -> bytes:
    """What the server answers to these bytes."""
    address = urlsplit(world.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as sock:
        sock.sendall(request)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


KEYED = [
    ("GET", "/v1/posts"),
    ("POST", "/v1/posts"),
    ("POST", "/v1/posts/preview"),
    ("POST", "/v1/posts/validate"),
    ("GET", "/v1/posts/post_x"),
    ("DELETE", "/v1/posts/post_x"),
    ("POST", "/v1/posts/post_x/retry"),
    ("GET", "/v1/posts/post_x/timeline"),
    ("GET", "/v1/posts/scheduled"),
    ("DELETE", "/v1/posts/scheduled/post_x"),
    ("PATCH", "/v1/posts/scheduled/post_x"),
    ("PUT", "/v1/posts/scheduled/post_x"),
    ("GET", "/v1/connect/twitter"),
    ("GET", "/v1/connect/integrations"),
    ("GET", "/v1/connect/integrations/int_x"),
    ("DELETE", "/v1/connect/integrations/int_x"),
    ("GET", "/v1/platforms"),
    ("GET", "/v1/usage"),
    ("GET", "/v1/health/auth"),
    ("GET", "/v1/comments?platform=facebook&accountId=int_x&postId=1"),
    ("POST", "/v1/comments"),
    ("DELETE", "/v1/comments/1?platform=facebook&accountId=int_x"),
    ("PATCH", "/v1/comments/1"),
    ("GET", "/v1/messages?platform=instagram&accountId=int_x"),
    ("POST", "/v1/messages"),
    ("GET", "/v1/messages/x?platform=instagram&accountId=int_x"),
]


@pytest.mark.parametrize(("method", "path"), KEYED)
def test_without_a_key_everything_is_401_in_its_familys_shape(
    embedded: World, method: str, path: str
) -> None:
    with bare(embedded) as client:
        answer = client.request(method, path)
    assert answer.status_code == 401
    said = answer.json()
    assert said["code"] == "unauthorized"
    text = said["error"] if path.startswith("/v1/connect") else said["message"]
    assert "x-access-key" in text
    assert ("success" in said) == ("error" not in said)
    assert said["requestId"] == answer.headers["x-request-id"]


def test_open_paths_need_no_key(embedded: World) -> None:
    with bare(embedded) as client:
        for path in ("/v1/health", "/v1/health/", "/healthz/ready"):
            assert client.get(path).status_code == 200
        assert client.get("/v1/health").json() == {"ok": True}


@pytest.mark.parametrize("key", ["wrong", "pp_live_" + "0" * 36, "é", "Bearer x"])
def test_a_wrong_key_is_401(embedded: World, key: str) -> None:
    with bare(embedded) as client:
        answer = client.get("/v1/health/auth", headers={"x-access-key": key.encode()})
    assert answer.status_code == 401


def test_two_keys_are_refused(local: Tenant) -> None:
    headers = [("x-access-key", local.key), ("x-access-key", local.key)]
    with bare(local.world) as client:
        assert client.get("/v1/health/auth", headers=headers).status_code == 400


def test_a_key_in_the_query_is_no_key(local: Tenant) -> None:
    with bare(local.world) as client:
        assert client.get("/v1/health/auth", params={"x-access-key": local.key}).status_code == 401


def test_a_revoked_key_stops_working_and_a_disabled_project_is_403(
    world: World, new: Callable[..., Tenant]
) -> None:
    gone, barred = new(world), new(world)
    for tenant in (gone, barred):
        assert tenant.client.get("/v1/health/auth").status_code == 200
    (key,) = operator(world, lambda db: access.list_keys(db, gone.project_id))
    world.command("keys", "revoke", key.id, "--project", gone.project_id)
    operator(world, lambda db: access.change_project(db, barred.project_id, disabled=True))
    assert until(lambda: gone.client.get("/v1/health/auth"), 401).json()["code"] == "unauthorized"
    refused = until(lambda: barred.client.get("/v1/posts"), 403)
    assert refused.json()["code"] == "project_disabled"
    assert refused.json()["success"] is False


def until(ask: Callable[[], httpx2.Response], status: int) -> httpx2.Response:
    """Ask until the answer has this status."""
    for _ in range(100):
        answer = ask()
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"still {answer.status_code}: {answer.text}")


def test_guessing_keys_is_slowed_down_and_a_right_key_is_not(local: Tenant) -> None:
    transport = httpx2.HTTPTransport(local_address="127.0.0.9")
    with bare(local.world, transport=transport) as client:
        guess = {"x-access-key": "guess"}
        for _ in range(2 * FAILURES_PER_MINUTE):
            last = client.get("/v1/usage", headers=guess)
            if last.status_code == 429:
                break
            assert last.status_code == 401
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) >= 1
        assert client.get("/v1/usage", headers={"x-access-key": local.key}).status_code == 200


def test_what_is_left_of_the_rate_is_said(local: Tenant, new: Callable[..., Tenant]) -> None:
    fresh = new(local.world)
    left = []
    for _ in range(3):
        answer = fresh.client.get("/v1/posts")
        policy = re.fullmatch(r'"key";q=(\d+);w=60', answer.headers["ratelimit-policy"])
        state = re.fullmatch(r'"key";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
        assert policy is not None
        assert state is not None
        left.append(int(state[1]))
        assert left[-1] < int(policy[1])
    assert "ratelimit" not in httpx2.get(f"{local.world.url}/v1/health", trust_env=False).headers


def test_unknown_paths_and_methods(local: Tenant) -> None:
    for path in ("/v1", "/v1/nothing", "/v1/posts/a/b", "/v2/posts", "/v1/connect/twitter/x/y"):
        answer = local.client.get(path)
        assert answer.status_code == 404
        assert answer.json()["code"] == "no_such_path"
    for method, path, allowed in (
        ("PATCH", "/v1/posts", "GET, POST"),
        ("PATCH", "/v1/posts/post_x/", "DELETE, GET, PUT"),
        ("POST", "/v1/usage", "GET"),
        ("GET", "/v1/posts/post_x/retry", "POST"),
        ("POST", "/v1/posts/scheduled/post_x", "DELETE, PATCH, PUT"),
        ("OPTIONS", "/v1/posts/scheduled", "GET"),
        ("OPTIONS", "/v1/posts/validate", "POST"),
        ("POST", "/media/token/name", "GET, HEAD"),
    ):
        answer = local.client.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == allowed
        assert answer.json()["code"] == "method_not_allowed"
        assert allowed in answer.text


def test_a_form_is_no_way_around_the_limit_of_bodies(embedded: World) -> None:
    path = "/v1/connect/facebook/choose/unknown"
    with bare(embedded) as client:
        small = client.post(path, data={"account": ["1"] * 100})
        large = client.post(path, data={"account": "x" * 600_000})
        many = client.post(path, content="&".join(f"account={number}" for number in range(1001)))
    assert (small.status_code, large.status_code, many.status_code) == (404, 413, 404)


def test_a_callback_of_no_network_is_a_page(embedded: World) -> None:
    with bare(embedded) as client:
        answer = client.get("/v1/connect/nowhere/callback", params={"code": "x", "state": "y"})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("query", "headers"),
    [({"probeMedia": "maybe"}, {}), ({"dryRun": "1"}, {"Idempotency-Key": "two words"})],
)
def test_what_a_call_does_not_need_is_judged_all_the_same(
    local: Tenant, query: dict[str, str], headers: dict[str, str]
) -> None:
    assert local.post(local.body(), params=query, headers=headers).status_code == 400


@pytest.mark.parametrize("scope", access.SCOPES)
def test_a_key_does_only_what_its_scope_says(local: Tenant, scope: str) -> None:
    made = local.world.command("keys", "create", "--project", local.project_id, "--scope", scope)
    assert made["scopes"] == [scope]
    with bare(local.world, headers={"x-access-key": made["apiKey"]}) as client:
        assert client.get("/v1/health/auth").status_code == 200
        for method, path in KEYED:
            needed = "read" if method == "GET" else "publish"
            able = {needed}
            if path in {"/v1/posts/validate", "/v1/posts/preview"}:
                needed, able = "read", {"read", "draft", "publish"}
            if path.startswith("/v1/connect") and (method, path[:24]) != ("GET", "/v1/connect/integrations"):
                needed, able = "connect", {"connect"}
            if path == "/v1/health/auth":
                continue
            answer = client.request(method, path)
            assert (answer.status_code == 403) == (scope not in able), (method, path, answer.text)
            if scope not in able:
                assert answer.json()["code"] == "missing_scope"
                assert f"--scope {needed}" in answer.text


@pytest.mark.parametrize(
    "path", ["/v1/posts?limit=x", "/v1/posts/scheduled?sort=up", "/v1/connect/integrations?limit=0"]
)
def test_a_bad_query_without_a_key_is_401(local: Tenant, path: str) -> None:
    assert local.client.get(path).status_code == 400
    with bare(local.world) as client:
        assert client.get(path).status_code == 401


MISSING = [
    ("GET", "/v1/posts/{id}"),
    ("DELETE", "/v1/posts/{id}"),
    ("DELETE", "/v1/posts/{id}?deleteFromPlatforms=true"),
    ("POST", "/v1/posts/{id}/retry"),
    ("GET", "/v1/posts/{id}/timeline"),
    ("DELETE", "/v1/posts/scheduled/{id}"),
    ("PATCH", "/v1/posts/scheduled/{id}"),
    ("PUT", "/v1/posts/scheduled/{id}"),
    ("GET", "/v1/connect/integrations/{id}"),
    ("DELETE", "/v1/connect/integrations/{id}"),
    ("GET", "/v1/usage?integrationId={id}"),
]


@pytest.mark.parametrize(("method", "path"), MISSING)
def test_what_is_foreign_cannot_be_told_from_what_is_absent(
    tenant: Tenant, new: Callable[..., Tenant], method: str, path: str, world: World
) -> None:
    stranger = strangers.setdefault(world.url, new(world))
    kind = "int" if "ntegration" in path else "post"
    mine = tenant.scheduled()["postId"] if kind == "post" else tenant.account("twitter").id
    body = None
    if method in {"PATCH", "PUT"}:
        body = {"content": words(), "platforms": [stranger.entry()], "scheduledFor": later(60)}
    theirs = stranger.client.request(method, path.format(id=mine), json=body)
    absent = stranger.client.request(method, path.format(id=f"{kind}_00000000000000000000000000"), json=body)
    assert theirs.status_code == absent.status_code == 404
    assert mask(theirs) == mask(absent)
    assert mine not in theirs.text
    if kind == "post":
        assert tenant.get(mine)["status"] == "scheduled"
        tenant.client.delete(f"/v1/posts/scheduled/{mine}")


strangers: dict[str, Tenant] = {}


def test_foreign_things_are_not_listed_counted_or_usable(
    tenant: Tenant, new: Callable[..., Tenant], world: World
) -> None:
    stranger = new(world)
    post = tenant.published()
    assert stranger.client.get("/v1/posts").json() == {"success": True, "total": 0, "posts": []}
    assert stranger.client.get("/v1/posts/scheduled").json()["total"] == 0
    account = tenant.account("twitter")
    for query in ({}, {"q": account.id}, {"q": account.username}):
        assert stranger.client.get("/v1/connect/integrations", params=query).json()["total"] == 0
    assert stranger.used() == 0
    body = {"content": words(), "publishNow": True}
    answers = [
        stranger.post(body | {"platforms": [{"platform": "twitter", "accountId": entry}]})
        for entry in (account.id, "int_00000000000000000000000000")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert mask(answers[0]) == mask(answers[1])
    assert tenant.get(post["postId"])["status"] == "published"


def test_an_idempotency_key_belongs_to_its_project(tenant: Tenant, new: Callable[..., Tenant]) -> None:
    stranger = new(tenant.world)
    headers = {"Idempotency-Key": "the-same"}
    mine = tenant.post(tenant.body(), headers=headers)
    theirs = stranger.post(stranger.body(), headers=headers)
    assert mine.status_code == theirs.status_code == 202
    assert mine.json()["postId"] != theirs.json()["postId"]


# Bodies

GOOD = b'{"content": "x", "publishNow": true, "platforms": [{"platform": "twitter", "accountId": "int_x"}]}'
BROKEN: dict[str, bytes] = {
    "empty": b"",
    "blank": b"   \n",
    "cut": GOOD[:-1],
    "not an object": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "trailing": GOOD + b"x",
    "two": GOOD + GOOD,
    "trailing comma": b'{"content": "x",}',
    "single quotes": b"{'content': 'x'}",
    "comment": b"/* x */" + GOOD,
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "Latin-1": '{"content": "é"}'.encode("latin-1"),
    "overlong": b'{"content": "\xc0\xaf"}',
    "encoded surrogate": b'{"content": "\xed\xa0\x80"}',
    "lone surrogate": b'{"content": "\\ud800"}',
    "low surrogate first": b'{"content": "\\udc00\\ud800"}',
    "raw control character": b'{"content": "\n"}',
    "raw NUL": b'{"content": "\x00"}',
    "bad escape": b'{"content": "\\x41"}',
    "NaN": GOOD.replace(b"true", b"NaN"),
    "Infinity": GOOD.replace(b"true", b"Infinity"),
    "minus Infinity": GOOD.replace(b"true", b"-Infinity"),
    "too many digits": GOOD.replace(b"true", b"9" * 5000),
    "deep list": b'{"content": ' + b"[" * 100 + b"]" * 100 + b"}",
    "deeper list": b"[" * 200_000,
    "deep object": b'{"a":' * 60 + b"1" + b"}" * 60,
    "form": b"content=x&publishNow=true",
    "HTML": b"<html></html>",
    "zeros": bytes(1000),
    "noise": bytes(range(256)),
    "gzip without saying so": gzip.compress(GOOD),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/posts"), ("PUT", "/v1/posts/scheduled/post_x")])
def test_what_is_no_json_object_is_400(local: Tenant, name: str, method: str, path: str) -> None:
    answer = local.client.request(method, path, content=BROKEN[name])
    assert answer.status_code == 400, answer.text
    said = answer.json()
    assert said["success"] is False
    assert said["code"] == "validation_error"
    assert said["errors"][0]["hint"]


MISTYPED: list[Any] = [None, True, 0, -1, 1.5, 1e300, "", "x", [], [None], {}, {"a": {"b": []}}, "\0"]


@pytest.mark.parametrize(
    "key", ["content", "platforms", "mediaItems", "publishNow", "scheduledFor", "timezone"]
)
@pytest.mark.parametrize("value", MISTYPED)
def test_values_of_every_type_in_every_place(local: Tenant, key: str, value: Any) -> None:
    # The extra key makes the rest wrong as well, so that a value that happens to fit publishes nothing.
    answer = local.post({**local.body(), "extra": 1, key: value})
    assert "extra" in paths(answer)
    if key != "content" or value != "x":
        assert value in FITTING.get(key, []) or key in {path.partition("[")[0] for path in paths(answer)}


# What a key takes although it looks odd; the rest of the values are refused.
FITTING: dict[str, list[Any]] = {
    "mediaItems": [None, []],
    "publishNow": [True],
    "scheduledFor": [None],
    "timezone": [None],
}


@pytest.mark.parametrize("place", ["platforms", "mediaItems"])
@pytest.mark.parametrize("value", MISTYPED)
def test_values_of_every_type_in_lists(local: Tenant, place: str, value: Any) -> None:
    assert local.post(local.body() | {place: [value]}).status_code == 400


HUGE = "[" + ",".join(["1" * 4000] * 3) + "]"


@pytest.mark.parametrize(
    "number", ["1e400", "-1e400", "1e-400", "9" * 4000, "0.1e1", "-0", "1E5", "18446744073709551616", HUGE]
)
@pytest.mark.parametrize("network", ["twitter", "instagram"])
def test_numbers_of_every_size_in_options(local: Tenant, number: str, network: str) -> None:
    options = {
        "twitter": '{"poll": {"options": ["a", "b"], "durationMinutes": %s}}',
        "instagram": '{"thumbOffset": %s, "collaborators": 1}',
    }[network] % number
    entry = json.dumps(local.entry(network))[:-1] + f', "platformSpecificData": {options}}}'
    body = f'{{"content": "{words()}", "publishNow": true, "platforms": [{entry}]}}'
    assert local.client.post("/v1/posts", content=body).status_code == 400


@pytest.mark.parametrize("place", ["content", "platforms", "options", "key", "timezone", "url"])
def test_a_nul_is_refused_wherever_it_stands(tenant: Tenant, place: str) -> None:
    body = tenant.body()
    entry = body["platforms"][0]
    if place == "content":
        body["content"] += "\0"
    elif place == "platforms":
        entry["content"] = "\0"
    elif place == "options":
        entry["platformSpecificData"] = {"threadItems": [{"content": "a\0"}]}
    elif place == "key":
        entry["platformSpecificData"] = {"a\0": 1}
    elif place == "timezone":
        body["timezone"] = "UTC\0"
    else:
        body["mediaItems"] = [{"type": "image", "url": "https://example.com/\0"}]
    assert tenant.post(body).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/v1/posts/%00",
        "/v1/posts/a%00b/timeline",
        "/v1/posts/scheduled/%00",
        "/v1/posts?profileId=%00",
        "/v1/posts?platform=%00",
        "/v1/posts?createdAfter=%00",
        "/v1/connect/integrations?q=%00",
        "/v1/connect/integrations?profileId=a%00",
        "/v1/connect/integrations/%00",
        "/v1/connect/%00",
        "/v1/connect/twitter?redirectUri=%00",
        "/v1/connect/twitter?profileId=%00",
        "/v1/connect/twitter?appId=%00",
        "/v1/connect/twitter/callback?state=%00&code=%00",
        "/v1/usage?integrationId=%00",
        "/v1/usage?profileId=%00",
        "/v1/usage?from=%00",
        "/v1/posts/" + "x" * 5000,
        "/v1/connect/integrations?q=" + "x" * 5000,
        "/v1/connect/twitter?profileId=" + "x" * 5000,
        "/v1/connect/twitter?redirectUri=http://localhost/" + "x" * 5000,
        "/v1/posts/%ff%fe",
        "/v1/posts/%ed%a0%80",
        "/v1/posts/%",
        "/v1/posts/..%2f..%2fetc",
        "/v1/posts?limit=%F0%9D%9F%97",
        "/v1/connect/integrations?q=%25%5F%5C",
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_odd_paths_and_queries_are_never_a_500(tenant: Tenant, method: str, path: str) -> None:
    answer = tenant.client.send(
        httpx2.Request(method, httpx2.URL(tenant.world.url + path), headers={"x-access-key": tenant.key})
    )
    assert answer.status_code < 500, answer.text


def test_a_list_may_not_be_endless(local: Tenant) -> None:
    body = local.body()
    many = [dict(body["platforms"][0]) for _ in range(51)]
    assert "platforms" in paths(local.post(body | {"platforms": many}))
    pictures = [{"type": "image", "url": f"https://example.com/{n}.jpg"} for n in range(21)]
    assert "mediaItems" in paths(local.post(body | {"mediaItems": pictures}))


def test_a_text_may_not_be_endless(local: Tenant) -> None:
    assert "content" in paths(local.post(local.body("é" * 50_001)))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_not_be_endless(local: Tenant, chunked: bool) -> None:
    content = json.dumps(local.body("x" * 600_000)).encode()
    sent: Any = (content[at : at + 9999] for at in range(0, len(content), 9999)) if chunked else content
    for path in ("/v1/posts", "/v1/posts/validate"):
        answer = local.client.post(path, content=content if not chunked else iter(list(sent) or [content]))
        assert answer.status_code == 413
        assert answer.json()["success"] is False
        assert answer.json()["code"] == "payload_too_large"


def test_a_compressed_body_is_refused_with_the_reason(local: Tenant) -> None:
    for encoding in ("gzip", "br", "deflate"):
        answer = local.client.post(
            "/v1/posts", content=gzip.compress(GOOD), headers={"content-encoding": encoding}
        )
        assert paths(answer) == {"Content-Encoding"}


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/json; x"],
)
def test_the_content_type_does_not_matter(local: Tenant, kind: str) -> None:
    answer = local.client.post("/v1/posts", content=json.dumps(local.body()), headers={"content-type": kind})
    assert answer.status_code == 202


def test_of_two_equal_keys_the_last_counts_and_is_what_is_remembered(local: Tenant) -> None:
    text = words()
    body = json.dumps(local.body(text))
    answer = local.client.post("/v1/posts", content=body.replace("{", '{"content": "first", ', 1))
    assert answer.status_code == 202
    post = local.get(answer.json()["postId"])
    assert post["content"] == post["rawRequestBody"]["content"] == text


def test_server_set_fields_in_a_body_are_refused(local: Tenant) -> None:
    for name in ("postId", "_id", "status", "createdAt", "projectId", "__proto__", "constructor"):
        assert paths(local.post(local.body() | {name: "x"})) == {name}


# Shapes


def test_problem_json_where_it_is_asked_for(local: Tenant) -> None:
    for answer in (
        local.client.post("/v1/posts", json={}, headers=GIVEN),
        local.client.get("/v1/posts/post_x", headers=GIVEN),
        local.client.get("/v1/connect/integrations/int_x", headers=GIVEN),
        local.client.get("/v1/nothing", headers=GIVEN),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["status"] == answer.status_code
        assert said["title"]
        assert said["detail"] == said.get("message", said.get("error"))
        assert said["type"]
    plain = local.client.post("/v1/posts", json={})
    assert plain.headers["content-type"] == "application/json"
    assert not {"type", "title", "status", "detail"} & set(plain.json())


def test_every_answer_has_a_request_id_of_its_own(local: Tenant) -> None:
    seen = set()
    for path in ("/v1/health", "/v1/posts", "/v1/nothing", "/v1/posts/post_x", "/"):
        answer = local.client.get(path)
        seen.add(answer.headers["x-request-id"])
        if answer.status_code >= 400:
            assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert len(seen) == 5


def test_a_clients_request_id_is_not_taken_over(local: Tenant) -> None:
    answer = local.client.get("/v1/posts/x", headers={"x-request-id": "evil\tid"})
    assert answer.headers.get_list("x-request-id") == [answer.json()["requestId"]]


def test_messages_and_answers_stay_short(local: Tenant) -> None:
    long_text = local.post(local.body("😀" * 3000))
    long_key = local.post(local.body() | {"é" * 2000: 1})
    many_keys = local.post(local.body() | {f"key{number}": 1 for number in range(900)})
    for answer in (long_text, long_key, many_keys):
        assert answer.status_code == 400
        assert len(answer.json()["message"].encode()) <= 500
        assert len(answer.content) < 100_000
    assert "899 more" in many_keys.json()["message"]


def test_what_is_no_http_is_answered_and_ended(embedded: World) -> None:
    for request in (
        b"GET /v1/posts/\xc3\xa9 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /v1/posts HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/posts HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /v1/posts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/health HTTP/1.1\r\nhost: x\r\nx: a\x00b\r\n\r\n",
    ):
        answer = raw(embedded, request)
        assert answer.startswith(b"HTTP/1.1 4"), (request, answer)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert b"x-request-id" in head
        assert json.loads(body)["message"]
