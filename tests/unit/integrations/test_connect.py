"""The way in: a link that works once, for its own project, network and browser (K3)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polypost import clock
from polypost.errors import InvalidRequest, NotConfigured
from polypost.integrations import Connect, TokenSource, profiles, redirects, service
from polypost.integrations.redirects import redirect_problems
from polypost.integrations.tables import oauth_states
from polypost.platforms.base import App

PUBLIC = "https://post.example.org/"
BACK = "https://app.example.org/done?tab=1"
CANCEL = "https://app.example.org/cancelled"


def public_url():
    return PUBLIC


async def begun(world, **options):
    """A Connect, the consent page's address, and its parameters."""
    for uri in (BACK, CANCEL):
        await world.store.write(lambda db, uri=uri: redirects.allow_redirect(db, "prj_a", uri))
    connect = world.make(Connect, public_url)
    url = await connect.begin("prj_a", "fake", **options)
    return connect, url, dict(parse_qsl(urlsplit(url).query))


def test_the_consent_page_is_asked_with_state_and_challenge(in_world):
    async def story(world):
        _, url, asked = await begun(world)
        assert url.startswith(f"{world.net.url}/oauth/authorize?kind=user&")
        assert "scope=read%20write" in url
        assert asked["response_type"] == "code"
        assert asked["client_id"] == "client"
        assert asked["redirect_uri"] == "https://post.example.org/v1/connect/fake/callback"
        assert asked["prompt"] == "consent"
        assert asked["code_challenge_method"] == "S256"
        assert len(base64.urlsafe_b64decode(asked["state"] + "=")) == 32
        row = str(await world.store.read(lambda db: db.execute(oauth_states.select()).one()))
        assert asked["state"] not in row

    in_world(story)


def test_what_the_app_is_granted_besides_is_asked_for_too(in_world):
    async def story(world):
        world.app = replace(world.app, scopes=("write", "admin"))
        _, _, asked = await begun(world)
        assert asked["scope"] == "read write admin"

    in_world(story)


def test_a_network_without_pkce_gets_no_challenge(in_world):
    async def story(world):
        connect, _, asked = await begun(world)
        assert "code_challenge" not in asked
        finished = await connect.finish("fake", {"state": asked["state"], "code": "c"})
        assert finished.error is None
        assert world.net.requests[0][1].get("code_verifier", "") == ""

    in_world(story, pkce=False)


def test_a_finished_flow_stores_the_account_and_says_so(in_world):
    async def story(world):
        profile = await world.store.write(lambda db: profiles.create(db, "prj_a", name="Ours"))
        connect, _, asked = await begun(world, redirect_uri=BACK, profile_id=profile.id)
        finished = await connect.finish("fake", {"state": asked["state"], "code": "the-code"})
        (added,) = finished.integrations
        assert (added.project_id, added.platform_user_id, added.profile_id) == ("prj_a", "42", profile.id)
        target = urlsplit(finished.redirect_to)
        assert finished.redirect_to.startswith(BACK.partition("?")[0])
        assert parse_qs(target.query) == {
            "tab": ["1"],
            "status": ["success"],
            "platform": ["fake"],
            "integrationId": [added.id],
        }
        _, form = world.net.requests[0]
        assert (form["code"], form["redirect_uri"]) == ("the-code", asked["redirect_uri"])
        hashed = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() == asked["code_challenge"]
        tokens = await world.make(TokenSource).live("prj_a", added.id)
        assert tokens.access_token == "access-1"

    in_world(story)


def test_a_login_with_several_accounts_connects_each(in_world):
    async def story(world):
        world.net.accounts = [{"id": "1"}, {"id": "2"}]
        connect, _, asked = await begun(world, redirect_uri=BACK)
        finished = await connect.finish("fake", {"state": asked["state"], "code": "c"})
        ids = parse_qs(urlsplit(finished.redirect_to).query)["integrationId"]
        assert ids == [integration.id for integration in finished.integrations]
        assert len(set(ids)) == 2

    in_world(story)


