"""The command line against a running server: every command, its exit status, and JSON that a script reads."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from polypost.cli import remote
from polypost.cli.commands import app
from polypost.cli.exits import SAID, Exit
from tests.client.commands import Ran, run
from tests.client.servers import Asked, Said, answering, losing
from tests.client.test_operations import BESIDE, SELECTIONS, operations
from tests.contract.tenant import Tenant, words
from tests.docs import sources
from tests.media import box, mp4, png

REFERENCE = sources.ROOT / "docs" / "reference" / "cli.md"


@pytest.fixture
def server(local: Tenant, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A project, to which the commands speak by the environment."""
    monkeypatch.setenv("POLYPOST_SERVER", local.world.url)
    monkeypatch.setenv("POLYPOST_KEY", local.key)
    local.account("twitter")
    return local


def done(*given: str, status: int = 0, **more: Any) -> Ran:
    """A command that ends with this status."""
    ran = run(*given, **more)
    assert ran.status == status, (given, ran)
    return ran


def told(*given: str, status: int = 0, **more: Any) -> Any:
    """The JSON of a command that ends with this status."""
    return done(*given, "--json", status=status, **more).json


def test_post_now_with_a_file_and_wait(server: Tenant, tmp_path: Path) -> None:
    to = f"twitter:{server.account('twitter').username}"
    picture = tmp_path / "dot.png"
    picture.write_bytes(png(32, 32))
    text = words()
    made = told("post", text, "--to", to, "--media", str(picture), "--alt", "A dot", "--wait")
    assert (made["status"], made["platforms"][0]["status"]) == ("published", "published")
    (out,) = [each for each in server.world.visible("twitter") if each["text"] == text]
    assert len(out["media"]) == 1
    # The same file has the same address, so a repeated command is the same request.
    again = told("post", words(), "--to", to, "--media", str(picture))
    posts = [told("posts", "show", each["postId"]) for each in (made, again)]
    assert posts[0]["mediaItems"][0]["url"] == posts[1]["mediaItems"][0]["url"]
    shown = done("posts", "show", made["postId"]).out
    assert f"{made['postId']} is published." in shown
    assert "https://" in shown or "http://" in shown
    assert "published" in done("posts", "timeline", made["postId"]).out


def test_post_from_standard_input_at_an_hour_then_moved_and_cancelled(server: Tenant) -> None:
    text = words()
    given = ("--to", "twitter", "--at", "2027-03-29 09:00", "--zone", "Europe/Rome")
    made = told("post", "-", *given, stdin=f"{text}\n")
    assert (made["status"], made["scheduledFor"]) == ("scheduled", "2027-03-29T07:00:00.000Z")
    post = made["postId"]
    assert told("posts", "show", post)["content"] == text
    assert (
        "2027-03-30 09:00 Europe/Rome (2027-03-30 07:00 UTC)"
        in done("posts", "reschedule", post, "--at", "2027-03-30 09:00", "--zone", "Europe/Rome").out
    )
    assert told("posts", "edit", post, "Other words", "--to", "twitter")["success"]
    assert post in {each["postId"] for each in told("queue", "list")}
    assert "draft" in done("posts", "cancel", post).out
    assert post in {each["postId"] for each in told("drafts", "list")}
    assert told("drafts", "edit", post, words(), "--to", "twitter")["status"] == "draft"
    assert told("drafts", "publish", post)["status"] == "published"
    assert told("posts", "delete", post, "--from-networks")["creditsCharged"] == 1


def test_drafts_slots_and_dry_runs(server: Tenant, tmp_path: Path) -> None:
    done("queue", "set", "monday-09:00", "friday-18:30", "--zone", "Europe/Berlin")
    assert "monday 09:00" in done("queue", "slots").out
    (free,) = told("queue", "next", "--count", "1")
    queued = told("post", words(), "--to", "twitter", "--queue")
    assert queued["scheduledFor"] == free["at"]
    draft = told("post", words(), "--to", "twitter", "--draft")
    assert draft["status"] == "draft"
    done("drafts", "delete", draft["postId"])
    assert told("post", words(), "--to", "twitter", "--dry-run")["valid"] is True
    page = tmp_path / "page.html"
    assert str(page) in done("post", "A <b>", "--to", "twitter", "--preview", str(page)).out
    assert "A &lt;b&gt;" in page.read_text(encoding="utf-8")
    wrong = told("post", "x" * 300, "--to", "twitter", "--dry-run", status=Exit.REFUSED)
    assert wrong["errors"]
    done("posts", "cancel", queued["postId"])


