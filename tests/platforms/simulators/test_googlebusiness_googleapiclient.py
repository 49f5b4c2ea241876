"""google-api-python-client, which knows nothing of us, works unchanged; only host and port are replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import Resource, build, build_from_document
from googleapiclient.errors import HttpError
from requests_oauthlib import OAuth2Session
from tests import media
from tests.platforms.simulators.googlebusiness import Google
from tests.platforms.simulators.helpers import on
from tests.specs.localposts import document

SCOPE = "https://www.googleapis.com/auth/business.manage"
MASK = "name,title,storeCode,languageCode,metadata"


@dataclass
class Shop:
    """What a small program of somebody else's does with Google's client."""

    url: str
    control: str
    account: dict[str, Any]
    credentials: Credentials
    in_use: ExitStack = field(default_factory=ExitStack)

    def api(self, name: str) -> Resource:
        api = build(
            name,
            "v1",
            credentials=self.credentials,
            static_discovery=True,
            client_options={"api_endpoint": self.url},
        )
        return self.in_use.enter_context(api)

    def posts(self) -> Any:
        # Google hosts no document for v4, so a program brings its own.
        api = build_from_document(
            document(), credentials=self.credentials, client_options={"api_endpoint": self.url}
        )
        return self.in_use.enter_context(api).accounts().locations().localPosts()

    def fault(self, fault: str) -> None:
        rule = {"platform": "googlebusiness", "fault": fault, "times": 1}
        requests.post(f"{self.control}/_sandbox/faults", json=rule, timeout=5).raise_for_status()


@pytest.fixture
def shop(tmp_path: Path) -> Callable[[Any], None]:
    """Run a story in a thread, with the credentials of the first demo account and the address of a photo."""

    def told(story: Callable[[Shop, str], None]) -> None:
        async def main(google: Google) -> None:
            account = google.account
            credentials = Credentials(
                account["accessToken"],
                refresh_token=account["refreshToken"],
                token_uri=f"{google.url}/token",
                client_id=account["clientId"],
                client_secret=account["clientSecret"],
                scopes=[SCOPE],
            )
            photo = google.files.add("photo.jpg", media.jpeg(1200, 900))
            there = Shop(google.url, google.running.info.url, account, credentials)
            with there.in_use:
                await asyncio.to_thread(story, there, photo)

        on(Google, tmp_path, main)

    return told


def test_from_the_login_to_a_post_and_back(shop: Callable[[Any], None]) -> None:
    def story(there: Shop, photo: str) -> None:
        accounts = there.api("mybusinessaccountmanagement").accounts().list(pageSize=20).execute()["accounts"]
        group = next(each for each in accounts if each["type"] == "LOCATION_GROUP")
        information = there.api("mybusinessbusinessinformation").accounts().locations()
        request = information.list(parent=group["name"], readMask=MASK, pageSize=1)
        found = []
        while request is not None:
            answer = request.execute()
            found += answer["locations"]
            request = information.list_next(request, answer)
        assert [each["title"] for each in found] == ["Demo Café", "Demo Café 2"]
        home = f"{group['name']}/{found[0]['name']}"
        assert home == there.account["platformUserId"]
        body = {
            "languageCode": "en",
            "summary": "From the client",
            "topicType": "STANDARD",
            "callToAction": {"actionType": "LEARN_MORE", "url": "https://example.com/a"},
            "media": [{"mediaFormat": "PHOTO", "sourceUrl": photo}],
        }
        posts = there.posts()
        made = posts.create(parent=home, body=body).execute()
        assert (made["state"], made["summary"]) == ("PROCESSING", "From the client")
        while (now := posts.get(name=made["name"]).execute())["state"] == "PROCESSING":
            pass
        assert now["state"] == "LIVE"
        place = urlsplit(now["searchUrl"])
        page = requests.get(f"{there.url}{place.path}?{place.query}", timeout=5)
        assert "From the client" in page.text
        changed = posts.patch(name=made["name"], body={"summary": "Changed"}, updateMask="summary").execute()
        assert changed["summary"] == "Changed"
        assert [each["name"] for each in posts.list(parent=home).execute()["localPosts"]] == [made["name"]]
        assert posts.delete(name=made["name"]).execute() == {}
        assert posts.list(parent=home).execute() == {}

    shop(story)


def test_events_and_offers_and_pages(shop: Callable[[Any], None]) -> None:
    def story(there: Shop, _: str) -> None:
        home, posts = there.account["platformUserId"], there.posts()
        schedule = {
            "startDate": {"year": 2026, "month": 12, "day": 4},
            "startTime": {"hours": 20, "minutes": 30},
            "endDate": {"year": 2026, "month": 12, "day": 5},
            "endTime": {"hours": 1},
        }
        event = {"title": "Friday gig", "schedule": schedule}
        posts.create(parent=home, body={"topicType": "EVENT", "summary": "Live", "event": event}).execute()
        offer = {"topicType": "OFFER", "summary": "Two for one", "offer": {"couponCode": "TWO"}}
        posts.create(parent=home, body=offer).execute()
        request, kinds = posts.list(parent=home, pageSize=1), set()
        while request is not None:
            answer = request.execute()
            kinds |= {each["topicType"] for each in answer["localPosts"]}
            request = posts.list_next(request, answer)
        assert kinds == {"EVENT", "OFFER"}

    shop(story)


def test_errors_in_the_clients_words(shop: Callable[[Any], None]) -> None:
    def story(there: Shop, _: str) -> None:
        home, posts = there.account["platformUserId"], there.posts()
        photo = [{"mediaFormat": "PHOTO", "sourceUrl": "http://127.0.0.1:9/a.jpg"}]
        with pytest.raises(HttpError) as refused:
            posts.create(parent=home, body={"topicType": "STANDARD", "media": photo}).execute()
        assert refused.value.status_code == 400
        (entry,) = refused.value.error_details[0]["errorDetails"]
        assert (entry["code"], entry["message"]) == (1000, "Fetching image failed.")
        with pytest.raises(HttpError, match="not found"):
            posts.get(name=f"{home}/localPosts/5").execute()
        with pytest.raises(HttpError) as masked:
            there.api("mybusinessbusinessinformation").accounts().locations().list(
                parent="accounts/-"
            ).execute()
        assert masked.value.status_code == 400
        there.fault("quota_zero")
        with pytest.raises(HttpError, match="Quota exceeded") as limited:
            there.api("mybusinessaccountmanagement").accounts().list().execute()
        assert limited.value.error_details[0]["metadata"]["quota_limit_value"] == "0"

    shop(story)


def test_tokens_that_end_and_the_standing_of_a_location(shop: Callable[[Any], None]) -> None:
    def story(there: Shop, _: str) -> None:
        there.credentials.token = "ya29.that-ended-long-ago"
        number = there.account["platformUserId"].rpartition("/")[2]
        standing = there.api("mybusinessverifications").locations()
        state = standing.getVoiceOfMerchantState(name=f"locations/{number}").execute()
        assert state["hasVoiceOfMerchant"] is True
        assert there.credentials.token != "ya29.that-ended-long-ago"
        requests.post(
            f"{there.url}/revoke", data={"token": there.credentials.refresh_token}, timeout=5
        ).raise_for_status()
        with pytest.raises(RefreshError, match="invalid_grant"):
            standing.getVoiceOfMerchantState(name=f"locations/{number}").execute()

    shop(story)


def test_the_consent_by_another_clients_session(
    shop: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client wants https unless it is told that this is a test.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    def story(there: Shop, _: str) -> None:
        session = there.in_use.enter_context(
            OAuth2Session(
                "strangers-app", redirect_uri="https://app.example/back", scope=[SCOPE], pkce="S256"
            )
        )
        address, state = session.authorization_url(
            f"{there.url}/o/oauth2/v2/auth", access_type="offline", prompt="consent"
        )
        page = requests.get(f"{address}&sandbox_decision=approve", allow_redirects=False, timeout=5)
        tokens = session.fetch_token(
            f"{there.url}/token",
            authorization_response=page.headers["location"],
            client_secret="any",
            state=state,
        )
        assert tokens["scope"] == [SCOPE]
        there.credentials = Credentials(tokens["access_token"], refresh_token=tokens["refresh_token"])
        made = there.posts().create(
            parent=there.account["platformUserId"], body={"topicType": "STANDARD", "summary": "Hello"}
        )
        assert made.execute()["state"] == "LIVE"

    shop(story)
