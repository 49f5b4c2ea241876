"""The apps that networks know: who may ask for consent, what for, and where people are led."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.platforms.simulators.helpers import Play, play

BACK, HOME = "https://shop.example/back", "http://127.0.0.1:9/back"
GOOGLE = "https://www.googleapis.com/auth/"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@dataclass(frozen=True)
class Login:
    """A network's login: its two addresses, a scope that it has, and its words for what it does not know.

    `scope_back` is the error with which a misspelt scope leads back to the app; empty where a page says `no_scope`.
    `unknown` are status and words of the token address for an app that nobody registered.
    """

    platform: str
    page: str
    token: str
    scope: str
    no_app: str
    no_redirect: str
    no_scope: str
    unknown: tuple[int, str]
    scope_back: str = ""
    client_name: str = "client_id"
    more: dict[str, str] | None = None


META = ("Invalid App ID", "URL blocked", "Invalid Scopes")
SETTINGS = "correct the following and try again:"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
LOGINS = (
    Login("twitter", "/i/oauth2/authorize", "/2/oauth2/token", "tweet.read", *("give access to the App",) * 3,
        (401, "unauthorized_client"), more=PKCE),
    Login("instagram", "/oauth/authorize", "/oauth/access_token", "instagram_business_basic", *META,
        (400, "Invalid client_id or client_secret")),
    Login("facebook", "/v26.0/dialog/oauth", "/v26.0/oauth/access_token", "pages_show_list", *META,
        (400, "Error validating application")),
    Login("threads", "/oauth/authorize", "/oauth/access_token", "threads_basic", *META[:2],
        "request for access is not valid", (400, "Error validating")),
    Login("youtube", "/o/oauth2/v2/auth", "/token", f"{GOOGLE}youtube.upload", "invalid_client",
        "redirect_uri_mismatch", "invalid_scope", (401, "The OAuth client was not found.")),
    Login("googlebusiness", "/o/oauth2/v2/auth", "/token", f"{GOOGLE}business.manage", "invalid_client",
        "redirect_uri_mismatch", "invalid_scope", (401, "The OAuth client was not found.")),
    Login("tiktok", "/v2/auth/authorize/", "/v2/oauth/token/", "user.info.basic", f"{SETTINGS} client_key",
        f"{SETTINGS} redirect_uri", f"{SETTINGS} scope", (401, "invalid_client"), client_name="client_key"),
    Login("pinterest", "/oauth/", "/v5/oauth/token", "pins:read", *("request for access is not valid",) * 3,
        (401, "Authentication failed")),
    Login("linkedin", "/oauth/v2/authorization", "/oauth/v2/accessToken", "openid", "client_id is invalid",
        "redirect_uri does not match the registered value", "", (401, "invalid_client"),
        scope_back="unauthorized_scope_error"),
    Login("reddit", "/api/v1/authorize", "/api/v1/access_token", "identity", "invalid client id",
        "invalid redirect_uri parameter", "", (401, "Unauthorized"), scope_back="invalid_scope"),
)  # fmt: skip
each = pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.platform)


async def asked(running: Play, login: Login, client: str, back: str, scope: str) -> httpx2.Response:
    query = {
        login.client_name: client,
        "redirect_uri": back,
        "scope": scope,
        "state": "s",
        "response_type": "code",
    }
    url = f"{running.info.urls[login.platform]}{login.page}"
    return await running.http.get(url, params=query | (login.more or {}) | {"sandbox_decision": "approve"})


async def redeemed(running: Play, login: Login, client: str, secret: str, code: str) -> httpx2.Response:
    form = {
        login.client_name: client,
        "client_secret": secret,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
    }
    pair = b64encode(f"{client}:{secret}".encode()).decode()
    basic = {"authorization": f"Basic {pair}"} if login.platform in {"twitter", "pinterest", "reddit"} else {}
    agent = {"user-agent": "test:polypost-suite:1.0 (by /u/demo)"}
    url = f"{running.info.urls[login.platform]}{login.token}"
    return await running.http.post(url, data=form, headers=agent | basic)


def refused(answer: httpx2.Response, words: str) -> None:
    assert 400 <= answer.status_code < 500, answer.headers.get("location")
    assert words in answer.text


@each
async def test_an_app_is_registered_by_one_call(login: Login, running: Play) -> None:
    refused(await asked(running, login, "shop", BACK, login.scope), login.no_app)
    unknown = await redeemed(running, login, "shop", "secret", "code")
    assert unknown.status_code == login.unknown[0]
    assert login.unknown[1] in unknown.text
    app = {"platform": login.platform, "clientId": "shop", "redirectUris": [BACK]}
    made = await running.control("POST", "apps", **app, clientSecret="secret")
    assert made == app
    assert app in (await running.control("GET", f"apps?platform={login.platform}"))["apps"]
    refused(await asked(running, login, "shop", "https://elsewhere.example/", login.scope), login.no_redirect)
    assert "code=" in (await asked(running, login, "shop", HOME, login.scope)).headers["location"]
    misspelt = await asked(running, login, "shop", BACK, f"{login.scope} {login.scope}s")
    if login.scope_back:
        assert parse_qs(urlsplit(misspelt.headers["location"]).query)["error"] == [login.scope_back]
    else:
        refused(misspelt, login.no_scope)
    wrong = await redeemed(running, login, "shop", "wrong", "code")
    assert wrong.status_code == login.unknown[0]


async def test_the_sandbox_s_own_app_leads_to_this_machine_alone(running: Play) -> None:
    login = LOGINS[0]
    assert "code=" in (await asked(running, login, "sandbox-app", HOME, "tweet.read")).headers["location"]
    refused(await asked(running, login, "sandbox-app", BACK, "tweet.read"), login.no_redirect)
    app = {"platform": "twitter", "clientId": "sandbox-app"}
    await running.control("POST", "apps", **app, clientSecret="other", redirectUris=[BACK])
    assert "code=" in (await asked(running, login, "sandbox-app", BACK, "tweet.read")).headers["location"]
    # Its secret stays what everybody knows.
    assert (await redeemed(running, login, "sandbox-app", "other", "x")).status_code == 401
    assert (await redeemed(running, login, "sandbox-app", "sandbox-app-secret", "x")).status_code == 400
    await running.control("POST", "reset", accounts=True)
    assert "code=" in (await asked(running, login, "sandbox-app", BACK, "tweet.read")).headers["location"]


def test_no_secret_of_an_app_is_kept(tmp_path: Path) -> None:
    secret = "a-secret-of-no-other"

    async def story(running: Play) -> None:
        await running.control("POST", "apps", platform="twitter", clientId="shop", clientSecret=secret)
        assert (await redeemed(running, LOGINS[0], "shop", secret, "x")).status_code == 400
        assert (await redeemed(running, LOGINS[0], "shop", "other", "x")).status_code == 401

    play(tmp_path, story)
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"shop" in kept
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"platform": "mastodon", "clientId": "a"}, "Apps can be registered here on twitter, "),
        ({"platform": "bluesky", "clientId": "a"}, "Apps can be registered here on twitter, "),
        ({"platform": "twitter"}, "clientId must be a text"),
        ({"platform": "twitter", "clientId": "a", "redirectUris": "https://a.example"}, "must be a list"),
        ({"platform": "twitter", "clientId": "a", "redirectUris": [""]}, "must be a list"),
        ({"platform": "twitter", "clientId": "a", "secret": "s"}, "Unknown: secret"),
    ],
)
async def test_what_cannot_be_registered(running: Play, body: dict[str, Any], words: str) -> None:
    answer = await running.http.post(f"{running.info.url}/_sandbox/apps", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize("platform", ["facebook", "instagram", "threads"])
async def test_a_version_of_the_graph_api_that_never_was(running: Play, platform: str) -> None:
    (entry, *_), url = await running.accounts(platform), running.info.urls[platform]
    headers = {"authorization": f"Bearer {entry['accessToken']}"}
    known = ("v1.0",) if platform == "threads" else ("v26.0", "v21.0", "v2.12")
    for version in known:
        assert (await running.http.get(f"{url}/{version}/me", headers=headers)).status_code == 200
    for version in ("v99.0", "v2.80", "v7.3"):
        for path in ("me", "oauth/access_token", "dialog/oauth"):
            answer = await running.http.get(f"{url}/{version}/{path}", headers=headers)
            assert answer.status_code == 400
            error = answer.json()["error"]
            assert (error["code"], error["message"]) == (2500, f"Unknown path components: /{path}")
