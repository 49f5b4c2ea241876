"""One failed target once more, without touching what is out."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.contract.tenant import Linked, Tenant, paths


def partial(tenant: Tenant, **fault: Any) -> tuple[dict[str, Any], dict[str, Any], Linked]:
    """A post of which one half failed: its body, its answer, and the account that refused."""
    tenant.account("twitter")
    bad = tenant.connect("twitter")
    tenant.fault(str(fault.pop("fault", "duplicate")), bad, **{"times": 1, **fault})
    body = tenant.body()
    body["platforms"].append({"platform": "twitter", "accountId": bad.id})
    answer = tenant.post(body).json()
    assert answer["status"] == "partial", answer
    return body, answer, bad


def retry(tenant: Tenant, post_id: str, body: Any = None, **options: Any) -> httpx2.Response:
    """`POST /v1/posts/{postId}/retry`."""
    return tenant.client.post(f"/v1/posts/{post_id}/retry", json=body, **options)


def test_only_what_failed_goes_out_again(tenant: Tenant) -> None:
    body, answer, bad = partial(tenant)
    used = tenant.used()
    said = retry(tenant, answer["postId"])
    assert said.status_code == 202
    assert said.json()["status"] == "published"
    assert said.json()["postId"] == answer["postId"]
    assert len(tenant.on_network(body["content"])) == 2
    assert tenant.used() == used + 1
    shown = tenant.get(answer["postId"])["platforms"][1]
    assert (shown["accountId"], shown["status"], shown["errorMessage"]) == (bad.id, "published", None)
    timeline = tenant.client.get(f"/v1/posts/{answer['postId']}/timeline").json()["timeline"]
    kinds = [line["kind"] for line in timeline if line["accountId"] == bad.id]
    assert kinds.index("failed") < kinds.index("published")


def test_a_target_may_be_named(tenant: Tenant) -> None:
    _, answer, bad = partial(tenant)
    chosen = {"platforms": [{"platform": "twitter", "accountId": bad.id}]}
    assert retry(tenant, answer["postId"], chosen).json()["status"] == "published"


def test_what_did_not_fail_cannot_be_retried(tenant: Tenant) -> None:
    _, answer, _ = partial(tenant)
    good = answer["platforms"][0]["accountId"]
    for body in ({"platforms": [{"platform": "twitter", "accountId": good}]},):
        refused = retry(tenant, answer["postId"], body)
        assert refused.status_code == 409
        assert refused.json()["code"] == "nothing_failed"
    for post in (tenant.published(), tenant.scheduled()):
        assert retry(tenant, post["postId"]).status_code == 409


def test_a_target_of_another_post_is_400(tenant: Tenant) -> None:
    _, answer, _ = partial(tenant)
    stranger = tenant.connect("twitter")
    body = {"platforms": [{"platform": "twitter", "accountId": stranger.id}]}
    assert paths(retry(tenant, answer["postId"], body)) == {"platforms"}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"platforms": []}, "platforms"),
        ({"platforms": "twitter"}, "platforms"),
        ({"platforms": [{"platform": "twitter"}]}, "platforms[0].accountId"),
        ({"force": "yes"}, "force"),
        ({"again": True}, "again"),
    ],
)
def test_its_body_is_closed(local: Tenant, body: Any, path: str) -> None:
    assert path in paths(retry(local, "post_x", body))


def test_it_takes_an_idempotency_key(tenant: Tenant) -> None:
    body, answer, _ = partial(tenant)
    used = tenant.used()
    headers = {"Idempotency-Key": "retry-1"}
    first = retry(tenant, answer["postId"], headers=headers)
    again = retry(tenant, answer["postId"], headers=headers)
    assert first.json()["status"] == again.json()["status"] == "published"
    assert again.headers["idempotency-replayed"] == "true"
    assert tenant.used() == used + 1
    assert len(tenant.on_network(body["content"])) == 2


def test_an_unknown_outcome_needs_force(tenant: Tenant) -> None:
    """The answer is lost, and the account's list lags for longer than anybody looks."""
    tenant.account("twitter")
    lost = tenant.connect("twitter")
    tenant.fault("lost_answer", lost, times=1)
    tenant.fault("listing_lag", lost, seconds=600)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": lost.id}]}
    twin = {**body, "publishNow": False, "scheduledFor": "2027-01-01T00:00:00Z"}
    # An open target with the same text, so that a refusal as a duplicate would prove nothing.
    tenant.post(twin)
    used = tenant.used()
    post_id = tenant.post(body).json()["postId"]
    (post,) = tenant.settle(post_id)
    (entry,) = post["platforms"]
    assert (post["status"], entry["errorCode"]) == ("failed", "outcome_unknown")
    assert "Look at the account" in entry["errorMessage"]
    assert tenant.used() == used
    refused = retry(tenant, post_id)
    assert refused.status_code == 409
    assert refused.json()["code"] == "outcome_unknown"
    assert "force" in refused.json()["message"]
    forced = retry(tenant, post_id, {"force": True}, headers={"Prefer": "respond-async"})
    assert forced.status_code == 202


def test_a_network_in_trouble_is_tried_again_by_itself(tenant: Tenant) -> None:
    troubled = tenant.connect("twitter")
    tenant.fault("error_before", troubled, times=1)
    body = {**tenant.body(), "platforms": [{"platform": "twitter", "accountId": troubled.id}]}
    answer = tenant.post(body, headers={"Prefer": "respond-async"}).json()
    (post,) = tenant.settle(answer["postId"])
    assert post["status"] == "published"
    assert len(tenant.on_network(body["content"])) == 1
