"""What the networks show of a post: drawn as data and as HTML, without a trace in the store."""

from __future__ import annotations

from tests.contract.tenant import Tenant


def test_it_draws_and_stores_nothing(tenant: Tenant) -> None:
    before = tenant.client.get("/v1/posts").json()["total"], tenant.used()
    answer = tenant.client.post("/v1/posts/preview", json=tenant.body("Hello #tag", "twitter"))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["valid"] is True
    assert "not a promise" in said["notice"]
    [entry] = said["platforms"]
    assert entry["platform"] == entry["drawing"]["platform"] == "twitter"
    text = entry["drawing"]["parts"][0]["text"]
    assert (text["visible"], text["folded"]) == ("Hello #tag", False)
    assert "#tag" in entry["html"]
    assert (tenant.client.get("/v1/posts").json()["total"], tenant.used()) == before
