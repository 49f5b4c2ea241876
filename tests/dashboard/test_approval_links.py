"""Links by which one person without an account sees a draft and decides: what they show, and what ends them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, update

from polypost import clock
from polypost.access import people
from polypost.access.tables import acts
from polypost.approvals import asking
from polypost.approvals.links import DAYS
from polypost.approvals.tables import approval_links
from tests.contract.tenant import Linked, Tenant, operator, words
from tests.dashboard import approving
from tests.dashboard.approving import Made, answered, new_link, nobody, place, rewrite, soon, version
from tests.dashboard.browser import HOME, Browser
from tests.dashboard.conftest import Members


@pytest.fixture(scope="module")
def x(tenant: Tenant) -> Linked:
    return tenant.connect("twitter")


@pytest.fixture(scope="module")
def waiting(tenant: Tenant, author: Browser, x: Linked) -> Made:
    return approving.asking(tenant, author, x)


def test_one_person_without_an_account_approves_by_a_link(
    tenant: Tenant, editor: Browser, waiting: Made, x: Linked
) -> None:
    text, image = words(), tenant.world.demo_image()
    at = soon()
    media = {"media-url": image, "media-type": "image", "media-altText": "Colours that run"}
    media |= dict.fromkeys(("media-thumbnail", "media-ratio", "media-focus", "media-trim"), "")
    post_id = waiting(text, when="at", at=at, zone="Europe/Berlin", **media)
    link = new_link(tenant, editor, post_id)
    secret = link.rpartition("/")[2]
    assert secret not in editor.get(place(tenant, post_id)).text
    stored = operator(tenant.world, lambda db: [str(row) for row in db.execute(select(approval_links))])
    assert not any(secret in row for row in stored)
    with nobody(tenant) as guest:
        for _ in range(3):
            page = guest.get(link)
            assert guest.client.head(link).status_code == 200
        assert page.status_code == 200
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        for said in (text, editor.name, f"{at[11:16]} Europe/Berlin", "UTC", "Colours that run", "X · "):
            assert said in page.text, said
        assert tenant.project_id not in page.text
        frame = guest.get(f"{link}/look")
        assert text in frame.text
        assert frame.headers["referrer-policy"] == "no-referrer"
        source = unescape(re.findall(r'src="([^"]+/file[^"]+)"', frame.text)[0])
        assert source.startswith(link)
        picture = guest.client.get(source)
        assert picture.headers["content-type"].startswith("image/")
        other = urlencode({"url": f"{image}?other", "kind": "image"})
        assert editor.client.get(f"{HOME}/{tenant.project_id}/compose/file?{other}").status_code == 200
        assert guest.client.get(f"{link}/file?{other}").status_code == 404
        # It opens nothing else.
        for path in (place(tenant), place(tenant, post_id), f"/{tenant.project_id}/posts/{post_id}"):
            assert guest.get(path).url.path == f"{HOME}/sign-in"
        guest.get(link)
        form = {"name": "Carla", "do": "approve"}
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert guest.post(link, form, headers=headers).status_code == 403
        assert guest.client.post(link, data=form).status_code == 403
        for name in ("", " ", "a\u202eb", "x" * 201):
            assert guest.post(link, form | {"name": name}).status_code == 400
        assert tenant.get(post_id)["status"] == "draft"
        # Browsers tell no origin from pages that tell no address.
        done = guest.post(link, form | {"comment": "Lovely"}, headers={"origin": "null"})
        assert done.status_code == 200
        assert "This post was approved." in done.text
        assert text not in done.text
        assert tenant.get(post_id)["scheduledFor"] == clock.iso(clock.resolve(at, "Europe/Berlin").instant)
        again = guest.post(link, form)
        assert "This post was approved." in again.text
        assert guest.get(f"{link}/look").status_code == 410
        assert guest.client.get(source).status_code == 410
    page = editor.get(f"/{tenant.project_id}/posts/{post_id}").text
    assert "Carla</bdi></strong> (by link) approved it" in page
    assert "Lovely" in page
    newest = select(acts).where(acts.c.what == "draft_approved").order_by(acts.c.at.desc()).limit(1)
    act = operator(tenant.world, lambda db: db.execute(newest).one())
    giver = operator(tenant.world, lambda db: people.named(db, editor.name))
    assert (act.person_id, act.detail["by_link"], act.detail["post"]) == (giver.id, "Carla", post_id)
    assert secret not in tenant.world.server.log.read_text()


def test_one_person_without_an_account_sends_back_by_a_link(
    tenant: Tenant, editor: Browser, waiting: Made
) -> None:
    post_id = waiting(words())
    link, second = (new_link(tenant, editor, post_id) for _ in range(2))
    with nobody(tenant) as guest:
        silent = answered(guest, link, "return")
        assert silent.status_code == 400
        assert "Say what has to change." in silent.text
        assert 'value="Carla"' in silent.text
        assert "sent back" in answered(guest, link, "return", comment="Too loud").text
        for each in (link, second):
            assert "This post was sent back." in guest.get(each).text
            assert "This post was sent back." in answered(guest, each, "approve").text
    assert tenant.get(post_id)["status"] == "draft"
    listed = editor.get(place(tenant)).text.partition("Sent back</h2>")[2]
    assert "Too loud" in listed
    assert "Carla</bdi></strong> (by link) sent it back" in listed


def person_id(tenant: Tenant, browser: Browser) -> str:
    return operator(tenant.world, lambda db: people.named(db, browser.name)).id


def revoked(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    page = giver.get(place(tenant, post_id)).text
    found = re.findall(rf'action="({HOME}{place(tenant, post_id)}/links/apl_\w+/revoke)"', page)
    for path in found + found:
        giver.post(path)


def too_old(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    row = update(approval_links).where(approval_links.c.post_id == post_id).values(expires_at=clock.now())
    operator(tenant.world, lambda db: db.execute(row) and None)


def changed(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    rewrite(tenant, post_id, "Something else", x)


def deleted(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    assert tenant.client.delete(f"/v1/posts/{post_id}").status_code == 200


def sent_otherwise(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    hour = {"scheduledFor": soon(), "timezone": "UTC"}
    assert tenant.client.post(f"/v1/posts/drafts/{post_id}/schedule", json=hour).status_code == 202


def removed(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    person, project = person_id(tenant, giver), tenant.project_id
    # By whichever entrance; and coming back does not open what ended.
    operator(tenant.world, lambda db: people.remove_member(db, project, person))
    operator(tenant.world, lambda db: people.set_role(db, project, person, "editor"))


def lowered(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    for role in ("author", "editor"):
        owner.post(f"/{tenant.project_id}/people/{person_id(tenant, giver)}/role", {"role": role})


def gone_from_the_server(tenant: Tenant, giver: Browser, owner: Browser, post_id: str, x: Linked) -> None:
    person = person_id(tenant, giver)
    operator(tenant.world, lambda db: people.remove_person(db, person))


ENDS = (revoked, too_old, changed, deleted, sent_otherwise, removed, lowered, gone_from_the_server)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: str(end.__name__))
def test_a_link_ends(
    tenant: Tenant, owner: Browser, members: Members, waiting: Made, x: Linked, end: Callable[..., None]
) -> None:
    text, giver = words(), members(tenant, "editor")
    post_id = waiting(text)
    link = new_link(tenant, giver, post_id)
    with nobody(tenant) as guest:
        assert text in guest.get(link).text
        end(tenant, giver, owner, post_id, x)
        page = guest.get(link)
        assert page.status_code == 410
        assert page.headers["referrer-policy"] == "no-referrer"
        assert text not in page.text
        assert "Something else" not in page.text
        assert guest.get(f"{link}/look").status_code == 410
        assert guest.post(link, {"name": "Carla", "do": "approve"}).status_code == 410
        assert guest.post(link, {"name": "Carla", "do": "return", "comment": "No"}).status_code == 410
    kinds = operator(tenant.world, lambda db: asking.said_of(db, tenant.project_id, [post_id]))[post_id]
    assert not {"approved", "returned"} & {each.kind for each in kinds}
    assert tenant.on_network(text) == []


def test_links_are_made_for_a_while_and_answers_are_counted(
    tenant: Tenant, editor: Browser, waiting: Made
) -> None:
    post_id = waiting(words())
    shown = version(editor.get(place(tenant, post_id)))
    for days in ("", "2", "-7", "7.0", "x"):
        refused = editor.post(place(tenant, post_id, "links"), {"version": shown, "days": days})
        assert refused.status_code == 400, days
    for days in DAYS:
        new_link(tenant, editor, post_id, str(days))
    query = (
        select(approval_links)
        .where(approval_links.c.post_id == post_id)
        .order_by(approval_links.c.expires_at)
    )
    lasts = operator(
        tenant.world, lambda db: [(row.expires_at - row.created_at).days for row in db.execute(query)]
    )
    assert lasts == list(DAYS) == [1, 7, 30]
    link = new_link(tenant, editor, post_id)
    with nobody(tenant) as guest:
        said = [answered(guest, link, "approve", name="").status_code for _ in range(11)]
        assert said == [400] * 10 + [429]
        assert guest.get(link).status_code == 200
        assert guest.get("/approve/nothing").status_code == 410
