"""Uploads at the dashboard: what is there, who needs it, how long it stays, and taking it away."""

from __future__ import annotations

import re
from typing import Any

import httpx2

from polypost.media import upload_rows
from tests.contract.tenant import Tenant
from tests.contract.uploading import asked, shown, uploaded
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Members
from tests.media import png

HOSTILE = '"><img src=x onerror=alert(1)>.png'


def send(browser: Browser, tenant: Tenant, *files: tuple[str, bytes, str]) -> httpx2.Response:
    return browser.post(f"/{tenant.project_id}/uploads", files=[("file", each) for each in files])


def id_of(data: dict[str, Any]) -> str:
    found = upload_rows.id_in(data["publicUrl"])
    assert found is not None
    return found


def test_files_come_by_the_form_and_are_told(tenant: Tenant, owner: Browser, members: Members) -> None:
    url = f"/{tenant.project_id}/uploads"
    assert "/v1/media/upload" in owner.get(url).text
    author = members(tenant, "author")
    page = send(author, tenant, (HOSTILE, png(), "image/png"), ("second.png", png(), "image/png"))
    assert page.status_code == 200, page.text
    assert HOSTILE not in page.text
    assert "&lt;img src=x" in page.text
    assert page.text.index("second.png") < page.text.index("&lt;img src=x")
    assert page.text.count("Kept until") == 2
    (image, *_) = re.findall(r'<img class="seen" src="(/media/uploads/[^"]+)"', page.text)
    assert httpx2.get(tenant.world.url + image, trust_env=False).status_code == 200
    assert "Delete" not in page.text

    refused = send(author, tenant, ("a.exe", b"MZ", "application/x-msdownload"))
    assert refused.status_code == 400
    assert "is not a type that any network takes" in refused.text
    assert "No file was chosen" in send(author, tenant).text
    assert members(tenant, "viewer").post(url).status_code == 403


def test_what_is_on_its_way_and_what_a_post_needs(tenant: Tenant, owner: Browser) -> None:
    asked(tenant, "film.mp4", "video/mp4", size=5_000_000)
    data = uploaded(tenant, png(), "needed.png")
    item = {"type": "image", "url": data["publicUrl"]}
    post = tenant.scheduled("twitter", mediaItems=[item])
    page = owner.get(f"/{tenant.project_id}/uploads").text
    needed, film = page[page.index("needed.png") : page.index("film.mp4")], page[page.index("film.mp4") :]
    assert "Not uploaded yet" in film
    assert "5.0 MB" in film
    assert f"/posts/{post['postId']}" in needed
    assert "Kept while a post needs it" in needed
    assert "Delete" not in needed
    # Nor by a form that was there before.
    refused = owner.post(f"/{tenant.project_id}/uploads/{id_of(data)}/delete")
    assert refused.status_code == 409
    assert "needs this file" in refused.text
    assert shown(data).status_code == 200


def test_a_file_that_is_taken_away_is_read_by_nobody(
    tenant: Tenant, owner: Browser, members: Members
) -> None:
    data, other = uploaded(tenant, png(), "gone.png"), members(tenant, "author")
    url = f"/{tenant.project_id}/uploads/{id_of(data)}/delete"
    assert other.post(url).status_code == 403
    page = owner.post(url)
    assert page.status_code == 200
    assert "gone.png" not in page.text
    assert shown(data).status_code == 404
    assert owner.post(url).status_code == 404
    assert "upload removed" in owner.get(f"/{tenant.project_id}/people").text


def test_uploads_of_other_projects_are_not_there(local: Tenant, local_owner: Browser, new: Any) -> None:
    other = new(local.world)
    data = uploaded(other, png(), "theirs.png")
    assert "theirs.png" not in local_owner.get(f"/{local.project_id}/uploads").text
    assert local_owner.post(f"/{local.project_id}/uploads/{id_of(data)}/delete").status_code == 404
    assert shown(data).status_code == 200
