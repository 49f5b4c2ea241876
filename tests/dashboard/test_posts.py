"""The list of posts and the page of each: its states, its story, and what can be done about it."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from polypost import clock
from tests.contract.tenant import Linked, Tenant
from tests.dashboard.browser import Browser

SOON = timedelta(days=3)


@pytest.fixture(scope="module")
def x(local: Tenant) -> Linked:
    return local.connect("twitter")


def made(tenant: Tenant, content: str, *accounts: Linked, **more: Any) -> str:
    body = {"content": content, "platforms": [{"platform": a.platform, "accountId": a.id} for a in accounts]}
    when = more or {"publishNow": True}
    answer = tenant.client.post("/v1/posts", json=body | when)
    assert answer.status_code < 300, answer.text
    return str(answer.json()["postId"])


def scheduled(tenant: Tenant, content: str, *accounts: Linked) -> str:
    hour = (clock.now() + SOON).strftime("%Y-%m-%dT09:00")
    return made(tenant, content, *accounts, scheduledFor=hour, timezone="Europe/Berlin")


def read(tenant: Tenant, post_id: str) -> dict[str, Any]:
    return dict(tenant.client.get(f"/v1/posts/{post_id}").json()["post"])


def ended(tenant: Tenant, post_id: str) -> dict[str, Any]:
    """The post once nothing of it is under way."""
    while (post := read(tenant, post_id))["status"] == "publishing":
        time.sleep(0.1)
    return post


def test_a_published_post_shows_link_credits_drawing_and_its_story(
    local: Tenant, local_owner: Browser, x: Linked
) -> None:
    post_id = made(local, "Told as a <b>whole</b> story", x)
    url = f"/{local.project_id}/posts/{post_id}"
    page = local_owner.get(url)
    assert page.status_code == 200
    assert "Told as a &lt;b&gt;whole&lt;/b&gt; story" in page.text
    assert "Published" in page.text
    assert read(local, post_id)["platforms"][0]["platformPostUrl"] in unescape(page.text)
    assert "1 credit, charged" in page.text
    assert "Talked to X: one request." in page.text
    # The exchange is there to be read, and has no token in it.
    assert "/2/tweets" in page.text
    assert "authorization: Bearer •••" in page.text
    # The request that makes it again.
    assert "x-access-key: YOUR_KEY" in unescape(page.text)
    frame = re.search(r'src="(/dashboard/[^"]+/look/[^"]+)"', page.text)
    assert frame is not None
    drawn = local_owner.get(frame[1])
    policy = drawn.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'<style nonce="{nonce[1]}">' in drawn.text
    assert "frame-ancestors 'self'" in policy
    assert "whole" in drawn.text
    assert local_owner.get(f"{url}/look/tgt_none").status_code == 404


def test_what_failed_is_said_changed_and_tried_again(local: Tenant, local_owner: Browser, x: Linked) -> None:
    local.world.control("POST", "faults", json={"platform": "twitter", "fault": "suspended", "times": 1})
    post_id = made(local, "Fails at first", x)
    assert ended(local, post_id)["status"] == "failed"
    url = f"/{local.project_id}/posts/{post_id}"
    page = local_owner.get(url)
    assert "X has restricted this account" in page.text
    assert "1 credit, not charged" in page.text
    assert "It refused: 403." in page.text
    form = {"platform": "twitter", "account": x.id}
    # What does not fit is said at its card, and what was typed stays.
    refused = local_owner.post(f"{url}/change", form | {f"text.{x.id}": "too long " * 60})
    assert refused.status_code == 400
    assert "280 weighted characters" in unescape(refused.text)
    assert "too long too long" in refused.text
    assert read(local, post_id)["status"] == "failed"
    options = {f"option.{x.id}.replySettings": "following"}
    answer = local_owner.post(f"{url}/change", form | {f"text.{x.id}": "Goes\r\nat last"} | options)
    assert answer.status_code == 200, answer.text
    post = ended(local, post_id)
    assert post["status"] == "published"
    assert post["platforms"][0]["content"] == "Goes\nat last"
    assert post["platforms"][0]["platformSpecificData"] == {"replySettings": "following"}
    assert "Its own text:" in local_owner.get(url).text
    # What is out is not tried again, and the page says why.
    again = local_owner.post(f"{url}/retry", form)
    assert again.status_code == 409
    assert "Only failed targets can be tried again" in again.text


def test_a_lost_answer_needs_a_look_before_it_is_sent_again(
    local: Tenant, local_owner: Browser, x: Linked
) -> None:
    for fault in ("error_before", "read_error"):
        local.world.control("POST", "faults", json={"platform": "twitter", "fault": fault})
    post_id = made(local, "Nobody knows", x)
    post = ended(local, post_id)
    assert post["platforms"][0]["errorCode"] == "outcome_unknown"
    local.world.control("DELETE", "faults")
    url = f"/{local.project_id}/posts/{post_id}"
    page = local_owner.get(url)
    assert "Look before you retry:" in page.text
    # It is no failure as any other, wherever the post is shown.
    assert page.text.count('class="state unknown"') == 2
    listed = local_owner.get(f"/{local.project_id}/posts").text
    assert re.search(rf'data-post="{post_id}" class="edge is-unknown"', listed)
    month = local_owner.get(f"/{local.project_id}/calendar").text
    assert re.search(rf'is-unknown"[^>]* data-post="{post_id}"', month)
    assert 'name="force"' in page.text
    form = {"platform": "twitter", "account": x.id}
    refused = local_owner.post(f"{url}/retry", form)
    assert refused.status_code == 409
    assert "It is not known whether this post is out" in refused.text
    local_owner.post(f"{url}/retry", form | {"force": "yes"})
    assert ended(local, post_id)["status"] == "published"


def test_a_scheduled_post_is_moved_cancelled_and_deleted(
    local: Tenant, local_owner: Browser, members: Any, x: Linked
) -> None:
    post_id = scheduled(local, "For later", x)
    url = f"/{local.project_id}/posts/{post_id}"
    page = local_owner.get(url)
    assert "It goes out by itself at its hour." in page.text
    assert "09:00 Europe/Berlin" in page.text
    # Twice: without a script the second is in UTC.
    assert re.search(r"0[78]:00 UTC", page.text)
    assert f"compose?edit={post_id}" in page.text
    assert f"compose?from={post_id}" in page.text
    assert "Delete “" not in page.text
    gone = local_owner.post(f"{url}/reschedule", {"at": "2001-01-01T10:00", "zone": "Europe/Berlin"})
    assert gone.status_code == 400
    assert "This time has passed." in gone.text
    hour = (clock.now() + 2 * SOON).strftime("%Y-%m-%dT18:30")
    assert local_owner.post(f"{url}/reschedule", {"at": hour, "zone": "Asia/Tokyo"}).status_code == 200
    assert "18:30 Asia/Tokyo" in local_owner.get(url).text
    author = members(local, "author")
    assert author.get(url).status_code == 200
    assert author.post(f"{url}/cancel").status_code == 403
    assert read(local, post_id)["status"] == "scheduled"
    local_owner.post(f"{url}/cancel")
    assert read(local, post_id)["status"] == "draft"
    assert "Delete “For later”" in local_owner.get(url).text
    deleted = local_owner.post(f"{url}/delete")
    assert "The post is deleted." in deleted.text
    assert local_owner.get(url).status_code == 404


def test_deleting_on_the_network_takes_it_back(local: Tenant, local_owner: Browser, x: Linked) -> None:
    dying = local.connect("twitter")
    post_id = made(local, "To be taken back", x, dying)
    url = f"/{local.project_id}/posts/{post_id}"
    assert "On the networks, too, where they allow it: X" in local_owner.get(url).text
    fault = {"platform": "twitter", "fault": "token_dead", "accountId": dying.user_id}
    local.world.control("POST", "faults", json=fault)
    refused = local_owner.post(f"{url}/delete", {"networks": "yes"})
    assert refused.status_code == 409
    assert "onnect the account again" in refused.text
    # One of them is taken back, and the page says so.
    assert "Taken back from the network." in refused.text
    assert local_owner.post(f"{url}/delete").status_code == 200
    assert local_owner.get(url).status_code == 404
    post_id = made(local, "Taken back at once", x)
    gone = local_owner.post(f"/{local.project_id}/posts/{post_id}/delete", {"networks": "yes"})
    assert "Deleted on X." in gone.text
    (post,) = [each for each in local.world.visible("twitter") if "Taken back at once" in str(each)]
    assert post["deleted"]


def test_lists_are_narrowed_searched_and_say_what_they_looked_at(tenant: Tenant, owner: Browser) -> None:
    first, second = tenant.connect("twitter"), tenant.connect("mastodon")
    one = scheduled(tenant, "Ein Löwe im Zoo", first)
    two = scheduled(tenant, "LÖWE & Bär", second)
    base = f"/{tenant.project_id}/posts"

    def shown(**query: str) -> list[str]:
        answer = owner.get(base, params=query)
        assert answer.status_code == 200, answer.text
        return re.findall(r'data-post="([^"]+)"', answer.text)

    assert shown() == [two, one]
    assert shown(q="löwe") == [two, one]
    assert shown(q="löwe bär") == [two]
    assert shown(account=first.id) == [one]
    assert shown(platform="mastodon") == [two]
    assert shown(status="published") == []
    assert shown(q="zoo", platform="mastodon") == []
    today = clock.now().strftime("%Y-%m-%d")
    assert shown(**{"from": today, "zone": "UTC"}) == [two, one]
    assert shown(to="2001-01-01") == []
    assert shown(**{"from": "nonsense", "page": "9"}) == []
    assert shown(page="9" * 6) == []
    for number in ("9" * 7, "9" * 40, "-1", "one"):
        assert shown(page=number) == [two, one]
    nothing = owner.get(base, params={"q": "Elefant"})
    assert "No post fits all of this." in nothing.text
    # An id leads to its post.
    assert owner.get(base, params={"q": one}).url.path.endswith(f"/posts/{one}")
    # A part for who has the page already.
    part = owner.get(base, headers={"x-part": "true"})
    assert "<html" not in part.text
    assert one in part.text


def test_an_empty_list_teaches_with_a_command_for_this_server(new: Any, embedded: Any, members: Any) -> None:
    fresh = new(embedded)
    account = fresh.connect("threads")
    page = unescape(members(fresh).get(f"/{fresh.project_id}/posts").text)
    assert "No posts yet" in page
    assert f"curl {embedded.url}/v1/posts" in page
    assert account.id in page
