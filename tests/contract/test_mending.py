"""`PUT /v1/posts/{postId}`: failed targets are changed and tried again; and how late a post may be."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.contract.tenant import Tenant, paths, words
from tests.contract.test_bulk import CSV
from tests.contract.test_retry import partial
from tests.contract.uploading import uploaded
from tests.media import png


def mend(tenant: Tenant, post_id: str, body: Any, **options: Any) -> httpx2.Response:
    """`PUT /v1/posts/{postId}`."""
    return tenant.client.put(f"/v1/posts/{post_id}", json=body, **options)


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_only_what_failed_is_changed_and_goes_out(tenant: Tenant) -> None:
    body, answer, bad = partial(tenant)
    used, better = tenant.used(), words()
    said = mend(tenant, answer["postId"], {"content": better})
    assert (said.status_code, said.json()["status"], said.json()["postId"]) == (
        202,
        "published",
        answer["postId"],
    )
    assert (len(tenant.on_network(body["content"])), len(tenant.on_network(better))) == (1, 1)
    assert tenant.used() == used + 1
    shown = tenant.get(answer["postId"])
    good, mended = shown["platforms"]
    assert (shown["content"], shown["rawRequestBody"], shown["mediaItems"]) == (body["content"], body, [])
    assert (good["content"], "changedAt" in good) == (None, False)
    assert (mended["content"], mended["status"]) == (better, "published")
    assert (mended["platformSpecificData"], "mediaItems" in mended) == ({}, False)
    timeline = tenant.client.get(f"/v1/posts/{answer['postId']}/timeline").json()["timeline"]
    (line,) = [line for line in timeline if line["kind"] == "changed"]
    assert (line["accountId"], line["detail"]["changed"]) == (bad.id, ["content"])


def test_a_target_has_its_own_text_media_and_options(tenant: Tenant) -> None:
    _, answer, bad = partial(tenant)
    file, text = uploaded(tenant, png(40, 40))["publicUrl"], words()
    entry = {
        "platform": "twitter",
        "accountId": bad.id,
        "content": text,
        "mediaItems": [{"type": "image", "url": file, "altText": "A square"}],
        "platformSpecificData": {"replySettings": "following"},
    }
    said = mend(tenant, answer["postId"], {"content": "For nobody", "platforms": [entry]})
    assert said.json()["status"] == "published", said.text
    (post,) = tenant.on_network(text)
    assert post["mediaCount"] == 1
    (item,) = tenant.get(answer["postId"])["platforms"][1].pop("mediaItems")
    assert (item["url"], item["altText"], item["mimeType"]) == (file, "A square", "image/png")
    assert (
        tenant.get(answer["postId"])["platforms"][1]["platformSpecificData"] == entry["platformSpecificData"]
    )


def test_what_did_not_fail_is_left_as_it_is(tenant: Tenant) -> None:
    _, answer, _ = partial(tenant)
    good = answer["platforms"][0]["accountId"]
    named = {"content": "Other", "platforms": [{"platform": "twitter", "accountId": good}]}
    assert code(mend(tenant, answer["postId"], named)) == (409, "nothing_failed")
    assert code(mend(tenant, tenant.published()["postId"], {"content": "Other"})) == (409, "nothing_failed")
    refused = mend(tenant, tenant.scheduled()["postId"], {"content": "Other"})
    assert code(refused) == (409, "not_failed")
    assert "/v1/posts/scheduled/" in refused.json()["message"]
    draft = tenant.client.post("/v1/posts/drafts", json={"content": "A", "platforms": [tenant.entry()]})
    assert code(mend(tenant, draft.json()["postId"], {"content": "Other"})) == (409, "not_failed")
    assert code(mend(tenant, "post_x", {"content": "Other"})) == (404, "post_not_found")


def test_while_one_is_under_way_it_is_409(tenant: Tenant) -> None:
    _, answer, bad = partial(tenant)
    tenant.fault("slow", bad, seconds=3)
    first = mend(tenant, answer["postId"], {"content": words()}, headers={"Prefer": "respond-async"})
    assert first.status_code == 202
    assert code(mend(tenant, answer["postId"], {"content": words()})) == (409, "already_publishing")
    assert tenant.client.post(f"/v1/posts/{answer['postId']}/retry").status_code == 409
    (post,) = tenant.settle(answer["postId"])
    assert post["status"] == "published"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ""),
        ({"force": True}, ""),
        ({"content": None}, ""),
        ({"content": 5}, "content"),
        ({"content": "A", "publishNow": True}, "publishNow"),
        ({"content": "A", "platforms": []}, "platforms"),
        ({"platforms": [{"platform": "twitter"}]}, "platforms[0].accountId"),
        (
            {"content": "A", "platforms": [{"platform": "twitter", "accountId": "int_x"}]},
            "platforms[0].accountId",
        ),
        ({"mediaItems": [{"type": "image", "url": "http://10.0.0.1/a.png"}]}, "mediaItems[0].url"),
        ({"content": "x" * 5000}, "content"),
    ],
)
def test_its_body_is_checked(local: Tenant, body: Any, path: str) -> None:
    _, answer, _ = partial(local)
    used = local.used()
    assert path in paths(mend(local, answer["postId"], body))
    assert (local.get(answer["postId"])["status"], local.used()) == ("partial", used)


def test_every_problem_is_said_at_once(local: Tenant) -> None:
    _, answer, bad = partial(local)
    entry = {
        "platform": "twitter",
        "accountId": bad.id,
        "content": "x" * 5000,
        "mediaItems": [{"type": "image", "url": "http://10.0.0.1/a.png"}],
        "platformSpecificData": {"nonsense": 1},
    }
    refused = mend(local, answer["postId"], {"platforms": [entry], "nonsense": 1})
    assert paths(refused) == {
        "nonsense",
        "platforms[0].mediaItems[0].url",
        "platforms[0].platformSpecificData.nonsense",
    }
    del entry["platformSpecificData"]
    assert "platforms[0].content" in paths(mend(local, answer["postId"], {"platforms": [entry]}))
    entry = {"platform": "twitter", "accountId": bad.id}
    assert paths(mend(local, answer["postId"], {"platforms": [entry]})) == {"platforms[0]"}


def test_it_takes_an_idempotency_key(tenant: Tenant) -> None:
    _, answer, _ = partial(tenant)
    used, text = tenant.used(), words()
    headers = {"Idempotency-Key": "mend-1"}
    first = mend(tenant, answer["postId"], {"content": text}, headers=headers)
    again = mend(tenant, answer["postId"], {"content": text}, headers=headers)
    assert first.json()["status"] == again.json()["status"] == "published"
    assert again.headers["idempotency-replayed"] == "true"
    assert mend(tenant, answer["postId"], {"content": "Other"}, headers=headers).status_code == 422
    assert (tenant.used(), len(tenant.on_network(text))) == (used + 1, 1)


def test_without_credits_all_stays(new: Any, world: Any) -> None:
    tenant = new(world, credits=2)
    _, answer, _ = partial(tenant)
    tenant.published()
    before = tenant.get(answer["postId"])
    assert mend(tenant, answer["postId"], {"content": words()}).status_code == 402
    assert tenant.get(answer["postId"]) == before


def test_a_lost_answer_that_is_found_nowhere_needs_force(tenant: Tenant) -> None:
    account = tenant.connect("twitter")
    tenant.fault("error_before", account)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": account.id}]}
    post_id = tenant.post(body, headers={"Prefer": "respond-async"}).json()["postId"]
    (post,) = tenant.settle(post_id)
    assert post["platforms"][0]["errorCode"] == "outcome_unknown"
    tenant.world.control("DELETE", "faults?platform=twitter")
    text = words()
    refused = mend(tenant, post_id, {"content": text})
    assert code(refused) == (409, "outcome_unknown")
    assert "force" in refused.json()["message"]
    assert mend(tenant, post_id, {"content": text, "force": True}).json()["status"] == "published"
    assert (len(tenant.on_network(text)), len(tenant.on_network(body["content"]))) == (1, 0)


@pytest.mark.parametrize(
    ("late", "path"),
    [
        ({"late": "later"}, "late"),
        ({"late": "skip"}, "lateAfter"),
        ({"lateAfter": 60}, "late"),
        ({"late": "skip", "lateAfter": 0}, "lateAfter"),
        ({"late": "skip", "lateAfter": "60"}, "lateAfter"),
        ({"late": "skip", "lateAfter": 86_401}, "lateAfter"),
    ],
)
def test_how_late_a_post_may_be_is_checked(local: Tenant, late: dict[str, Any], path: str) -> None:
    assert paths(local.post(local.body(**late))) == {path}
    assert not local.client.post("/v1/posts/validate", json=local.body(**late)).json()["valid"]


def test_how_late_a_post_may_be_is_kept_and_shown(tenant: Tenant) -> None:
    late = {"late": "skip", "lateAfter": 900}
    post_id = tenant.scheduled(**late)["postId"]

    def kept() -> dict[str, Any]:
        shown = tenant.get(post_id)
        return {name: shown[name] for name in ("late", "lateAfter")}

    assert kept() == late
    edited = {"content": words(), "platforms": [tenant.entry()]}
    assert tenant.client.put(f"/v1/posts/scheduled/{post_id}", json=edited).status_code == 200
    assert kept() == late
    other = {"late": "publish"}
    assert tenant.client.put(f"/v1/posts/scheduled/{post_id}", json=edited | other).status_code == 200
    assert kept() == {"late": "publish", "lateAfter": None}
    assert "late" not in tenant.get(tenant.scheduled()["postId"])


def test_schedules_drafts_and_files_say_how_late_a_post_may_be(tenant: Tenant) -> None:
    late = {"late": "skip", "lateAfter": 900}
    body = {"content": words(), "platforms": [tenant.entry()]}
    draft = tenant.client.post("/v1/posts/drafts", json=body | late).json()
    times = {"timezone": "UTC", "rule": "FREQ=DAILY;COUNT=2", "startsAt": "2027-01-01T09:00:00"}
    schedule = tenant.client.post("/v1/schedules", json=body | late | times).json()["schedule"]
    assert (schedule["late"], schedule["lateAfter"]) == ("skip", 900)
    account = tenant.account("twitter").id
    row = f"content,platform,accountId,scheduledFor,late,lateAfter\r\n{words()},twitter,{account},2027-01-01T09:00:00Z,skip,900\r\n"
    upload = tenant.client.post("/v1/posts/bulk", content=row.encode(), headers=CSV).json()
    assert upload["success"], upload
    shown = tenant.get(draft["postId"])
    assert (shown["late"], shown["lateAfter"]) == ("skip", 900)