def test_options_of_networks_and_texts_for_one(server: Tenant) -> None:
    text, other = words(), words()
    given = ("--set", f"twitter.content={other}", "--set", "twitter.replySettings=following")
    server.account("threads")
    made = told("post", text, "--to", "twitter,threads", *given)
    assert made["status"] == "published"
    assert len(server.on_network(other)) == 1
    raw = told("posts", "show", made["postId"])["rawRequestBody"]["platforms"]
    assert raw[0]["platformSpecificData"] == {"replySettings": "following"}
    done("post", text, "--to", "twitter", "--set", "youtube.title=A", status=Exit.ERROR)


def test_a_post_that_fails_wholly_or_in_part_then_retry_and_change(server: Tenant) -> None:
    bad = server.connect("twitter")
    server.account("threads")
    server.fault("duplicate", bad, times=1)
    failed = told("post", words(), "--to", bad.id, status=Exit.FAILED)
    assert told("posts", "show", failed["postId"], status=Exit.FAILED)["status"] == "failed"
    assert told("posts", "retry", failed["postId"], "--wait")["status"] == "published"
    server.fault("duplicate", bad, times=1)
    partly = told("post", words(), "--to", bad.id, "--to", "threads", status=Exit.PARTIAL)
    text = words()
    assert told("posts", "change", partly["postId"], "--text", text)["status"] == "published"
    assert len(server.on_network(text)) == 1
    server.disconnect(bad)


def test_exit_statuses(server: Tenant, monkeypatch: pytest.MonkeyPatch, unused_port: int) -> None:
    done("post", words(), status=Exit.USAGE)
    done("post", words(), "--to", "twitter", "--at", "17:00", "--draft", status=Exit.USAGE)
    done("post", words(), "--to", "twitter", "--at", "soon", status=Exit.ERROR)
    done("post", words(), "--to", "twitter", "--media", "no-such.png", status=Exit.ERROR)
    refused = told("post", "x" * 300, "--to", "twitter", status=Exit.REFUSED)
    assert refused["errors"][0]["path"]
    done("posts", "show", "post_none", status=Exit.NOT_FOUND)
    assert "twitter:" in done("post", "Hi", "--to", "twitter:nobody", status=Exit.NOT_FOUND).err
    waits = told("post", words(), "--to", "twitter", "--at", "2027-03-29 09:00")
    assert told("posts", "wait", waits["postId"], "--timeout", "0.01", status=Exit.WAITING)["last"]["status"]
    monkeypatch.setenv("POLYPOST_KEY", "sk_wrong")
    ran = done("posts", "list", status=Exit.KEY)
    assert "sk_wrong" not in ran.out + ran.err
    done("posts", "list", "--server", "elsewhere", status=Exit.ERROR)


def test_a_server_that_is_away_busy_or_without_credits(
    own_folder: Path, monkeypatch: pytest.MonkeyPatch, unused_port: int
) -> None:
    monkeypatch.setattr("polypost.client.calls._FIRST_PAUSE", 0.001)
    done("posts", "list", "--server", f"http://127.0.0.1:{unused_port}", status=Exit.UNAVAILABLE)
    account = {"id": "int_1", "platform": "twitter", "username": "demo"}

    def answer(asked: Asked) -> Said:
        if asked.path.startswith("/v1/connect"):
            return Said(body={"integration": account})
        if asked.path == "/healthz/ready":
            return Said(404, {"message": "Not found"})
        return says[0]

    wanted = {
        Exit.CREDITS: Said(402, {"success": False, "message": "Not enough credits."}),
        Exit.UNAVAILABLE: Said(503, {"success": False, "message": "Full."}),
        Exit.LOST: Said(lost=True),
    }
    says: list[Said] = []
    with answering(answer) as small:
        for status, said in wanted.items():
            says[:] = [said]
            ran = done("post", "Hi", "--to", "int_1", "--server", small.url, "--json", status=status)
        assert ran.json["idempotencyKey"] == small.asked[-2].headers["idempotency-key"]


def test_files_of_posts(server: Tenant, tmp_path: Path) -> None:
    account, file = server.account("twitter").id, tmp_path / "posts.csv"
    file.write_text(f"content,platforms,publishNow\n{words()},twitter:{account},true\nNobody,,true\n")
    assert told("bulk", "check", str(file), status=Exit.PARTIAL)["valid"] == 1
    ran = told("bulk", "run", str(file), "--wait", "--idempotency-key", "once", status=Exit.PARTIAL)
    assert (ran["created"], ran["refused"]) == (1, 1)
    assert (
        told("bulk", "run", str(file), "--idempotency-key", "once", status=Exit.PARTIAL)["bulkId"]
        == ran["bulkId"]
    )
    assert "line 3" in done("bulk", "show", ran["bulkId"]).out
    assert ran["bulkId"] in {each["bulkId"] for each in told("bulk", "list")}
    done("bulk", "stop", ran["bulkId"])
    file.write_text("content,platforms,publishNow\nNobody,,true\n")
    done("bulk", "check", str(file), status=Exit.REFUSED)


