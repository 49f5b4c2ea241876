"""`POST /v1/posts` as the Create Post page describes it: every body, every answer shape, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.tenant import Tenant, later, paths, words
from tests.processes import World


def shape(answer: dict[str, Any]) -> None:
    """The keys that every 202 has."""
    assert isinstance(answer["success"], bool)
    assert isinstance(answer["postId"], str)
    assert answer["postId"]
    assert answer["status"] in {"scheduled", "publishing", "published", "partial", "failed"}
    for entry in answer["platforms"]:
        assert isinstance(entry["platform"], str)
        assert isinstance(entry["success"], bool)


def test_one_text_on_one_network(tenant: Tenant) -> None:
    body = tenant.body()
    answer = tenant.post(body)
    assert answer.status_code == 202
    said = answer.json()
    shape(said)
    assert (said["success"], said["status"]) == (True, "published")
    (entry,) = said["platforms"]
    (seen,) = tenant.on_network(body["content"])
    assert entry["success"] is True
    assert entry["platformPostUrl"] == seen["permalink"]
    assert entry["platformPostId"] == seen["id"]
    assert "error" not in entry
    assert "scheduledFor" not in said


def test_both_spellings_of_the_path_answer_directly(tenant: Tenant) -> None:
    for path in ("/v1/posts", "/v1/posts/"):
        answer = tenant.client.post(path, json=tenant.body())
        assert answer.status_code == 202
        assert "location" not in answer.headers


def test_a_picture_and_a_text_of_its_own_for_each_network(tenant: Tenant) -> None:
    body = tenant.body(None, "twitter", "instagram")
    other = words()
    body["platforms"][1]["content"] = other
    before = tenant.used()
    said = tenant.post(body).json()
    shape(said)
    assert (said["success"], said["status"]) == (True, "published")
    assert [entry["platform"] for entry in said["platforms"]] == ["twitter", "instagram"]
    (on_x,) = tenant.on_network(body["content"], "twitter")
    (on_instagram,) = tenant.on_network(other, "instagram")
    assert on_x["mediaCount"] == on_instagram["mediaCount"] == 1
    assert tenant.used() == before + 2


def test_scheduled_for_later(tenant: Tenant) -> None:
    said = tenant.post(
        tenant.body(None, "twitter", "instagram", scheduledFor=later(7200), timezone="America/New_York")
    ).json()
    shape(said)
    assert (said["success"], said["status"]) == (True, "scheduled")
    assert said["scheduledFor"].endswith("Z")
    assert [entry["success"] for entry in said["platforms"]] == [True, True]
    tenant.client.delete(f"/v1/posts/scheduled/{said['postId']}")


def test_publish_now_false_with_an_hour_is_scheduled(tenant: Tenant) -> None:
    said = tenant.post(tenant.body(publishNow=False, scheduledFor=later(7200))).json()
    assert said["status"] == "scheduled"
    tenant.client.delete(f"/v1/posts/scheduled/{said['postId']}")


def test_a_mixed_end_is_partial_and_only_the_success_is_paid(tenant: Tenant) -> None:
    good, bad = tenant.account("twitter"), tenant.connect("twitter")
    tenant.fault("duplicate", bad)
    body = tenant.body()
    body["platforms"].append({"platform": "twitter", "accountId": bad.id})
    before = tenant.used()
    answer = tenant.post(body)
    said = answer.json()
    assert answer.status_code == 202
    shape(said)
    assert (said["success"], said["status"]) == (True, "partial")
    fine, failed = said["platforms"]
    assert (fine["accountId"], fine["success"]) == (good.id, True)
    assert (failed["accountId"], failed["success"]) == (bad.id, False)
    assert advises(failed["error"])
    assert "platformPostUrl" not in failed
    assert tenant.used() == before + 1
    shown = tenant.get(said["postId"])
    assert [entry["status"] for entry in shown["platforms"]] == ["published", "failed"]
    assert shown["platforms"][1]["errorMessage"] == failed["error"]


def test_when_every_network_refuses_the_answer_is_still_202(tenant: Tenant) -> None:
    tenant.fault("duplicate", tenant.account("twitter"), times=1)
    before = tenant.used()
    answer = tenant.post(tenant.body())
    assert answer.status_code == 202
    said = answer.json()
    shape(said)
    assert (said["success"], said["status"]) == (False, "failed")
    assert advises(said["platforms"][0]["error"])
    assert tenant.used() == before


def test_a_dead_account_fails_alone_and_says_to_connect_it_again(tenant: Tenant) -> None:
    body = tenant.body()
    dead = tenant.connect("twitter")
    tenant.fault("token_dead", dead)
    body["platforms"].append({"platform": "twitter", "accountId": dead.id})
    said = tenant.post(body).json()
    assert said["status"] == "partial"
    assert "onnect the account again" in said["platforms"][1]["error"]
    account = tenant.client.get(f"/v1/connect/integrations/{dead.id}").json()["integration"]
    assert account["authStatus"] == "reconnect_required"
    assert account["tokenStatus"]["reconnectRequired"] is True
    again = tenant.post({**tenant.body(), "platforms": body["platforms"]}).json()
    assert again["status"] == "partial"
    assert "onnect the account again" in again["platforms"][1]["error"]


def test_media_that_cannot_be_fetched_fail_the_target(tenant: Tenant) -> None:
    missing = tenant.world.demo_image().rpartition("/")[0] + "/missing.jpg"
    said = tenant.post(tenant.body(mediaItems=[{"type": "image", "url": missing}])).json()
    assert said["status"] == "failed"
    assert "mage URL is not publicly accessible" in said["platforms"][0]["error"]
    assert advises(said["platforms"][0]["error"])


def test_media_that_are_not_what_they_were_called(tenant: Tenant) -> None:
    url = tenant.world.demo_image()
    said = tenant.post(tenant.body(mediaItems=[{"type": "video", "url": url}])).json()
    assert said["status"] == "failed"
    assert 'Set type to "image"' in said["platforms"][0]["error"]


@pytest.mark.parametrize("count", [2, 4])
def test_several_pictures(tenant: Tenant, count: int) -> None:
    body = tenant.body()
    body["mediaItems"] = [
        {"type": "image", "url": f"{tenant.world.demo_image()}?n={n}"} for n in range(count)
    ]
    said = tenant.post(body).json()
    assert said["status"] == "published", said
    assert tenant.on_network(body["content"])[0]["mediaCount"] == count


def test_options_of_a_network(tenant: Tenant) -> None:
    body = tenant.body()
    body["platforms"][0]["platformSpecificData"] = {
        "replySettings": "following",
        "threadItems": [{"content": words()}, {"content": words()}],
    }
    said = tenant.post(body).json()
    assert said["status"] == "published", said
    for item in body["platforms"][0]["platformSpecificData"]["threadItems"]:
        assert len(tenant.on_network(item["content"])) == 1


def test_whole_numbers_may_come_as_floats(tenant: Tenant) -> None:
    body = tenant.body()
    body["platforms"][0]["platformSpecificData"] = {"poll": {"options": ["a", "b"], "durationMinutes": 60.0}}
    assert tenant.post(body).json()["status"] == "published"


def test_null_is_the_same_as_left_out(tenant: Tenant) -> None:
    body = tenant.body(mediaItems=None, scheduledFor=None, timezone=None)
    body["publishNow"] = True
    body["platforms"][0] |= {"content": None, "platformSpecificData": None}
    assert tenant.post(body).json()["status"] == "published"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"platforms": []}, "platforms"),
        ({"platforms": {}}, "platforms"),
        ({"platforms": None}, "platforms"),
        ({"publishNow": "true"}, "publishNow"),
        ({"publishNow": 1}, "publishNow"),
        ({"publishNow": False}, "publishNow"),
        ({"publishNow": None}, "publishNow"),
        ({"draft": True}, "draft"),
        ({"mediaItems": {}}, "mediaItems"),
        ({"mediaItems": [{"type": "image"}]}, "mediaItems[0].url"),
        ({"mediaItems": [{"type": "song", "url": "https://example.com/a"}]}, "mediaItems[0].type"),
        ({"mediaItems": [{"type": "image", "url": "https://example.com/a", "alt": ""}]}, "mediaItems[0].alt"),
        ({"mediaItems": [{"type": "image", "url": "not a url"}]}, "mediaItems[0].url"),
        ({"mediaItems": [{"type": "image", "url": ""}]}, "mediaItems[0].url"),
        ({"mediaItems": [{"type": "image", "url": 7}]}, "mediaItems[0].url"),
        ({"scheduledFor": later(600)}, "publishNow"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": 5}, "timezone"),
    ],
)
def test_each_mistake_is_named_by_its_path(local: Tenant, change: dict[str, Any], path: str) -> None:
    answer = local.post(local.body() | change)
    assert path in paths(answer)
    said = answer.json()
    assert said["success"] is False
    assert said["code"] == "validation_error"
    assert said["message"]
    assert all(problem["message"] for problem in said["errors"])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"platform": "myspace"}, "platforms[0].platform"),
        ({"platform": "instagram"}, "platforms[0].accountId"),
        ({"accountId": "int_unknown"}, "platforms[0].accountId"),
        ({"accountId": ""}, "platforms[0].accountId"),
        ({"accountId": 5}, "platforms[0].accountId"),
        ({"mediaItems": []}, "platforms[0].mediaItems"),
        ({"platformSpecificData": []}, "platforms[0].platformSpecificData"),
        ({"platformSpecificData": {"subreddit": "x"}}, "platforms[0].platformSpecificData.subreddit"),
        ({"platformSpecificData": {"longPost": "yes"}}, "platforms[0].platformSpecificData.longPost"),
        (
            {"platformSpecificData": {"poll": {"options": ["a"], "durationMinutes": 60}}},
            "platforms[0].platformSpecificData.poll.options",
        ),
        ({"content": "x" * 281}, "platforms[0].content"),
    ],
)
def test_each_mistake_in_an_entry_is_named_by_its_path(
    local: Tenant, change: dict[str, Any], path: str
) -> None:
    body = local.body()
    body["platforms"][0] |= change
    assert path in paths(local.post(body))


def test_every_problem_is_named_at_once(local: Tenant) -> None:
    answer = local.post(
        {
            "content": 5,
            "unknown": 1,
            "timezone": "Nowhere",
            "publishNow": "yes",
            "mediaItems": [{"type": "image", "url": "http://127.0.0.1/a.jpg"}, {"type": "sound", "url": ""}],
            "platforms": [
                {"platform": "twitter", "accountId": "int_nobody", "platformSpecificData": {"wrong": 1}},
                {"platform": "instagram", "platformSpecificData": {"wrong": 1}},
                {"platform": "orkut", "accountId": "x", "platformSpecificData": {"wrong": 1}},
                "twitter",
            ],
        }
    )
    assert paths(answer) == {
        "content",
        "unknown",
        "timezone",
        "publishNow",
        "mediaItems[0].url",
        "mediaItems[1].type",
        "mediaItems[1].url",
        "platforms[0].accountId",
        "platforms[0].platformSpecificData.wrong",
        "platforms[1].accountId",
        "platforms[1].platformSpecificData.wrong",
        "platforms[2].platform",
        "platforms[3]",
    }
    # None is named twice: what stands in for a wrong part is not judged.
    assert len(answer.json()["errors"]) == 13


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"content": None}, {"content"}),
        ({"platforms": []}, {"platforms"}),
        ({"platforms": "all"}, {"platforms"}),
        ({"mediaItems": "none"}, {"mediaItems"}),
        ({"mediaItems": [{"type": "sound", "url": "https://example.com/"}] * 3}, {"mediaItems[0].type"}),
        ({"content": None, "platforms": None, "mediaItems": 5}, {"content", "platforms", "mediaItems"}),
    ],
)
def test_what_is_wrong_makes_no_problems_elsewhere(
    local: Tenant, change: dict[str, Any], named: set[str]
) -> None:
    answer = local.post(local.body(None, "instagram") | change | {"timezone": "Nowhere"})
    found = {path for path in paths(answer) if not path.startswith(("mediaItems[1]", "mediaItems[2]"))}
    assert found == named | {"timezone"}


def test_the_same_account_twice_is_refused_at_the_second(local: Tenant) -> None:
    body = local.body()
    body["platforms"].append(dict(body["platforms"][0]))
    assert paths(local.post(body)) == {"platforms[1].accountId"}


def test_an_account_of_another_network_is_refused(local: Tenant) -> None:
    body = local.body()
    body["platforms"][0]["platform"] = "instagram"
    body["mediaItems"] = [{"type": "image", "url": local.world.demo_image()}]
    assert paths(local.post(body)) == {"platforms[0].accountId"}


def test_networks_say_what_they_need(local: Tenant) -> None:
    answer = local.post(
        {"content": "no picture", "publishNow": True, "platforms": [local.entry("instagram")]}
    )
    assert paths(answer) == {"mediaItems"}
    assert answer.json()["errors"][0]["hint"]


def test_a_refused_body_leaves_nothing_behind(tenant: Tenant) -> None:
    before = tenant.client.get("/v1/posts").json()["total"]
    assert tenant.post(tenant.body("x" * 300)).status_code == 400
    assert tenant.client.get("/v1/posts").json()["total"] == before


def test_every_400_says_what_to_do(local: Tenant) -> None:
    """Whatever is wrong, the hint beside it says how to put it right."""
    body = local.body("x" * 300, publishNow="now", timezone="CET+1", surprise=1)
    body["mediaItems"] = [{"type": "image", "url": "ftp://example.com/a"}, {"type": "picture", "url": 5}]
    body["platforms"][0]["platformSpecificData"] = {"longPost": 1, "nothing": 2}
    body["platforms"].append({"platform": "twitter", "accountId": "int_nobody"})
    body["platforms"].append({"platform": "orkut", "accountId": ""})
    answer = local.post(body)
    for problem in answer.json()["errors"]:
        assert problem["hint"], problem


def test_a_post_that_takes_longer_is_accepted_and_can_be_followed(embedded: World, local: Tenant) -> None:
    slow = local.connect("twitter")
    local.fault("slow", slow, seconds=1.5, times=2)
    body = {**local.body(), "platforms": [{"platform": "twitter", "accountId": slow.id}]}
    answer = local.post(body, headers={"Prefer": "respond-async"})
    said = answer.json()
    assert answer.status_code == 202
    shape(said)
    assert (said["success"], said["status"]) == (True, "publishing")
    assert said["platforms"][0]["success"] is True
    (post,) = local.settle(said["postId"])
    assert post["status"] == "published"


def advises(text: str) -> bool:
    """Whether a message goes on after what happened: a second sentence says what to do."""
    return len(text.rstrip(".").split(". ")) > 1
