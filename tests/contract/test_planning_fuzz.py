"""Bodies that nobody would write, for schedules, queues and drafts: never a 500, and a refusal names places."""

from __future__ import annotations

from typing import Any

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tenant import Tenant
from tests.contract.test_fuzz import anything, bodies, texts, times, zones

CALM = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
rules = st.sampled_from(
    ["FREQ=YEARLY", "FREQ=DAILY;COUNT=2", "FREQ=MONTHLY;BYDAY=5MO;BYMONTH=2", "FREQ=WEEKLY;UNTIL=20280101"]
)
slot = st.fixed_dictionaries({"weekday": st.just("monday") | texts, "time": st.just("09:00") | texts})


def fits(answer: httpx2.Response, *good: int) -> None:
    said = answer.json()
    if answer.status_code in good:
        assert said["success"] is True
        return
    assert answer.status_code in {400, 404, 409}, answer.text
    assert said["success"] is False
    assert said["message"]


@CALM
@given(data=st.data())
def test_schedules(local: Tenant, data: Any) -> None:
    account = local.account("twitter").id
    body = {"content": "x", "platforms": [{"platform": "twitter", "accountId": account}]}
    body |= {"rule": "FREQ=YEARLY", "startsAt": "2027-07-07T09:00:00", "timezone": "UTC"}
    changes = st.fixed_dictionaries(
        {},
        optional={
            "rule": rules | anything,
            "startsAt": times | anything,
            "timezone": zones | anything,
            "name": texts | anything,
            "content": texts | anything,
            "mediaItems": anything,
            "platforms": anything,
            "other": anything,
        },
    )
    wrong = data.draw(changes)
    made = local.client.post("/v1/schedules", json=body | wrong)
    fits(made, 201)
    preview = {name: (body | wrong)[name] for name in ("rule", "startsAt", "timezone")}
    fits(local.client.post("/v1/schedules/preview", json=preview), 200)
    if made.status_code == 201:
        path = f"/v1/schedules/{made.json()['schedule']['id']}"
        fits(local.client.patch(path, json=data.draw(changes)), 200)
        fits(local.client.delete(path), 200)


@CALM
@given(data=st.data())
def test_queues_and_drafts(local: Tenant, data: Any) -> None:
    slots = {
        "timezone": data.draw(zones),
        "slots": data.draw(st.lists(slot | anything, max_size=3) | anything),
    }
    fits(local.client.put("/v1/queue/slots", json=slots), 200)
    body = data.draw(bodies([local.account("twitter").id]))
    for name in data.draw(st.sets(st.sampled_from(["scheduledFor", "publishNow", "timezone"]))):
        body.pop(name, None)
    body.pop("scheduledAt", None)
    fits(local.client.post("/v1/queue/posts", json=body), 202)
    kept = local.client.post("/v1/posts/drafts", json=body)
    fits(kept, 201)
    if kept.status_code == 201:
        asked = {"scheduledFor": data.draw(times | anything), "timezone": data.draw(zones)}
        fits(local.client.post(f"/v1/posts/drafts/{kept.json()['postId']}/schedule", json=asked), 202)
