"""`polypost post` and `polypost posts`: make posts, and look after them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polypost.cli import composing, shown, uploading
from polypost.cli.composing import Alt, At, Media, Seconds, Set, Text, To, Wait, Zone
from polypost.cli.exits import Exit, Json, Key, ServerName, leave_with, talking
from polypost.cli.output import Printer

if TYPE_CHECKING:
    from polypost.client import Client

posts = typer.Typer(no_args_is_help=True, help="Posts: read, change, retry, cancel, delete.")
# Seconds between looks at a post whose hour is far off, and how long after its hour it is waited for.
SELDOM, AFTER = 30.0, 600.0
PostId = Annotated[str, typer.Argument(metavar="POST_ID", help="Id of the post.")]


def post(
    text: Text,
    to: To = None,
    media: Media = None,
    alt: Alt = None,
    at: At = None,
    zone: Zone = None,
    options: Set = None,
    draft: Annotated[bool, typer.Option("--draft", help="Keep it as a draft.")] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Put it into the next free slot.")] = False,
    profile: Annotated[str | None, typer.Option(help="Id of the profile whose queue it is.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be wrong with it.")] = False,
    preview: Annotated[
        Path | None, typer.Option(help="Only write a page to this file: what each network would show.")
    ] = None,
    wait: Wait = False,
    timeout: Seconds = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Publish TEXT now, or at an hour; it answers within 20 seconds, with --wait when it is out everywhere or failed."""
    ways = [name for name, given in (("--at", at), ("--draft", draft), ("--queue", queue)) if given]
    if len(ways) > 1:
        raise typer.BadParameter(f"{' and '.join(ways)} exclude each other.")
    if not to:
        raise typer.BadParameter("Say to whom with --to, for example --to twitter:demo.")
    printer = Printer(json)
    with talking(server, printer) as client:
        hour = composing.hour(at, zone) if at else {}
        if zone and not (at or queue):
            hour = {"timezone": zone}
        parts = body(client, text, to, media, alt, options, printer) | hour
        if idempotency_key:
            parts["idempotency_key"] = idempotency_key
        if dry_run or preview:
            _judged(client, parts, preview, printer)
            return
        if draft:
            kept = client.create_draft(**parts)
            _show(printer, kept)
            return
        if queue:
            taken = client.queue_post(**parts, profile_id=profile)
        else:
            taken = client.create_post(**parts if at else {**parts, "publish_now": True})
        _followed(client, taken, printer, wait=wait, timeout=timeout)


def body(
    client: Client,
    text: str,
    to: list[str],
    media: list[str] | None,
    alt: list[str] | None,
    options: list[str] | None,
    printer: Printer,
) -> dict[str, Any]:
    """Parts of a post as the client's methods take them; files are uploaded last, when the rest is known to be right."""
    parts: dict[str, Any] = {
        "content": composing.text_of(text),
        "platforms": composing.entries(client, to, options or []),
    }
    items = uploading.media(client, media or [], alt or [], printer)
    return parts | ({"media_items": items} if items else {})


def _judged(client: Client, parts: dict[str, Any], page: Path | None, printer: Printer) -> None:
    """What would be wrong with a post, and how it would look; leaves with REFUSED where something is."""
    given = {name: value for name, value in parts.items() if name != "idempotency_key"}
    if "scheduled_for" not in given:
        given["publish_now"] = True
    if page is not None:
        verdict = client.preview_post(**given, shared_style=True)
        drawings = "\n".join(each["html"] for each in verdict["platforms"])
        head = f'<!doctype html>\n<meta charset="utf-8">\n<title>Preview</title>\n<style>{verdict["style"]}</style>\n'
        page.write_text(head + drawings, encoding="utf-8")
        good = f"{page} shows it. {verdict['notice']}"
    else:
        verdict = client.validate_post(**given)
        good = f"It is right, and costs {verdict['credits']['price']}."
    wrong = [f"  {each['path']}: {each['message']} {each['hint']}".rstrip() for each in verdict["errors"]]
    printer.show(verdict, "\n".join(["It would be refused:", *wrong]) if wrong else good)
    if wrong:
        raise SystemExit(Exit.REFUSED)


