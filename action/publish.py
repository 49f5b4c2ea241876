"""What the GitHub Action does; it needs Python alone, and is given everything by the environment."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from typing import Any, NoReturn

# Of the kinds that the server tells apart, by what a file's name says.
KINDS = {"image/gif": "gif", "application/pdf": "document"}
ENDED = {"published", "partial", "failed"}
TRIES = 4


def given(name: str) -> str:
    """An input, without the space around it."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def fail(message: str) -> NoReturn:
    """End the step with a sentence that the run's page shows."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::error title=Polypost::{escaped}")
    raise SystemExit(1)


def call(method: str, path: str, body: object = None, *, once: str = "") -> Any:
    """What the server answers. What may be repeated is, after an answer that was lost or a moment's trouble."""
    server = given("SERVER").rstrip("/")
    headers = {"x-access-key": given("ACCESS_KEY"), "user-agent": "polypost-action"}
    if once:
        headers["idempotency-key"] = once
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["content-type"] = "application/json"
    said = ""
    for number in range(TRIES):
        if number:
            time.sleep(2**number)
        request = urllib.request.Request(server + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = told(error)
            if error.code not in {429, 502, 503, 504}:
                break
        except (OSError, ValueError) as error:
            said = f"{server} did not answer as a Polypost server does: {error}"
    fail(said)


def told(error: urllib.error.HTTPError) -> str:
    """What an error answer says, each problem with its hint."""
    text = error.read(100_000).decode("utf-8", "replace")
    try:
        body = json.loads(text)
        problems = body.get("errors") or [body]
        lines = [
            " ".join(str(each[key]) for key in ("field", "message", "hint", "nextStep") if each.get(key))
            for each in problems
        ]
    except (ValueError, AttributeError, TypeError):
        lines = [text[:500]]
    return f"{error.code}: " + "\n".join(filter(None, lines))


def accounts() -> list[dict[str, str]]:
    """The accounts that are named, as targets."""
    wanted = [each.strip() for each in given("ACCOUNTS").replace("\n", ",").split(",") if each.strip()]
    connected: list[dict[str, Any]] = []
    while True:
        page = call("GET", f"/v1/connect/integrations?limit=100&offset={len(connected)}")["integrations"]
        connected += page
        if len(page) < 100:
            break
    found: dict[str, dict[str, str]] = {}
    for name in wanted:
        network, _, user = name.lower().partition(":")
        of_it = [
            each
            for each in connected
            if each["id"] == name
            or (each["platform"] == network and user.lstrip("@") in {"", str(each.get("username")).lower()})
        ]
        if not of_it:
            names = ", ".join(f"{each['platform']}:{each.get('username')}" for each in connected)
            fail(f"No account is connected as {name}. There are: {names or 'none'}.")
        if len(of_it) > 1:
            fail(
                f"Several accounts are {name}. Say which by its id: {', '.join(each['id'] for each in of_it)}."
            )
        found[of_it[0]["id"]] = {"platform": of_it[0]["platform"], "accountId": of_it[0]["id"]}
    return list(found.values())


def media() -> list[dict[str, str]]:
    """The media, each with the kind that its name tells."""
    items = []
    for url in given("MEDIA").split():
        mime = mimetypes.guess_type(urllib.parse.urlsplit(url).path)[0] or ""
        items.append({"type": KINDS.get(mime, "video" if mime.startswith("video/") else "image"), "url": url})
    return items


def once(body: object) -> str:
    """A word for this post in this job of this run: a job that is run again does not publish again."""
    names = ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB")
    run = [os.environ.get(name, "") for name in names]
    if not all(run):
        return str(uuid.uuid4())
    return "action-" + hashlib.sha256(json.dumps([run, body], sort_keys=True).encode()).hexdigest()[:40]


def ended(post_id: str, seconds: float) -> dict[str, Any]:
    """The post when nothing of it is under way any more, or when the time is over."""
    end = time.monotonic() + seconds
    while True:
        post: dict[str, Any] = call("GET", f"/v1/posts/{urllib.parse.quote(post_id)}")["post"]
        if post["status"] in ENDED or time.monotonic() >= end:
            return post
        time.sleep(3)


def tell(status: str, post_id: str = "", result: object = None) -> None:
    """Hand the outputs on to the steps that follow."""
    entries: list[dict[str, Any]] = result.get("platforms", []) if isinstance(result, dict) else []
    url = next((each["platformPostUrl"] for each in entries if each.get("platformPostUrl")), "")
    values = {"post-id": post_id, "status": status, "url": url, "result": json.dumps(result)}
    print(json.dumps({"status": status, "postId": post_id, "url": url}))
    if place := os.environ.get("GITHUB_OUTPUT"):
        with open(place, "a", encoding="utf-8") as file:
            for name, value in values.items():
                # A mark that nobody knows: a text cannot end its own value and begin another one.
                mark = uuid.uuid4().hex
                file.write(f"{name}<<{mark}\n{value}\n{mark}\n")
    for each in entries:
        if each.get("error"):
            print(
                f"::warning title={each['platform']}::{str(each['error']).replace('%', '%25').splitlines()[0]}"
            )


def main() -> None:
    """Publish, schedule, draft or check, and say what came of it."""
    for name in ("SERVER", "ACCESS_KEY", "TEXT", "ACCOUNTS"):
        if not given(name):
            fail(f"The input {name.lower().replace('_', '-')} is empty.")
    print(f"::add-mask::{given('ACCESS_KEY')}")
    body: dict[str, Any] = {"content": given("TEXT"), "platforms": accounts()}
    if items := media():
        body["mediaItems"] = items
    if given("DRAFT") == "true":
        made = call("POST", "/v1/posts/drafts", body | {"timezone": given("TIMEZONE")}, once=once(body))
        return tell("draft", made["postId"], made)
    body |= (
        {"scheduledFor": given("AT"), "timezone": given("TIMEZONE")} if given("AT") else {"publishNow": True}
    )
    if given("DRY_RUN") == "true":
        verdict = call("POST", "/v1/posts/validate", body)
        tell("valid" if verdict["valid"] else "failed", result=verdict)
        if not verdict["valid"]:
            fail("\n".join(f"{each.get('field')}: {each.get('message')}" for each in verdict["errors"]))
        return None
    made = call("POST", "/v1/posts", body, once=once(body))
    post, status = made, made["status"]
    if status == "publishing":
        post = ended(made["postId"], float(given("WAIT") or 0))
        status = post["status"]
    tell(status, made["postId"], post)
    if status in {"failed", "partial"}:
        fail(f"The post {made['postId']} is {status}: the warnings of this step say why, network by network.")
    return None


if __name__ == "__main__":
    sys.exit(main())
