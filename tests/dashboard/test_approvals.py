"""Approvals: what waits, who decides, and that exactly what was shown goes out, once."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import Connection, update

from polypost import access, clock
from polypost.access import people
from polypost.approvals import asking
from polypost.approvals.tables import approval_links
from polypost.posts.tables import posts
from tests.contract.tenant import Linked, Tenant, operator, words
from tests.dashboard import approving
from tests.dashboard.approving import Made, approve, new_link, nobody, place, rewrite, soon, version
from tests.dashboard.browser import HOME, Browser
from tests.dashboard.conftest import Members


@pytest.fixture(scope="module")
def x(tenant: Tenant) -> Linked:
    return tenant.connect("twitter")


@pytest.fixture(scope="module")
def waiting(tenant: Tenant, author: Browser, x: Linked) -> Made:
    return approving.asking(tenant, author, x)


def test_what_an_author_asks_for_goes_out_at_its_hour_once_an_editor_approves(
    tenant: Tenant, author: Browser, editor: Browser, waiting: Made
) -> None:
    text, at = words(), soon()
    post_id = waiting(text, when="at", at=at, zone="Europe/Berlin", note="For <b>Monday</b>")
    listed = author.get(place(tenant)).text
    assert text in listed
    assert "For &lt;b&gt;Monday&lt;/b&gt;" in listed
    assert f"{at[11:16]} Europe/Berlin" in listed
    assert "Look and decide" not in listed
    page = author.get(place(tenant, post_id))
    assert "/approve" not in page.text
    assert author.post(place(tenant, post_id, "approve"), {"version": "0"}).status_code == 403
    page = editor.get(place(tenant, post_id))
    assert "What has to change" in page.text
    frame = re.search(r'<iframe class="preview" src="([^"]+)"', page.text)
    assert frame is not None
    assert text in editor.get(frame[1]).text
    done = approve(tenant, editor, post_id)
    assert done.url.path == f"{HOME}/{tenant.project_id}/posts/{post_id}"
    assert "Approved" in done.text
    post = tenant.get(post_id)
    assert (post["status"], post["timezone"]) == ("scheduled", "Europe/Berlin")
    assert post["scheduledFor"] == clock.iso(clock.resolve(at, "Europe/Berlin").instant)
    assert editor.name in done.text
    log = operator(tenant.world, lambda db: people.list_acts(db, tenant.project_id))
    assert [(each.what, each.who, each.detail["post"]) for each in log[:2]] == [
        ("draft_approved", editor.name, post_id),
        ("approval_asked", author.name, post_id),
    ]
    lately = author.get(place(tenant)).text
    assert lately.index("Recently approved") < lately.index(text)


def test_a_changed_draft_is_approved_as_it_is_or_not_at_all(
    tenant: Tenant, editor: Browser, waiting: Made, x: Linked
) -> None:
    before, after = words(), words()
    post_id = waiting(before)
    seen = version(editor.get(place(tenant, post_id)))
    rewrite(tenant, post_id, after, x)
    refused = approve(tenant, editor, post_id, seen)
    assert refused.status_code == 409
    assert "changed since you looked" in refused.text
    assert after in refused.text
    back = editor.post(place(tenant, post_id, "return"), {"version": seen, "comment": "No"})
    assert back.status_code == 409
    assert ">No</textarea>" in back.text.replace("\n", "")
    link = editor.post(place(tenant, post_id, "links"), {"version": seen, "days": "7"})
    assert link.status_code == 409
    assert tenant.get(post_id)["status"] == "draft"
    assert approve(tenant, editor, post_id, version(refused)).status_code == 200
    tenant.settle(post_id)
    assert len(tenant.on_network(after)) == 1
    assert tenant.on_network(before) == []


def test_whatever_is_sent_is_part_of_what_is_approved(
    tenant: Tenant, editor: Browser, waiting: Made, x: Linked
) -> None:
    text, image = words(), tenant.world.demo_image()
    post_id = waiting(text)
    item = {"type": "image", "url": image}
    other = tenant.connect("mastodon")
    bodies: list[dict[str, Any]] = [
        {},
        {"mediaItems": [item]},
        {"mediaItems": [item | {"altText": "Other words"}]},
        {"mediaItems": [item], "mediaFit": "strict"},
        {"entry": {"content": f"{text} here"}},
        {"entry": {"platformSpecificData": {"replySettings": "following"}}},
        {"timezone": "Asia/Tokyo"},
    ]
    seen = []
    for body in bodies:
        rewrite(tenant, post_id, text, x, **body)
        seen.append(version(editor.get(place(tenant, post_id))))
    rewrite(tenant, post_id, text, other)
    seen.append(version(editor.get(place(tenant, post_id))))
    assert len(set(seen)) == len(bodies) + 1
    rewrite(tenant, post_id, text, x)
    assert version(editor.get(place(tenant, post_id))) == seen[0]
    rewrite(tenant, post_id, text, x, late="skip", lateAfter=60)
    assert version(editor.get(place(tenant, post_id))) not in seen


def test_two_tabs_make_one_post(tenant: Tenant, editor: Browser, members: Members, waiting: Made) -> None:
    text, other = words(), members(tenant, "editor")
    post_id = waiting(text)
    link = new_link(tenant, editor, post_id)
    seen = version(editor.get(place(tenant, post_id)))
    guest = nobody(tenant)
    guest.get(link)
    with guest, ThreadPoolExecutor(3) as pool:
        tries = [
            pool.submit(approve, tenant, editor, post_id, seen),
            pool.submit(approve, tenant, other, post_id, seen),
            pool.submit(guest.post, link, {"name": "Carla", "do": "approve"}),
        ]
        said = [each.result().status_code for each in tries]
    # Whoever was slower than the link is told that it was decided; the same decision once more is no mistake.
    assert set(said) <= {200, 409, 410}
    assert 200 in said
    assert approve(tenant, editor, post_id, seen).status_code == 200
    tenant.settle(post_id)
    assert len(tenant.on_network(text)) == 1
    kinds = operator(tenant.world, lambda db: asking.said_of(db, tenant.project_id, [post_id]))[post_id]
    assert [each.kind for each in kinds].count("approved") == 1
    # What was approved once is not approved for ever: a cancelled post needs it anew.
    later = waiting(words(), when="at", at=soon())
    seen = version(editor.get(place(tenant, later)))
    approve(tenant, editor, later, seen)
    assert tenant.client.delete(f"/v1/posts/scheduled/{later}").status_code == 200
    again = approve(tenant, editor, later, seen)
    assert again.status_code == 409
    assert "does not wait for approval any more" in again.text
    assert tenant.get(later)["status"] == "draft"


def test_what_is_sent_back_says_why_and_waits_again_when_it_is_asked_for(
    tenant: Tenant, author: Browser, editor: Browser, waiting: Made
) -> None:
    post_id = waiting(words())
    seen = version(editor.get(place(tenant, post_id)))
    form = {"version": seen, "comment": " "}
    empty = editor.post(place(tenant, post_id, "return"), form)
    assert empty.status_code == 400
    assert "Say what has to change." in empty.text
    assert editor.post(place(tenant, post_id, "return"), form | {"comment": "x" * 2001}).status_code == 400
    for _ in range(2):
        listed = editor.post(place(tenant, post_id, "return"), form | {"comment": "Say <i>less</i>"})
        assert listed.url.path == HOME + place(tenant)
    back = listed.text.partition("Sent back</h2>")[2]
    assert "Say &lt;i&gt;less&lt;/i&gt;" in back
    page = author.get(f"/{tenant.project_id}/posts/{post_id}").text
    assert page.count("Say &lt;i&gt;less&lt;/i&gt;") == 1
    again = author.post(place(tenant, post_id, "ask"), {"note": "Shorter now"})
    assert "Waits for approval" in again.text
    assert approve(tenant, editor, post_id, seen).status_code == 200
    tenant.settle(post_id)


def test_drafts_of_keys_that_may_not_publish_wait_by_themselves(
    tenant: Tenant, editor: Browser, x: Linked
) -> None:
    def make(db: Connection) -> tuple[str, str]:
        return tuple(  # type: ignore[return-value]  # one secret for each of the two
            access.create_key(db, tenant.project_id, name=f"Agent {scope}", scopes=("draft", *more))[1]
            for scope, more in (("draft", ()), ("publish", ("publish",)))
        )

    drafts, publishes = operator(tenant.world, make)
    texts = [words(), words()]
    made = []
    for key, text in zip((drafts, publishes), texts, strict=True):
        body = {"content": text, "platforms": [{"platform": x.platform, "accountId": x.id}]}
        answer = tenant.client.post("/v1/posts/drafts", json=body, headers={"x-access-key": key})
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["postId"])
    listed = editor.get(place(tenant)).text
    assert texts[0] in listed
    assert texts[1] not in listed
    assert "Agent draft</bdi></strong> (an API key) asked" in listed
    shown = version(editor.get(place(tenant, made[0])))
    editor.post(place(tenant, made[0], "return"), {"version": shown, "comment": "More"})
    key = {"x-access-key": drafts}
    for more in (" a little more", " more"):
        body["content"] = texts[0] + more
        assert tenant.client.put(f"/v1/posts/drafts/{made[0]}", json=body, headers=key).status_code == 200
    page = editor.get(place(tenant, made[0])).text
    assert "Waits for approval" in page
    # Once before it was sent back, and once for all that it wrote since.
    assert page.count("asked for approval") == 2
    approve(tenant, editor, made[0])
    tenant.settle(made[0])
    assert len(tenant.on_network(texts[0] + " more")) == 1


def test_a_draft_takes_the_next_slot_when_it_is_approved(
    tenant: Tenant, author: Browser, editor: Browser, waiting: Made
) -> None:
    slots = [{"weekday": "monday", "time": "09:00"}, {"weekday": "thursday", "time": "18:30"}]
    tenant.client.put("/v1/queue/slots", json={"timezone": "Europe/Berlin", "slots": slots})
    drafts = [waiting(words(), when="queue") for _ in range(2)]
    assert "In the next free slot" in editor.get(place(tenant, drafts[0])).text
    form = author.get(f"/{tenant.project_id}/compose?edit={drafts[0]}").text
    assert re.search(r'name="when" value="queue" checked', form)
    free = tenant.client.get("/v1/queue/next?count=2").json()["slots"]
    for post_id in drafts:
        assert approve(tenant, editor, post_id).status_code == 200
    hours = [tenant.get(post_id)["scheduledFor"] for post_id in drafts]
    assert hours == [each["at"] for each in free]


def test_an_hour_that_is_over_is_approved_by_who_says_so(
    tenant: Tenant, editor: Browser, waiting: Made
) -> None:
    text = words()
    post_id = waiting(text, when="at", at=soon())
    link = new_link(tenant, editor, post_id)
    over = clock.now() - timedelta(minutes=1)

    def pass_on(db: Connection) -> None:
        db.execute(update(posts).where(posts.c.id == post_id).values(scheduled_for=over))
        shown = asking.version_now(db, tenant.project_id, post_id, queue=False)
        mine = approval_links.c.post_id == post_id
        db.execute(update(approval_links).where(mine).values(version=shown))

    operator(tenant.world, pass_on)
    page = editor.get(place(tenant, post_id))
    assert "This hour is over." in page.text
    refused = approve(tenant, editor, post_id, version(page))
    assert refused.status_code == 409
    assert "which is over" in refused.text
    with nobody(tenant) as guest:
        gone = guest.get(link)
        assert gone.status_code == 410
        assert "is over" in gone.text
    assert approve(tenant, editor, post_id, version(page), now="yes").status_code == 200
    tenant.settle(post_id)
    assert len(tenant.on_network(text)) == 1


def test_what_does_not_fit_is_said_and_stays_a_draft(tenant: Tenant, editor: Browser, waiting: Made) -> None:
    post_id = waiting("too long " * 60)
    refused = approve(tenant, editor, post_id)
    assert refused.status_code == 400
    assert "280 weighted characters" in unescape(refused.text)
    assert tenant.get(post_id)["status"] == "draft"


def test_the_composer_asks_for_who_may_publish_too(
    tenant: Tenant, author: Browser, editor: Browser, x: Linked
) -> None:
    url, text = f"/{tenant.project_id}/compose", words()
    form = {"content": text, "account": x.id, "when": "now", "zone": "UTC", "once": words()[-30:]}
    assert 'value="ask"' in editor.get(url).text
    kept = editor.post(url, form | {"do": "draft"})
    assert "Waits for approval" not in kept.text
    assert 'action="{}'.format(HOME + place(tenant, kept.url.path.rpartition("/")[2], "ask")) in kept.text
    pages = [editor.post(url, form | {"do": "ask", "note": "Four eyes"}) for _ in range(2)]
    assert {page.url for page in pages} == {pages[0].url}
    assert pages[0].url != kept.url
    assert pages[1].text.count("Four eyes") == 1
    # An author keeps a draft, too, without asking; and nobody asks for what is no draft.
    mine = author.post(url, form | {"do": "draft"})
    assert "Waits for approval" not in mine.text
    for wrong in (
        {"when": "repeat", "rule": "FREQ=DAILY"},
        {"when": "at", "at": "soon"},
        {"note": "x" * 2001},
    ):
        refused = author.post(url, form | {"do": "ask", "once": words()[-30:], **wrong})
        assert refused.status_code == 400, wrong
        assert text in refused.text
    out = tenant.scheduled()["postId"]
    assert editor.post(url, form | {"do": "ask", "edit": out}).status_code == 409
    assert editor.post(place(tenant, out, "ask")).status_code == 409


def test_what_got_its_hour_otherwise_is_forgotten(tenant: Tenant, editor: Browser, waiting: Made) -> None:
    text = words()
    post_id = waiting(text)
    hour = {"scheduledFor": soon(), "timezone": "UTC"}
    assert tenant.client.post(f"/v1/posts/drafts/{post_id}/schedule", json=hour).status_code == 202
    assert text not in editor.get(place(tenant)).text
    operator(tenant.world, asking.clean)
    assert operator(tenant.world, lambda db: asking.of_post(db, tenant.project_id, post_id)) is None
    # Cancelled, it is a draft for which nobody has asked.
    assert tenant.client.delete(f"/v1/posts/scheduled/{post_id}").status_code == 200
    assert text not in editor.get(place(tenant)).text
    assert "Ask for approval" in editor.get(f"/{tenant.project_id}/posts/{post_id}").text


def test_the_empty_list_says_how_drafts_come(local: Tenant, local_owner: Browser) -> None:
    page = unescape(local_owner.get(place(local)).text)
    assert "Nothing waits for approval" in page
    assert f"curl {local.world.url}/v1/posts/drafts" in page


def test_long_lists_are_paged(local: Tenant, local_owner: Browser) -> None:
    account = local.account("twitter")
    texts = [words() for _ in range(27)]

    def key(db: Connection) -> str:
        return access.create_key(db, local.project_id, name="Agent", scopes=("draft",))[1]

    secret = {"x-access-key": operator(local.world, key)}
    for text in texts:
        body = {"content": text, "platforms": [{"platform": account.platform, "accountId": account.id}]}
        assert local.client.post("/v1/posts/drafts", json=body, headers=secret).status_code == 201
    pages = [local_owner.get(f"{place(local)}?page={number}").text for number in ("0", "1", "x")]
    assert [sum(text in page for text in texts) for page in pages] == [25, 2, 25]
    assert texts[0] in pages[0]
    assert "page=1" in pages[0]
    assert "page=0" in pages[1]