def test_uploads_are_remembered_for_their_owner_alone(
    server: Tenant, own_folder: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "a b.png"
    picture.write_bytes(png(40, 40))
    first = done("upload", str(picture)).out
    assert done("upload", str(picture)).out == first
    kept = own_folder / "uploads.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    (name,) = json.loads(kept.read_text())
    place = {
        **json.loads(kept.read_text())[name],
        "uploadUrl": f"{server.world.url}/media/uploads/upl_none.1.x",
    }
    kept.write_text(json.dumps({name: place}))
    assert done("upload", str(picture)).out != first


def test_an_upload_that_ended_goes_on_in_the_next_command(
    server: Tenant, own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("polypost.client.sync.uploads.PIECE", 100_000)
    monkeypatch.setattr("polypost.client.calls._FIRST_PAUSE", 0.001)
    film = tmp_path / "a.mp4"
    film.write_bytes(mp4() + box(b"free", os.urandom(350_000)))
    broken = [True]

    def lost(asked: Asked) -> bool:
        """After the second piece nothing is answered any more."""
        later = asked.method == "PATCH" and asked.headers["upload-offset"] != "0"
        return broken[0] and (
            later or (asked.method == "HEAD" and any(e.method == "PATCH" for e in way.asked))
        )

    with losing(server.world.url, lost) as way:
        done("upload", str(film), "--server", way.url, status=Exit.UNAVAILABLE)
        broken[0] = False
        before = len(way.asked)
        item = told("post", words(), "--to", "twitter", "--media", str(film), "--wait", "--server", way.url)
        pieces = [each.headers["upload-offset"] for each in way.asked[before:] if each.method == "PATCH"]
        assert pieces[0] == "200000"
    assert item["status"] == "published"


def test_a_bar_at_a_terminal_and_none_elsewhere(server: Tenant, own_folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "dot.png"
    picture.write_bytes(png(48, 48))
    command = [sys.executable, "-m", "polypost", "upload", str(picture)]
    leader, terminal = os.openpty()
    with os.fdopen(leader, "rb", buffering=0) as screen:
        subprocess.run(command, stdout=subprocess.PIPE, stderr=terminal, check=True)
        os.close(terminal)
        seen = b""
        with contextlib.suppress(OSError):  # the terminal's end
            while piece := screen.read(65_536):
                seen += piece
    assert b"dot.png" in seen
    assert done("upload", str(picture)).err == ""


def test_ctrl_c_ends_a_wait(own_folder: Path) -> None:
    waits = {"postId": "post_1", "status": "scheduled", "scheduledFor": None, "platforms": []}
    with answering(lambda asked: Said(body={"success": True, "post": waits})) as small:
        command = [sys.executable, "-m", "polypost", "posts", "wait", "post_1", "--server", small.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while not small.asked and process.poll() is None:
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == Exit.INTERRUPTED


def test_accounts_profiles_apps_and_networks(server: Tenant) -> None:
    account = server.account("twitter")
    assert account.id in {each["id"] for each in told("accounts", "list", "--network", "twitter")}
    assert "active" in done("accounts", "show", f"twitter:@{account.username}").out
    assert "http" in done("accounts", "connect", "twitter").out
    seeded = server.world.control("POST", "seed", json={"accounts": 1, "platform": "bluesky"})["accounts"][0]
    password = f"{seeded['appPassword']}\n"
    done("accounts", "connect", "bluesky", "--handle", seeded["username"], stdin=password)
    profile = told("profiles", "create", "Shop")["id"]
    done("accounts", "move", f"bluesky:{seeded['username']}", profile)
    (moved,) = told("accounts", "list", "--profile", profile)
    assert moved["username"] == seeded["username"]
    done("accounts", "move", moved["id"], "null")
    done("accounts", "disconnect", moved["id"])
    assert profile in {each["id"] for each in told("profiles", "list")}
    assert told("profiles", "change", profile, "--name", "Shops")["name"] == "Shops"
    done("profiles", "delete", profile)
    made = told("apps", "create", "youtube", "Ours", words(), stdin="secret\n")["id"]
    assert made in {each["id"] for each in told("apps", "list")}
    assert told("apps", "change", made, "--name", "Newer", "--secret", stdin="other\n")["name"] == "Newer"
    done("apps", "delete", made)
    assert "twitter" in {each["name"] for each in told("networks", "list")}
    assert "replySettings" in done("networks", "show", "twitter").out


def test_webhooks_comments_messages_figures(server: Tenant) -> None:
    hook = f"{server.world.hooks()}/cli"
    made = told("webhooks", "create", "--event", "post.failed", "--url", hook)["id"]
    assert done("webhooks", "secret", made).out.startswith("whsec_")
    assert done("webhooks", "secret", made, "--rotate").out.startswith("whsec_")
    assert hook in {each["to"] for each in told("webhooks", "list")}
    done("webhooks", "test", "--url", hook)
    assert told("webhooks", "change", made, "--off", "--event", "post.partial")["eventTypes"] == [
        "post.partial"
    ]
    assert told("webhooks", "deliveries", made) == []
    done("webhooks", "redeliver", made, "dlv_none", status=Exit.NOT_FOUND)
    done("webhooks", "delete", made)
    account = server.account("instagram").id
    published = server.published("instagram")
    post = published["platforms"][0]["platformPostId"]
    comment = done("comments", "write", account, words(), "--post", post).out.strip()
    assert comment in {each["id"] for each in told("comments", "list", account, post)}
    done("comments", "hide", account, comment)
    done("comments", "delete", account, comment)
    written = {"platform": "instagram", "accountId": server.account("instagram").user_id, "text": words()}
    server.world.control("POST", "messages", json=written)
    talk = told("messages", "list", account)[0]
    message = told("messages", "list", account, "--conversation", talk["id"])[0]
    assert told("messages", "send", account, message["from"]["id"], words())["messageId"]
    assert told("figures", "--post", published["postId"])[0]["postId"] == published["postId"]
    assert "credits used" in done("usage").out
    assert done("write", "a walk by the sea", "--network", "twitter").out.strip()
    assert done("image", "a walk by the sea", "--ratio", "square").out.startswith("http")
    assert told("networks", "boards", server.account("pinterest").id)
    assert told("networks", "creator", server.account("tiktok").id)
    assert told("posts", "list", "--limit", "1")[0]["postId"]
    assert done("api", "GET", "/v1/posts", "--query", "limit=1").json["total"] >= 1
    body = {"content": words(), "publishNow": True, "platforms": [server.entry()]}
    taken = done("api", "post", "/v1/posts", "--body", "-", stdin=json.dumps(body)).json
    assert taken["status"] == "published"


def test_posts_that_repeat(server: Tenant) -> None:
    given = (
        "--to",
        "twitter",
        "--rule",
        "FREQ=WEEKLY;BYDAY=MO",
        "--starts",
        "2027-01-04T09:00",
        "--zone",
        "UTC",
    )
    made = told("schedules", "create", words(), *given, "--name", "Mondays")["id"]
    assert made in {each["id"] for each in told("schedules", "list")}
    assert "2027-01-04T09:00" in done("schedules", "show", made).out
    assert told("schedules", "change", made, "--name", "Early")["name"] == "Early"
    done("schedules", "pause", made)
    done("schedules", "resume", made)
    done("schedules", "delete", made)


def test_servers_by_name(local: Tenant, own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = local.world.url
    done("login", url, "--name", "work", stdin="sk_wrong\n", status=Exit.KEY)
    assert not own_folder.exists()
    ran = done("login", f"{url}/v1/", "--name", "work", stdin=f"{local.key}\n")
    assert local.key not in ran.out + ran.err
    kept = own_folder / "servers.json"
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(own_folder.stat().st_mode)) == (0o600, 0o700)
    assert told("posts", "list", "--limit", "1") is not None
    done("login", url, stdin=f"{local.key}\n")
    assert told("servers", "list") == [
        {"name": "work", "url": url, "default": False},
        {"name": "127.0.0.1", "url": url, "default": True},
    ]
    done("servers", "use", "work")
    done("posts", "list", "--server", "127.0.0.1")
    # A kept key is for its own address: another one is not sent it.
    with answering(lambda asked: Said(401, {"message": "The key is missing."})) as small:
        done("posts", "list", "--server", small.url, status=Exit.KEY)
        assert "x-access-key" not in small.asked[0].headers
    monkeypatch.setenv("POLYPOST_SERVER", "127.0.0.1")
    done("posts", "list")
    done("logout", "work")
    done("servers", "use", "work", status=Exit.ERROR)
    assert local.key in kept.read_text()
    done("logout", "127.0.0.1")
    assert local.key not in kept.read_text()


def test_a_file_of_servers_that_cannot_be_read_or_written(own_folder: Path) -> None:
    own_folder.mkdir(parents=True)
    for broken in ("{", "[]", '{"servers": []}'):
        (own_folder / "servers.json").write_text(broken)
        assert "servers.json" in done("servers", "list", status=Exit.ERROR).err
    shutil.rmtree(own_folder)
    own_folder.touch()
    with answering(lambda asked: Said(body={"ok": True})) as small:
        assert "cannot be" in done("login", small.url, stdin="key\n", status=Exit.ERROR).err


def test_an_account_by_its_id_needs_no_look(
    local: Tenant, own_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = local.world.command("keys", "create", "--project", local.project_id, "--scope", "publish")
    monkeypatch.setenv("POLYPOST_KEY", made["apiKey"])
    to = f"twitter:{local.account('twitter').id}"
    assert told("post", words(), "--to", to, "--server", local.world.url)["status"] == "published"


def leaves(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    command = command or typer.main.get_command(app)
    for name, sub in command.commands.items():
        if hasattr(sub, "commands"):
            yield from leaves(sub, (*path, name))
        else:
            yield (*path, name), sub


def test_every_command_has_help_and_every_option_says_what_it_is() -> None:
    silent = []
    for path, command in leaves():
        silent += [path] if not (command.help or "").endswith((".", ")")) else []
        silent += [
            (*path, each.name)
            for each in command.params
            if each.param_type_name == "option" and not each.help
        ]
    assert silent == []
    # What it says is the protocol's.
    assert [
        path for path, command in leaves() if "--json" not in {o for p in command.params for o in p.opts}
    ] == [("mcp",)]
    ran = done("post", "--help")
    assert "--to" in ran.out


def test_commands_of_the_two_kinds_do_not_share_a_name() -> None:
    own = {str(each.name or each.callback.__name__) for each in app.registered_commands}  # type: ignore[union-attr]  # all have one
    own |= {str(each.name) for each in app.registered_groups}
    others = set(typer.main.get_group(remote.app()).commands)
    assert own & others == set()
    assert {"post", "posts", "drafts", "queue", "accounts", "upload", "bulk", "login"} <= others
    assert set(typer.main.get_group(app).commands) == own | others


# What a script or a browser asks for; `polypost api` reaches it.
BY_PATH = {
    "health_check",
    "ready",
    "get_profile",
    "get_app",
    # The contract's kind of webhooks, which `polypost webhooks` has with all events.
    "list_notifications",
    "create_notification",
    "test_notification",
    "get_notification",
    "update_notification",
    "delete_notification",
    "list_notification_deliveries",
    "redeliver_notification",
    "rotate_notification_secret",
    # A browser is sent there with the token.
    "get_selection",
    "submit_selection",
    "connect_mastodon",
    "preview_schedule",
}


def test_every_operation_has_a_command() -> None:
    """Or a reason why the generic one is enough."""
    source = "\n".join(path.read_text() for path in (sources.PACKAGE / "cli").glob("*.py"))
    used = set(re.findall(r"client\.([a-z_]+)", source))
    named = {SELECTIONS.get(name, (name, None))[0] for name in operations()} - BESIDE
    assert named - used - BY_PATH == set()
    assert BY_PATH & used == set()


def test_every_exit_status_is_in_the_reference() -> None:
    assert set(SAID) == set(Exit)
    text = REFERENCE.read_text(encoding="utf-8")
    assert [status for status in Exit if f"| `{status}` |" not in text] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    assert "_POLYPOST_COMPLETE" in done("completion", shell).out


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_and_servers(own_folder: Path, tmp_path: Path) -> None:
    own_folder.mkdir(parents=True)
    kept = {"default": "work", "servers": {"work": {"url": "http://127.0.0.1:1", "key": "k"}}}
    (own_folder / "servers.json").write_text(json.dumps(kept))
    command = tmp_path / "polypost"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m polypost "$@"\n')
    command.chmod(0o755)
    script = (
        "source <(polypost completion bash)\n"
        'complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _polypost_completion polypost;'
        ' echo "${COMPREPLY[*]}"; }\n'
        "complete_words polypost sched\ncomplete_words polypost post --dr\ncomplete_words polypost posts list --server w\n"
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=env)
    assert ran.stdout.splitlines() == ["schedules", "--draft --dry-run", "work"]