def test_of_many_callbacks_with_one_state_one_is_taken(in_world):
    async def story(world):
        connect, _, asked = await begun(world, redirect_uri=BACK)
        query = {"state": asked["state"], "code": "c"}
        outcomes = await asyncio.gather(*(connect.finish("fake", query) for _ in range(10)))
        assert sorted(outcome.error is None for outcome in outcomes) == [False] * 9 + [True]
        assert all(outcome.redirect_to is None for outcome in outcomes if outcome.error)
        assert [path for path, _ in world.net.requests] == ["/oauth/token", "/me"]

    in_world(story)


@pytest.mark.parametrize("state", [None, "", "unknown", "\udcff", "x" * 5000])
def test_an_unknown_state_leads_nowhere(in_world, state):
    async def story(world):
        connect, _, _ = await begun(world)
        query = {"code": "c"} if state is None else {"code": "c", "state": state}
        finished = await connect.finish("fake", query)
        assert finished.redirect_to is None
        assert finished.error.endswith("Start again.")
        assert world.net.requests == []

    in_world(story)


def test_a_state_ends_after_ten_minutes_and_is_swept_away(in_world):
    async def story(world):
        connect, _, asked = await begun(world)
        late = oauth_states.update().values(expires_at=clock.now())
        await world.store.write(lambda db: db.execute(late) and None)
        finished = await connect.finish("fake", {"state": asked["state"], "code": "c"})
        assert finished.error
        old = oauth_states.update().values(expires_at=clock.now() - timedelta(days=2))
        await world.store.write(lambda db: db.execute(old) and None)
        await connect.begin("prj_b", "fake")
        rows = await world.store.read(lambda db: db.execute(oauth_states.select()).all())
        assert [row.project_id for row in rows] == ["prj_b"]

    in_world(story)


def test_a_state_belongs_to_its_network_and_browser(in_world):
    async def story(world):
        connect, _, asked = await begun(world, browser="session-1")
        query = {"state": asked["state"], "code": "c"}
        world.connectors = lambda platform: world.connector
        elsewhere = world.make(Connect, public_url)
        assert (await elsewhere.finish("other", query, browser="session-1")).error
        assert (await connect.finish("fake", query)).error
        assert (await connect.finish("fake", query, browser="session-2")).error
        assert (await connect.finish("fake", query, browser="session-1")).error is None

    in_world(story)


@pytest.mark.parametrize("cancel", [CANCEL, None])
def test_a_denial_goes_to_the_cancel_address_and_burns_the_state(in_world, cancel):
    async def story(world):
        connect, _, asked = await begun(world, redirect_uri=BACK, cancel_redirect_uri=cancel)
        finished = await connect.finish("fake", {"state": asked["state"], "error": "access_denied"})
        target = urlsplit(finished.redirect_to)
        assert finished.redirect_to.startswith((cancel or BACK).partition("?")[0])
        assert parse_qs(target.query)["status"] == ["cancelled"]
        assert finished.error
        assert (await connect.finish("fake", {"state": asked["state"], "code": "c"})).redirect_to is None
        assert world.net.requests == []

    in_world(story)


@pytest.mark.parametrize(
    ("mode", "query", "code"),
    [
        ("refuse", {"code": "c"}, "rejected"),
        ("down", {"code": "c"}, "platform_unavailable"),
        ("lost_after", {"code": "c"}, "no_answer"),
        ("ok", {}, "no_authorization"),
        ("ok", {"error": "<script>", "code": "c"}, "no_authorization"),
        ("ok", {"code": "c", "iss": "https://evil.example"}, "wrong_issuer"),
        ("ok", {"code": "c", "iss": "http://["}, "wrong_issuer"),
    ],
)
def test_what_goes_wrong_is_told_in_our_words_and_the_code_is_sent_once(in_world, mode, query, code):
    async def story(world):
        connect, _, asked = await begun(world, redirect_uri=BACK)
        world.net.mode = mode
        finished = await connect.finish("fake", {"state": asked["state"], **query})
        told = parse_qs(urlsplit(finished.redirect_to).query)
        assert (told["status"], told["error"]) == (["error"], [code])
        assert "script" not in finished.redirect_to + finished.error
        assert finished.integrations == ()
        assert len(world.net.requests) == (1 if mode != "ok" else 0)

    in_world(story)


@pytest.mark.parametrize("where", ["https://fake.example", "https://fake.example/", None])
def test_the_issuer_is_the_network_that_was_asked(in_world, where):
    async def story(world):
        connect, _, asked = await begun(world)
        query = {"state": asked["state"], "code": "c", "iss": where or world.net.url}
        assert (await connect.finish("fake", query)).error is None

    in_world(story)