def _followed(client: Client, taken: Any, printer: Printer, *, wait: bool, timeout: float | None) -> None:
    """Print a post that was taken, when it has ended where it is waited for, and leave with its status."""
    found: Any = taken
    if wait and taken["status"] not in {"published", "partial", "failed"}:
        printer.progress(f"{taken['postId']} is {taken['status']}, waiting.")
        found = _ended(client, taken["postId"], taken.get("scheduledFor"), timeout)
    _show(printer, found)
    leave_with(found["status"])


def _ended(client: Client, post_id: str, due: str | None, timeout: float | None) -> Any:
    """The post when it has ended; until its hour it is looked at seldom. Raises StillRunning."""
    from polypost.client import StillRunning

    if timeout is not None:
        return client.wait(post_id, seconds=timeout)
    ahead = (datetime.fromisoformat(due) - datetime.now(UTC)).total_seconds() if due else 0.0
    if ahead > SELDOM:
        with suppress(StillRunning):
            return client.wait(post_id, seconds=ahead, every=SELDOM)
    return client.wait(post_id, seconds=AFTER)


def _show(printer: Printer, found: Any) -> None:
    warnings = [f"  {each['path']}: {each['message']} {each['hint']}" for each in found.get("warnings", ())]
    printer.show(dict(found), "\n".join([shown.post(found), *warnings]))


