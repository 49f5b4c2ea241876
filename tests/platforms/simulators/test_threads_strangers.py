"""What clients of Threads that nobody here wrote were seen to send, dress by dress."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

from tests import media
from tests.platforms.simulators.helpers import demo_account
from tests.platforms.simulators.threads import API, Threads, good

BACK = "https://app.example/back"

threads = demo_account(Threads)


async def test_a_picture_is_published_without_a_look_at_its_container(threads: Threads) -> None:
    url = threads.files.add("a.jpg", media.jpeg())
    asked = {"media_type": "IMAGE", "image_url": url, "text": "at once"}
    made = good(await threads.call("POST", f"{API}/{threads.id}/threads", params=asked))["id"]
    sent = await threads.call("POST", f"{API}/me/threads_publish", params={"creation_id": made})
    assert (await threads.get(good(sent)["id"], fields="text"))["text"] == "at once"


async def test_dresses_of_a_call(threads: Threads) -> None:
    plain = {"content-type": "application/json"}
    read = await threads.call("GET", f"/{API}//me/", params={"fields": '["username"]'}, headers=plain)
    assert good(read)["username"] == "demo"


async def test_the_long_token_at_the_other_address(threads: Threads) -> None:
    web, app = threads.running.http, (threads.account["clientId"], threads.account["clientSecret"])
    asked = {"client_id": app[0], "redirect_uri": BACK, "response_type": "code", "scope": "threads_basic"}
    page = await web.get(
        f"{threads.url}/oauth/authorize?{urlencode(asked | {'sandbox_decision': 'approve'})}"
    )
    code = parse_qs(urlsplit(page.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
    short = good(await web.post(f"{threads.url}/oauth/access_token", data=form, auth=app))["access_token"]
    more = {"grant_type": "th_exchange_token", "access_token": short, "client_secret": app[1]}
    long = await web.get(f"{threads.url}/oauth/access_token", params=more)
    assert good(long)["expires_in"] > 5_000_000


async def test_a_list_s_next_address_needs_no_header(threads: Threads) -> None:
    for text in ("a", "b"):
        asked = {"media_type": "TEXT", "text": text, "auto_publish_text": "true"}
        good(await threads.call("POST", f"{API}/me/threads", data=asked))
    here = await threads.get("me/threads", fields="text", limit=1)
    following = good(await threads.running.http.get(here["paging"]["next"]))
    assert [each["text"] for each in following["data"]] == ["a"]