def test_a_login_without_accounts_says_so(in_world):
    async def story(world):
        world.net.accounts = []
        connect, _, asked = await begun(world)
        finished = await connect.finish("fake", {"state": asked["state"], "code": "c"})
        assert finished.redirect_to is None
        assert "no account that can publish" in finished.error

    in_world(story)


def test_an_app_that_was_removed_in_between_is_noticed(in_world):
    async def story(world):
        connect, _, asked = await begun(world)
        world.app = None
        assert (await connect.finish("fake", {"state": asked["state"], "code": "c"})).error
        assert world.net.requests == []

    in_world(story)


def test_what_is_missing_is_named(in_world):
    async def story(world):
        connect = world.make(Connect, public_url)
        with pytest.raises(InvalidRequest) as unknown:
            await connect.begin("prj_a", "nowhere")
        assert unknown.value.problems[0].path == "platform"
        world.app = None
        with pytest.raises(NotConfigured) as missing:
            await connect.begin("prj_a", "fake")
        for name in ("POLYPOST_FAKE_CLIENT_ID", "POLYPOST_FAKE_CLIENT_SECRET", "/v1/connect/fake/callback"):
            assert name in missing.value.message
        # Before anybody has consented to what could not be finished.
        world.app = App("client", "")
        with pytest.raises(NotConfigured) as half:
            await connect.begin("prj_a", "fake")
        assert "Set POLYPOST_FAKE_CLIENT_SECRET" in half.value.message

    in_world(story)


def test_redirects_must_be_on_the_projects_own_list(in_world):
    async def story(world):
        connect, _, _ = await begun(world, redirect_uri=BACK)
        with pytest.raises(InvalidRequest) as refused:
            await connect.begin(
                "prj_a", "fake", redirect_uri=BACK + "&x=1", cancel_redirect_uri="http://localhost/"
            )
        assert [problem.path for problem in refused.value.problems] == ["redirectUri", "cancelRedirectUri"]
        with pytest.raises(InvalidRequest):
            await connect.begin("prj_b", "fake", redirect_uri=BACK)
        listed = await world.store.read(lambda db: redirects.list_redirects(db, "prj_a"))
        assert listed == [CANCEL, BACK]
        await world.store.write(lambda db: redirects.forget_redirect(db, "prj_a", BACK))
        with pytest.raises(InvalidRequest):
            await connect.begin("prj_a", "fake", redirect_uri=BACK)
        assert (await world.store.read(lambda db: service.list_integrations(db, "prj_a")))[0] == 0

    in_world(story)


@pytest.mark.parametrize(
    "uri",
    ["", "/done", "javascript:alert(1)", "https://a.example/#x", "https://u@a.example/", "https://a.example/\\@b",
     "ftp://a.example/", "http://[/", "http://[zz]/", "https://a.example/" + "x" * 2048, "https://é.example/"],
)  # fmt: skip
def test_the_list_takes_addresses_only(with_store, uri):
    async def story(store):
        with pytest.raises(InvalidRequest):
            await store.write(lambda db: redirects.allow_redirect(db, "prj_a", uri))

    with_store(story)


@pytest.mark.parametrize("uri", ["http://localhost", "http://localhost:3000/done?x=1", "http://127.0.0.1:9/"])
def test_a_server_for_development_takes_its_own_machine(uri):
    for public in ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"):
        assert redirect_problems([], public, redirectUri=uri) == []
    assert redirect_problems([], "https://post.example.org", redirectUri=uri)
    assert redirect_problems([BACK], "http://localhost:8080", redirectUri=uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://evil.example\\@localhost/",
        "http://localhost\\.evil.example/",
        "http://localhost:80:evil.example/",
        "http://localhost/#x",
        "http://localhost/\n",
        "//localhost/",
        "http://0.0.0.0/",
    ],
)
def test_and_nothing_that_only_looks_like_it(uri):
    assert redirect_problems([], "http://localhost:8080", redirectUri=uri)


@given(st.text())
def test_no_text_makes_the_check_stumble(text):
    assert redirect_problems([], "http://localhost", redirectUri=text)
    assert not redirect_problems([text], "http://localhost", redirectUri=text)