@posts.command("list")
def list_posts(
    status: Annotated[
        str | None, typer.Option(help="draft, scheduled, publishing, published, partial or failed.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="Only posts to this network; repeat for several.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Id of a profile, or null.")] = None,
    after: Annotated[str | None, typer.Option(help="Due or made after this instant.")] = None,
    before: Annotated[str | None, typer.Option(help="Due or made before this instant.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most; 0 for all.", min=0)] = 20,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """List posts, the newest first."""
    printer = Printer(json)
    span = "scheduled" if status == "scheduled" else "created"
    query = {
        "status": status,
        "platform": network or None,
        "profile_id": profile,
        f"{span}_after": after,
        f"{span}_before": before,
        "limit": min(limit or 100, 100),
    }
    with talking(server, printer) as client:
        found = []
        for each in client.each(client.list_posts, **query):
            found.append(each)
            if len(found) == limit:
                break
        printer.table(shown.listed(found), shown.POSTS)


@posts.command("show")
def show(post_id: PostId, server: ServerName = None, json: Json = False) -> None:
    """Show a post and what became of each account; leaves with 10 or 11 where it failed, wholly or in part."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_post(post_id)
        _show(printer, found)
        leave_with(found["status"])


@posts.command("wait")
def wait(post_id: PostId, timeout: Seconds = None, server: ServerName = None, json: Json = False) -> None:
    """Wait until a post is out everywhere, or failed."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = _ended(client, post_id, client.get_post(post_id)["scheduledFor"], timeout)
        _show(printer, found)
        leave_with(found["status"])


@posts.command("timeline")
def timeline(post_id: PostId, server: ServerName = None, json: Json = False) -> None:
    """Show everything that happened to a post."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_post_timeline(post_id)
        printer.show(found, shown.timeline(found["timeline"]))


@posts.command("retry")
def retry(
    post_id: PostId,
    to: To = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where it is not known whether an earlier try is out.")
    ] = False,
    wait: Wait = False,
    timeout: Seconds = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Try failed accounts once more, all of them or those of --to."""
    printer = Printer(json)
    with talking(server, printer) as client:
        chosen = composing.entries(client, to, []) if to else None
        more = {"idempotency_key": idempotency_key} if idempotency_key else {}
        plain = (
            None
            if chosen is None
            else [{"platform": e["platform"], "accountId": e["accountId"]} for e in chosen]
        )
        taken = client.retry_post(post_id, platforms=plain, force=force, **more)  # type: ignore[arg-type]  # one key of it
        _followed(client, taken, printer, wait=wait, timeout=timeout)


@posts.command("change")
def change(
    post_id: PostId,
    text: Annotated[str | None, typer.Option(help="Another text for the accounts that failed.")] = None,
    to: To = None,
    media: Media = None,
    alt: Alt = None,
    options: Set = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where it is not known whether an earlier version is out.")
    ] = False,
    wait: Wait = False,
    timeout: Seconds = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Change what failed and try it once more; what is out stays."""
    printer = Printer(json)
    with talking(server, printer) as client:
        given: dict[str, Any] = {"force": force}
        if text is not None:
            given["content"] = composing.text_of(text)
        if to:
            given["platforms"] = composing.entries(client, to, options or [])
        if media:
            given["media_items"] = uploading.media(client, media, alt or [], printer)
        if idempotency_key:
            given["idempotency_key"] = idempotency_key
        _followed(client, client.change_failed_post(post_id, **given), printer, wait=wait, timeout=timeout)


@posts.command("edit")
def edit(
    post_id: PostId,
    text: Text,
    to: To = None,
    media: Media = None,
    alt: Alt = None,
    at: At = None,
    zone: Zone = None,
    options: Set = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Write a scheduled post anew; without --media it has none, without --at it keeps its hour."""
    if not to:
        raise typer.BadParameter("Say to whom with --to.")
    printer = Printer(json)
    with talking(server, printer) as client:
        parts = body(client, text, to, media, alt, options, printer)
        parts |= composing.hour(at, zone) if at else {}
        answer = client.edit_scheduled_post(post_id, **parts)
        printer.show(answer, f"{post_id} is due {shown.moment(answer['scheduledFor'], zone)}.")


@posts.command("reschedule")
def reschedule(
    post_id: PostId,
    at: Annotated[str, typer.Option(help="When, as for `polypost post`.")],
    zone: Zone = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Give a scheduled or cancelled post another hour."""
    printer = Printer(json)
    with talking(server, printer) as client:
        hour = composing.hour(at, zone)
        answer = client.reschedule_post(post_id, hour["scheduled_for"], timezone=hour["timezone"])
        printer.show(answer, f"{post_id} is due {shown.moment(answer['scheduledFor'], hour['timezone'])}.")


@posts.command("cancel")
def cancel(post_id: PostId, server: ServerName = None, json: Json = False) -> None:
    """Take a scheduled post back; it is a draft then."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.cancel_scheduled_post(post_id), f"{post_id} is a draft.")


@posts.command("delete")
def delete(
    post_id: PostId,
    networks: Annotated[
        bool, typer.Option("--from-networks", help="On the networks too, where they allow it; a credit each.")
    ] = False,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Delete a post that is not on its way."""
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.delete_post(post_id, delete_from_platforms=networks or None)
        lines = [
            f"  {e['platform']}: {e['status']} {e.get('errorMessage', '')}".rstrip()
            for e in answer.get("platforms", ())
        ]
        good = answer["success"]
        printer.show(
            answer, "\n".join([f"{post_id} is {'deleted' if good else 'not deleted everywhere'}.", *lines])
        )
        if not good:
            raise SystemExit(Exit.PARTIAL)


def api(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, PUT, PATCH or DELETE.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Path of the call, such as /v1/usage.")],
    query: Annotated[
        list[str] | None, typer.Option(help="Parameter as name=value; repeat for several.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--body", help="JSON of the body, @file for a file, - for standard input.")
    ] = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Any call of the API by its path; prints what came, which is JSON, on one line with --json."""
    printer = Printer(json)
    with talking(server, printer) as client:
        asked: dict[str, list[str]] = {}
        for each in query or []:
            name, _, value = each.partition("=")
            asked.setdefault(name, []).append(value)
        sent = None
        if data is not None:
            sent = loads(
                Path(data[1:]).read_text("utf-8") if data.startswith("@") else composing.text_of(data)
            )
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
        answer = client.request(method.upper(), path, query=asked, body=sent, headers=headers)
        page = isinstance(answer, str) and not json
        print(answer if page else dumps(answer, indent=None if json else 2, ensure_ascii=json))
