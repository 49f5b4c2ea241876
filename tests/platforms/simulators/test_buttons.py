"""The buttons on the sandbox's pages: what they do, for whom, and where they lead back to."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx2
import pytest
from tests.platforms.simulators.facebook import Facebook
from tests.platforms.simulators.helpers import Play, demo_account

fb = demo_account(Facebook)
FORM = re.compile(r"<form method=\"post\" action=\"([^\"]+)\">(.*?)</form>", re.DOTALL)
FIELD = re.compile(r"<(?:input|button)[^>]*?name=\"(\w+)\"(?: type=\"\w+\")?[^>]*?value=\"([^\"]*)\"")


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """The forms of a page: where they go, and what they send unless somebody writes something else."""
    return [
        (address, {name: html.unescape(value) for name, value in FIELD.findall(inner)})
        for address, inner in FORM.findall(page)
    ]


async def pressed(running: Play, page: str, button: str, **written: str) -> httpx2.Response:
    """Press the button of that name on the page at this address, as a browser does."""
    shown = (await running.http.get(page)).text
    action, fields = next(
        (to, sent) for to, sent in forms(shown) if f'value="{button}"' in shown and fields_of(sent, button)
    )
    origin = "/".join(page.split("/")[:3])
    return await running.http.post(
        action, data=fields | {"press": button} | written, headers={"origin": origin}
    )


def fields_of(sent: dict[str, str], button: str) -> bool:
    return {"fault": "platform", "clear": "back", "advance": "seconds", "comment": "postId"}[button] in sent


@pytest.mark.parametrize("platform", ["twitter", "instagram", "reddit", "bluesky"])
async def test_every_networks_pages_have_them_and_a_way_back(running: Play, platform: str) -> None:
    (account, *_) = await running.accounts(platform)
    front = (await running.http.get(running.info.url)).text
    link = re.search(
        rf"href=\"({re.escape(running.info.urls[platform])}[^\"]+)\">@{re.escape(account['username'])}<",
        front,
    )
    assert link is not None
    page = (await running.http.get(link[1], follow_redirects=True)).text
    assert f'<a href="{running.info.url}/">all networks</a>' in page
    assert {action for action, _ in forms(page)} == {f"{running.info.url}/_sandbox/buttons"}


async def test_a_fault_is_switched_on_and_off(running: Play) -> None:
    page = f"{running.info.urls['twitter']}/demo"
    answer = await pressed(running, page, "fault", fault="lost_answer", times="2", seconds="")
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    (rule,) = (await running.control("GET", "faults"))["faults"]
    assert (rule["platform"], rule["fault"], rule["times"], rule["seconds"]) == (
        "twitter",
        "lost_answer",
        2,
        None,
    )
    assert "Switched on here:</b> lost_answer" in (await running.http.get(page)).text
    assert "Switched on here:</b> twitter lost_answer" in (await running.http.get(running.info.url)).text
    other = f"{running.info.urls['mastodon']}/@demo"
    assert "Switched on here" not in (await running.http.get(other)).text
    assert (await pressed(running, page, "clear", platform="twitter")).status_code == 303
    assert (await running.control("GET", "faults"))["faults"] == []


async def test_time_passes(running: Play) -> None:
    answer = await pressed(running, running.info.url, "advance", seconds="3600")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{running.info.url}/")
    assert 3590 < (await running.control("GET", "clock"))["ahead"] < 3610


async def test_somebody_comments(fb: Facebook) -> None:
    await fb.call("POST", f"/v25.0/{fb.id}/feed", json={"message": "Hello"})
    (post,) = await fb.posts()
    answer = await pressed(fb.running, post["permalink"], "comment", text="Nice <b>one</b>", author="Ada")
    assert (answer.status_code, answer.headers["location"]) == (303, post["permalink"])
    page = (await fb.running.http.get(post["permalink"])).text
    assert "Nice &lt;b&gt;one&lt;/b&gt;" in page
    assert "Ada" in page


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"press": "fault", "platform": "twitter", "fault": "no_such"}, "There is no fault"),
        ({"press": "fault", "platform": "x", "fault": "slow"}, "platform must be one of"),
        (
            {"press": "fault", "platform": "twitter", "fault": "slow", "times": "often"},
            "times must be a number",
        ),
        ({"press": "advance"}, "seconds must be a number"),
        ({"press": "comment", "platform": "twitter", "postId": "1", "text": "x"}, "Comments can be made on"),
        ({"press": "jump"}, "There is no such button"),
    ],
)
async def test_what_cannot_be_done_is_a_page_that_says_why(
    running: Play, form: dict[str, str], says: str
) -> None:
    back = f"{running.info.urls['facebook']}/demopage"
    answer = await running.http.post(
        f"{running.info.url}/_sandbox/buttons",
        data=form | {"back": back},
        headers={"origin": running.info.url},
    )
    assert (answer.status_code, says in html.unescape(answer.text)) == (400, True)
    assert f'<a href="{back}">' in answer.text


@pytest.mark.parametrize(("origin", "status"), [(None, 415), ("https://page.example", 403), ("null", 403)])
async def test_a_strangers_page_has_none(running: Play, origin: str | None, status: int) -> None:
    headers: dict[str, Any] = {} if origin is None else {"origin": origin}
    form = {"press": "advance", "seconds": "86400"}
    answer = await running.http.post(f"{running.info.url}/_sandbox/buttons", data=form, headers=headers)
    assert answer.status_code == status
    assert (await running.control("GET", "clock"))["ahead"] == 0


async def test_they_lead_back_to_the_sandbox_only(running: Play) -> None:
    for back in ("https://page.example/", f"{running.info.url}.page.example/", "//page.example", ""):
        form = {"press": "advance", "seconds": "1", "back": back}
        answer = await running.http.post(
            f"{running.info.url}/_sandbox/buttons", data=form, headers={"origin": running.info.url}
        )
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
