"""The composer: forms without script, files, changes of posts, previews, and what people do wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from polypost.dashboard.options import fields_of, read, written
from polypost.platforms.registry import BUILT_IN
from tests import media
from tests.contract.tenant import Tenant, words
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members

HOSTILE = "</textarea><script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7*7 }} \u202e"


def form(tenant: Tenant, text: str | None = None, *platforms: str, **more: Any) -> dict[str, Any]:
    """What the form of a post says that goes out now."""
    accounts = [tenant.account(name).id for name in platforms or ("twitter",)]
    return {
        "content": words() if text is None else text,
        "account": accounts,
        "when": "now",
        "zone": "UTC",
        "do": "send",
        "once": words()[-30:],
        **more,
    }


def place(tenant: Tenant, *parts: str) -> str:
    return "/".join([f"/{tenant.project_id}/compose", *parts])


def row(url: str = "", **more: str) -> dict[str, Any]:
    """A row of the media, filled in."""
    said = {"url": url, "type": "image", "altText": "", "thumbnail": "", "ratio": "", "focus": "", "trim": ""}
    return {f"media-{name}": value for name, value in (said | more).items()}


def post_of(answer: Any) -> str:
    """The id of the post whose page a form led to."""
    found = re.search(r"/posts/(post_\w+)$", str(answer.url))
    assert found, (answer.url, answer.text)
    return found[1]


def soon(hours: int = 30) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def messages(page: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'<span class="message">(.*?)</span>', page)]


@pytest.mark.parametrize("often", [1, 20])
def test_a_form_that_is_sent_twice_is_one_post(tenant: Tenant, owner: Browser, often: int) -> None:
    sent = form(tenant)
    sent["once"] *= often
    first, second = (owner.post(place(tenant), sent) for _ in range(2))
    assert post_of(first) == post_of(second)
    tenant.settle(post_of(first))
    assert len(tenant.on_network(sent["content"])) == 1


def test_a_form_without_script_sends_a_file(tenant: Tenant, owner: Browser) -> None:
    files = {"file": ("holiday.png", media.png(640, 640), "image/png")}
    answer = owner.post(place(tenant), form(tenant, None, "instagram") | row(), files=files)
    (found,) = tenant.settle(post_of(answer))
    assert found["status"] == "published"
    (item,) = found["mediaItems"]
    assert item["type"] == "image"
    assert "/media/uploads/" in item["url"]


def test_a_file_that_is_none_leaves_what_was_typed(local: Tenant, local_owner: Browser) -> None:
    sent = form(local)
    files = {"file": ("holiday.png", b"not a picture at all", "image/png")}
    answer = local_owner.post(place(local), sent, files=files)
    assert answer.status_code == 400
    assert sent["content"] in answer.text
    assert sent["once"] in answer.text
    files = {"file": ("run.exe", b"MZ", "application/x-msdownload")}
    answer = local_owner.post(place(local), sent, files=files)
    assert answer.status_code == 400
    assert messages(answer.text) == ["is not a type that any network takes"]


def test_a_file_in_its_own_request(local: Tenant, local_owner: Browser) -> None:
    room = local_owner.post(
        place(local, "uploads"), {"name": "../../a b.png", "type": "", "size": str(len(media.png(64, 64)))}
    ).json()
    assert (room["kind"], room["type"]) == ("image", "image/png")
    kept = local_owner.client.put(
        room["put"], content=media.png(64, 64), headers={"content-type": room["type"]}
    )
    assert kept.status_code == 200, kept.text
    assert local_owner.client.get(room["url"]).content == media.png(64, 64)


def test_what_is_hostile_is_only_text(local: Tenant, local_owner: Browser) -> None:
    account = local.account("twitter").id
    hostile = form(local, HOSTILE, at=HOSTILE, when="at", zone=HOSTILE, rest=HOSTILE, edit="") | row(
        "javascript:alert(1)", type=HOSTILE, altText=HOSTILE, focus="x y", trim="1e999"
    )
    hostile |= {
        "account": [account, HOSTILE],
        f"text.{account}": HOSTILE,
        f"option.{account}.{HOSTILE}": HOSTILE,
    }
    hostile |= {
        f"option.{account}.poll.durationMinutes": "NaN",
        f"option.{account}.threadItems.99999.content": "x",
    }
    for path in ((), ("check",), ("media",), ("preview",)):
        answer = local_owner.post(place(local, *path), hostile)
        assert answer.status_code in {200, 400}, answer.text
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
        assert 'src="javascript:' not in answer.text
        assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|>49<", answer.text)


def test_a_film_of_another_host_is_not_fetched_to_be_shown(local: Tenant, local_owner: Browser) -> None:
    elsewhere = {"url": local.world.demo_image(), "kind": "video"}
    assert local_owner.get(place(local, "file"), params=elsewhere).status_code == 404
    film = media.mp4()
    room = local_owner.post(
        place(local, "uploads"), {"name": "a.mp4", "type": "video/mp4", "size": str(len(film))}
    ).json()
    sent = local_owner.client.put(room["put"], content=film, headers={"content-type": "video/mp4"})
    assert sent.status_code == 200, sent.text
    begin = {"range": "bytes=0-99"}
    shown = local_owner.get(place(local, "file"), params={"url": room["url"], "kind": "video"}, headers=begin)
    assert (shown.status_code, shown.content) == (206, film[:100])


def test_problems_lead_to_fields_that_are_there(local: Tenant, local_owner: Browser) -> None:
    x, toot, tok = (local.account(name).id for name in ("twitter", "mastodon", "tiktok"))
    wrong = form(
        local, "x" * 400, "twitter", "mastodon", "tiktok", when="at", at="yesterday", zone="Mars/Base"
    )
    wrong |= {
        f"text.{toot}": "y" * 400,
        f"option.{x}.poll.durationMinutes": "many",
        f"option.{x}.poll.options": "a",
        f"option.{x}.threadItems.1.content": "z" * 400,
        f"option.{x}.replySettings": "nobody",
        f"option.{tok}.unheardOf": "1",
    } | row("http://10.0.0.1/a.png", type="film", focus="2 3", ratio="zoom")
    answer = local_owner.post(place(local), wrong)
    assert answer.status_code == 400
    led = re.findall(r'<li data-field="([^"]+)"', answer.text)
    there = set(re.findall(r' id="([^"]+)"', answer.text))
    assert set(led) <= there
    expected = {
        "zone",
        f"option.{x}.poll.durationMinutes",
        f"option.{x}.replySettings",
        "media.0.type",
        "media.0.ratio",
    }
    assert expected <= set(led)
    for field in expected:
        assert re.search(rf'id="{re.escape(field)}"[^>]*aria-invalid="true"', answer.text), field
    assert "x" * 400 in answer.text
    assert "y" * 400 in answer.text
    assert "many" in answer.text


def test_an_empty_form_has_no_problems(local: Tenant, local_owner: Browser) -> None:
    empty = {"content": "", "when": "now", "zone": "UTC"}
    for further in ({}, {"account": local.account("twitter").id}):
        answer = local_owner.post(place(local, "check"), empty | further)
        assert messages(answer.text) == []
    answer = local_owner.post(place(local, "check"), empty | {"content": "Words"})
    assert "Choose at least one account" in answer.text
    assert messages(answer.text) == []
    refused = local_owner.post(place(local), form(local) | {"account": []})
    assert refused.status_code == 400


def test_the_button_says_what_it_will_do(local: Tenant, local_owner: Browser, members: Members) -> None:
    def button(browser: Browser, **more: Any) -> str:
        answer = browser.post(place(local, "check"), form(local, "Words", "twitter", "mastodon", **more))
        return unescape(re.findall(r'<button class="main"[^>]*>(.*?)</button>', answer.text)[0])

    year = datetime.now(UTC).year + 1
    assert button(local_owner) == "Publish to 2"
    at = f"{year}-01-05T09:00"
    assert button(local_owner, when="at", at=at).startswith("Schedule for ")
    assert button(local_owner, when="at", at=at).endswith(f"5 Jan {year}, 09:00")
    assert button(members(local, "author")) == "Ask for approval"


def test_an_hour_that_the_clocks_jump_over_is_said_in_words(local: Tenant, local_owner: Browser) -> None:
    year = datetime.now(UTC).year + 1
    jump = next(
        day
        for day in (datetime(year, 3, each, tzinfo=UTC) for each in range(31, 24, -1))
        if day.weekday() == 6
    )
    sent = form(local, "Words", when="at", at=f"{jump:%Y-%m-%d}T02:30", zone="Europe/Berlin")
    answer = local_owner.post(place(local, "check"), sent)
    assert "03:30" in answer.text
    assert "clocks" in unescape(re.sub(r"<[^>]+>", "", answer.text.split('data-part="instant"')[1]))


def test_posts_into_the_queue_again_and_again_and_as_drafts(local: Tenant, local_owner: Browser) -> None:
    closed = local_owner.post(place(local), form(local, when="queue"))
    assert closed.status_code == 409
    assert "no slots" in closed.text
    slots = [{"weekday": "monday", "time": "09:00"}]
    assert local.client.put("/v1/queue/slots", json={"timezone": "UTC", "slots": slots}).status_code == 200
    queued = local.get(post_of(local_owner.post(place(local), form(local, when="queue"))))
    assert (queued["status"], queued["scheduledFor"][11:16]) == ("scheduled", "09:00")

    again = form(local, when="repeat", rule="FREQ=DAILY", at=soon())
    answer = local_owner.post(place(local), again)
    schedules = local.client.get("/v1/schedules").json()["schedules"]
    assert [each["rule"] for each in schedules] == ["FREQ=DAILY"]
    assert answer.url.path.endswith(f"/recurrences/{schedules[0]['id']}"), answer.text

    draft = local_owner.post(place(local), form(local, "x" * 900, do="draft"))
    assert local.get(post_of(draft))["status"] == "draft"


def test_a_profile_has_a_queue_of_its_own(tenant: Tenant, owner: Browser) -> None:
    made = tenant.client.post("/v1/profiles", json={"name": "Brand <b>"}).json()["profile"]["id"]
    slots = [{"weekday": day, "time": "11:00"} for day in ("tuesday", "friday")]
    body = {"timezone": "UTC", "slots": slots, "profileId": made}
    assert tenant.client.put("/v1/queue/slots", json=body).status_code == 200
    assert "Brand &lt;b&gt;</option>" in owner.get(place(tenant) + "?empty=1").text
    sent = form(tenant, when="queue", profile=made)
    checked = owner.post(place(tenant, "check"), sent).text
    assert "11:00, UTC" in checked
    queued = tenant.get(post_of(owner.post(place(tenant), sent)))
    assert (queued["status"], queued["scheduledFor"][11:16]) == ("scheduled", "11:00")
    drafted = post_of(owner.post(place(tenant), form(tenant, do="draft")))
    owner.post(place(tenant), form(tenant, when="queue", profile=made, edit=drafted))
    assert tenant.get(drafted)["scheduledFor"][11:16] == "11:00"
    assert tenant.get(drafted)["scheduledFor"] > queued["scheduledFor"]
    # Another project's is none here.
    assert owner.post(place(tenant), form(tenant, when="queue", profile="prof_none")).status_code == 404


def test_the_boards_of_an_account_are_chosen_by_name(tenant: Tenant, owner: Browser) -> None:
    account = tenant.account("pinterest")
    listed = tenant.client.get("/v1/pinterest/boards", params={"accountId": account.id}).json()["boards"]
    page = owner.get(place(tenant, "boards") + f"?account={account.id}").text
    assert re.findall(r'<option value="(\w+)"', page) == [each["id"] for each in listed]
    assert f"{listed[0]['name']}</option>" in page
    for other in (tenant.account("twitter").id, "int_none"):
        assert owner.get(place(tenant, "boards") + f"?account={other}").status_code == 404


def test_a_scheduled_post_is_changed_and_nothing_of_it_is_lost(local: Tenant, local_owner: Browser) -> None:
    account = local.account("twitter").id
    made = local.scheduled(
        "twitter",
        late="skip",
        lateAfter=600,
        mediaFit="strict",
        platforms=[
            {
                "platform": "twitter",
                "accountId": account,
                "platformSpecificData": {"threadItems": [{"content": "b\n\nc"}]},
            }
        ],
    )
    post_id = made["postId"]
    page = local_owner.get(f"{place(local)}?edit={post_id}")
    assert page.status_code == 200
    said = fields(page.text)
    said["content"] += " and more"
    answer = local_owner.post(place(local), said | {"do": "send"})
    assert post_of(answer) == post_id
    found = local.get(post_id)
    assert found["content"].endswith(" and more")
    assert found["scheduledFor"][:16] == made["scheduledFor"][:16]
    copy = local_owner.get(f"{place(local)}?edit={post_id}")
    assert fields(copy.text)["rest"] == said["rest"]
    assert "lateAfter" in said["rest"]
    assert fields(copy.text)[f"option.{account}.threadItems.0.content"] == "b\n\nc"


def test_a_draft_is_changed_and_sent(local: Tenant, local_owner: Browser) -> None:
    draft = post_of(local_owner.post(place(local), form(local, do="draft")))
    said = fields(local_owner.get(f"{place(local)}?edit={draft}").text)
    refused = local_owner.post(place(local), said | {"content": "x" * 900, "do": "send"})
    assert refused.status_code == 400
    text = words()
    answer = local_owner.post(place(local), fields(refused.text) | {"content": text, "do": "send"})
    assert post_of(answer) == draft
    local.settle(draft)
    assert len(local.on_network(text)) == 1
    # What is out is not changed any more, but may be the beginning of another.
    again = local_owner.get(f"{place(local)}?edit={draft}")
    assert again.url.query == f"from={draft}".encode()
    assert fields(again.text)["content"] == text
    assert fields(again.text)["edit"] == ""


def test_an_author_asks_for_approval_and_publishes_nothing(local: Tenant, members: Members) -> None:
    author = members(local, "author")
    found = local.get(post_of(author.post(place(local), form(local, note="Please look"))))
    assert found["status"] == "draft"


def test_previews_load_nothing_from_other_hosts(local: Tenant, local_owner: Browser) -> None:
    sent = form(local, "See https://example.com/x", "twitter", "instagram", "mastodon")
    answer = local_owner.post(
        place(local, "preview"), sent | row(local.world.demo_image(), altText='A "picture"')
    )
    sources = [unescape(each) for each in re.findall(r'(?:src|poster)="([^"]+)"', answer.text)]
    assert sources
    assert all(each.startswith("/dashboard/") for each in sources)
    assert ' style="' not in answer.text
    assert "nonce-" in answer.headers["content-security-policy"]
    assert "http:" not in answer.headers["content-security-policy"]
    shown = local_owner.client.get(sources[0])
    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("image/")


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "file:///etc/passwd", "x", "http://10.0.0.1/a.png"]
)
def test_no_picture_of_an_address_that_is_refused(local: Tenant, local_owner: Browser, url: str) -> None:
    answer = local_owner.get(place(local, "file"), params={"url": url, "kind": "image"})
    assert answer.status_code == 404


def test_files_are_shown_to_members_only(local: Tenant, members: Members, new: Any) -> None:
    other = new(local.world)
    stranger = members(other)
    answer = stranger.get(place(local, "file"), params={"url": local.world.demo_image(), "kind": "image"})
    assert answer.status_code == 404


def test_who_is_signed_out_keeps_the_page(local: Tenant, members: Members) -> None:
    owner = members(local)
    sent = form(local)
    owner.get(place(local))
    token = owner.token
    owner.client.cookies.clear()
    answer = owner.client.post(
        f"/dashboard{place(local, 'check')}", data=sent | {"token": token}, headers={"x-part": "true"}
    )
    assert answer.status_code in {401, 403}
    assert "x-lead-to" not in answer.headers


@pytest.mark.parametrize("platform", BUILT_IN)
def test_options_come_back_from_a_form_as_they_went_in(platform: str) -> None:
    fields_there = fields_of(platform)
    assert fields_there
    options = {each.name: _example(each) for each in fields_there}
    assert read(fields_there, written(fields_there, options)) == options


def test_options_that_fit_no_field_are_kept() -> None:
    there = fields_of("twitter")
    odd = {
        "poll": {"options": [" a ", ""], "else": 1},
        "threadItems": [7],
        "unknown": {"a": [1]},
        "longPost": "perhaps",
    }
    assert read(there, written(there, odd)) == odd


def _example(field: Any) -> Any:
    if field.kind == "group":
        return {each.name: _example(each) for each in field.fields}
    if field.kind == "rows":
        return [{each.name: _example(each) for each in field.fields}] * 2
    return {
        "choice": (field.choices or ("",))[-1],
        "switch": False,
        "number": 0,
        "lines": ["a", "b c"],
        "json": [{"a": None}],
        "text": "1\n2 ",
    }[field.kind]


def fields(page: str) -> dict[str, Any]:
    """What the form of a page says, as a browser sends it."""
    part = page.split('<form method="post" enctype', 1)[1].split("</form>", 1)[0]
    said: dict[str, Any] = {
        "account": [],
        **{f"media-{name}": [] for name in ("url", "type", "altText", "thumbnail", "ratio", "focus", "trim")},
    }
    inputs = [(tag, "") for tag in re.findall(r"<(input[^>]*)>", part)]
    filled = re.findall(r"<(textarea[^>]*)>\n?(.*?)</textarea>", part, re.DOTALL)
    chosen_from = re.findall(r"<(select[^>]*)>(.*?)</select>", part, re.DOTALL)
    for tag, inner in [*inputs, *filled, *chosen_from]:
        name = unescape((re.search(r' name="([^"]*)"', tag) or ["", ""])[1])
        if not name or 'type="file"' in tag:
            continue
        value = unescape((re.search(r' value="([^"]*)"', tag) or ["", ""])[1])
        if tag.startswith("textarea"):
            value = unescape(inner)
        elif tag.startswith("select"):
            chosen = re.search(r'<option value="([^"]*)" selected', inner) or re.search(
                r'<option value="([^"]*)"', inner
            )
            value = unescape(chosen[1]) if chosen else ""
        elif ("checkbox" in tag or "radio" in tag) and " checked" not in tag:
            continue
        if isinstance(said.get(name), list):
            said[name].append(value)
        else:
            said[name] = value
    said.pop("token")
    return said
