"""`polypost drafts`, `queue`, `schedules`, `bulk` and `upload`: what becomes posts later, or many of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from polypost.cli import composing, shown, uploading
from polypost.cli.composing import Alt, At, Media, Set, Text, To, Zone
from polypost.cli.exits import Exit, Json, Key, ServerName, leave_with, talking
from polypost.cli.output import Printer
from polypost.cli.posting import PostId, body

drafts = typer.Typer(no_args_is_help=True, help="Drafts; `polypost post --draft` makes one.")
queue = typer.Typer(no_args_is_help=True, help="Weekly slots; `polypost post --queue` takes the next.")
schedules = typer.Typer(no_args_is_help=True, help="Posts that repeat.")
bulk = typer.Typer(no_args_is_help=True, help="Files with many posts.")
Profile = Annotated[str | None, typer.Option(help="Id of a profile; the project's queue if left out.")]
ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE_ID", help="Id of the schedule.")]
BulkId = Annotated[str, typer.Argument(metavar="BULK_ID", help="Id of the upload.")]


@drafts.command("list")
def list_drafts(server: ServerName = None, json: Json = False) -> None:
    """List drafts."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_posts, status="draft", limit=100))
        printer.table(shown.listed(found), shown.POSTS)


@drafts.command("edit")
def edit_draft(
    post_id: PostId,
    text: Text,
    to: To = None,
    media: Media = None,
    alt: Alt = None,
    options: Set = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Write a draft anew, also a post that was cancelled."""
    if not to:
        raise typer.BadParameter("Say to whom with --to.")
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.edit_draft(post_id, **body(client, text, to, media, alt, options, printer))
        printer.show(answer, shown.post(answer))


@drafts.command("publish")
def publish_draft(
    post_id: PostId,
    at: At = None,
    zone: Zone = None,
    queue: Annotated[bool, typer.Option("--queue", help="Into the next free slot.")] = False,
    profile: Profile = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Make a post of a draft: now, at an hour, or in the queue."""
    if at and queue:
        raise typer.BadParameter("--at and --queue exclude each other.")
    printer = Printer(json)
    with talking(server, printer) as client:
        moment: dict[str, Any] = (
            composing.hour(at, zone) if at else {"queue": True} if queue else {"publish_now": True}
        )
        if profile:
            moment["profile_id"] = profile
        if idempotency_key:
            moment["idempotency_key"] = idempotency_key
        taken = client.schedule_draft(post_id, **moment)
        printer.show(dict(taken), shown.post(taken))
        leave_with(taken["status"])


@drafts.command("delete")
def delete_draft(post_id: PostId, server: ServerName = None, json: Json = False) -> None:
    """Delete a draft."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.delete_post(post_id), f"{post_id} is deleted.")


@queue.command("list")
def list_queue(server: ServerName = None, json: Json = False) -> None:
    """List posts that wait for their hour, the next first."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_scheduled_posts, limit=100))
        printer.table(shown.listed(found), shown.POSTS)


@queue.command("next")
def next_slots(
    count: Annotated[int, typer.Option(help="How many.", min=1, max=100)] = 5,
    profile: Profile = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Show the next free slots; looking takes none."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.list_next_slots(count=count, profile_id=profile)
        printer.table(found["slots"], ("localTime", "at"))


@queue.command("slots")
def slots(profile: Profile = None, server: ServerName = None, json: Json = False) -> None:
    """Show the weekly hours."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_queue_slots(profile_id=profile)["queue"]
        hours = [f"{each['weekday']} {each['time']}" for each in found["slots"]] or ["There are none yet."]
        printer.show(found, "\n".join([f"In {found['timezone']}:", *hours]))


@queue.command("set")
def set_slots(
    hours: Annotated[
        list[str], typer.Argument(metavar="HOURS...", help="Each as monday-09:00; these and no others.")
    ],
    zone: Zone = None,
    profile: Profile = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Set the weekly hours; posts in the queue keep theirs."""
    from polypost.cli import when

    printer = Printer(json)
    wanted = []
    for each in hours:
        day, dash, time = each.partition("-")
        if not dash:
            raise typer.BadParameter(f"'{each}' is no weekly hour. Write it as monday-09:00.")
        wanted.append({"weekday": day.lower(), "time": time})
    with talking(server, printer) as client:
        found = client.set_queue_slots(wanted, timezone=zone or when.here(), profile_id=profile)["queue"]
        printer.show(found, f"{len(found['slots'])} hours a week in {found['timezone']}.")


@schedules.command("list")
def list_schedules(server: ServerName = None, json: Json = False) -> None:
    """List posts that repeat."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_schedules, limit=100))
        printer.table(found, ("id", "name", "status", "rule", "timezone", "nextAt"))


@schedules.command("create")
def create_schedule(
    text: Text,
    rule: Annotated[str, typer.Option(help="Rule as in calendars: FREQ=WEEKLY;BYDAY=MO.")],
    starts: Annotated[str, typer.Option(help="First hour on the wall: 2027-01-04T09:00.")],
    to: To = None,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    media: Media = None,
    alt: Alt = None,
    zone: Zone = None,
    options: Set = None,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Make a post that repeats."""
    from polypost.cli import when

    if not to:
        raise typer.BadParameter("Say to whom with --to.")
    printer = Printer(json)
    with talking(server, printer) as client:
        parts = body(client, text, to, media, alt, options, printer)
        parts |= {"name": name} if name else {}
        parts |= {"idempotency_key": idempotency_key} if idempotency_key else {}
        made = client.create_schedule(rule=rule, starts_at=starts, timezone=zone or when.here(), **parts)[
            "schedule"
        ]
        printer.show(made, f"{made['id']}: next at {made['nextLocalTime']} {made['timezone']}.")


@schedules.command("show")
def show_schedule(schedule_id: ScheduleId, server: ServerName = None, json: Json = False) -> None:
    """Show a post that repeats, and its next times."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = client.get_schedule(schedule_id)["schedule"]
        times = client.list_schedule_occurrences(schedule_id, limit=10)["occurrences"]
        lines = [f"  {each['localTime']} {each['state']} {each['postId'] or ''}".rstrip() for each in times]
        head = f"{found['id']} {found['name'] or ''} is {found['status']}: {found['rule']} in {found['timezone']}"
        printer.show({**found, "occurrences": times}, "\n".join([head, *lines]))


@schedules.command("change")
def change_schedule(
    schedule_id: ScheduleId,
    text: Annotated[str | None, typer.Option(help="Another text.")] = None,
    rule: Annotated[str | None, typer.Option(help="Another rule.")] = None,
    starts: Annotated[str | None, typer.Option(help="Another first hour on the wall.")] = None,
    zone: Zone = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Change what is named; posts that wait follow."""
    given = {"content": text, "rule": rule, "starts_at": starts, "timezone": zone, "name": name}
    printer = Printer(json)
    with talking(server, printer) as client:
        change: Any = {key: value for key, value in given.items() if value is not None}
        found = client.update_schedule(schedule_id, **change)["schedule"]
        printer.show(found, f"{found['id']}: next at {found['nextLocalTime']} {found['timezone']}.")


@schedules.command("pause")
def pause_schedule(schedule_id: ScheduleId, server: ServerName = None, json: Json = False) -> None:
    """Make no further posts, and take back those that wait."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.pause_schedule(schedule_id), f"{schedule_id} is paused.")


@schedules.command("resume")
def resume_schedule(schedule_id: ScheduleId, server: ServerName = None, json: Json = False) -> None:
    """Go on with what lies ahead."""
    printer = Printer(json)
    with talking(server, printer) as client:
        printer.show(client.resume_schedule(schedule_id), f"{schedule_id} goes on.")


@schedules.command("delete")
def delete_schedule(
    schedule_id: ScheduleId,
    keep_posts: Annotated[bool, typer.Option("--keep-posts", help="Leave the posts that wait.")] = False,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Forget a post that repeats, and what it made that is not out yet."""
    printer = Printer(json)
    with talking(server, printer) as client:
        answer = client.delete_schedule(schedule_id, keep_posts=keep_posts or None)
        printer.show(answer, f"{schedule_id} is deleted.")


@bulk.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="CSV, or one post a line as JSON (.jsonl).")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Judge each row of a file and make nothing."""
    _run(file, server, json, dry_run=True, wait=True, seconds=3600.0, key=None)


@bulk.command("run")
def run(
    file: Annotated[Path, typer.Argument(help="CSV, or one post a line as JSON (.jsonl).")],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until each row is a post or refused.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)] = 3600.0,
    idempotency_key: Key = None,
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Make a post of each row that is right; the others are refused by themselves."""
    _run(file, server, json, dry_run=False, wait=wait, seconds=timeout, key=idempotency_key)


def _run(
    file: Path, server: str | None, json: bool, *, dry_run: bool, wait: bool, seconds: float, key: str | None
) -> None:
    printer = Printer(json)
    with talking(server, printer) as client:
        content = file.read_bytes()
        found = client.create_bulk_upload(content, format=file.name, dry_run=dry_run, idempotency_key=key)
        if wait and found["status"] == "running":
            printer.progress(f"{found['bulkId']} goes on, waiting.")
            found = client.wait_bulk(found["bulkId"], seconds=seconds)
        _show(printer, found)
        if found["refused"]:
            raise SystemExit(
                Exit.PARTIAL if found["created"] or found["valid"] or found["pending"] else Exit.REFUSED
            )


def _show(printer: Printer, found: dict[str, Any]) -> None:
    good = f"{found['valid']} right" if found["dryRun"] else f"{found['created']} made"
    lines = [
        f"{found['bulkId']} is {found['status']}: {found['total']} rows, {good}, {found['refused']} refused, {found['pending']} to come."
    ]
    for row in found["rows"]:
        lines += [
            f"  line {row['line']}, {each['field']}: {each['message']} {each['hint']}".rstrip()
            for each in row["errors"]
        ]
    printer.show(found, "\n".join(lines))


@bulk.command("list")
def list_bulks(server: ServerName = None, json: Json = False) -> None:
    """List the files of the last 30 days."""
    printer = Printer(json)
    with talking(server, printer) as client:
        found = list(client.each(client.list_bulk_uploads, limit=100))
        printer.table(found, ("bulkId", "status", "total", "created", "refused", "pending", "createdAt"))


@bulk.command("show")
def show_bulk(bulk_id: BulkId, server: ServerName = None, json: Json = False) -> None:
    """Show how far a file is, and its rows."""
    printer = Printer(json)
    with talking(server, printer) as client:
        _show(printer, client.get_bulk_upload(bulk_id, limit=1000))


@bulk.command("stop")
def stop(bulk_id: BulkId, server: ServerName = None, json: Json = False) -> None:
    """Make no further posts of a file; those that were made stay."""
    printer = Printer(json)
    with talking(server, printer) as client:
        _show(printer, client.stop_bulk_upload(bulk_id))


def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILES...", help="Pictures, films or documents.")],
    server: ServerName = None,
    json: Json = False,
) -> None:
    """Upload files and print their addresses; a large one that was interrupted goes on where it stopped."""
    printer = Printer(json)
    with talking(server, printer) as client:
        items = [dict(uploading.upload(client, each, printer)) for each in files]
        if json:
            printer.table(items, ("type", "url"))
        else:
            print("\n".join(str(each["url"]) for each in items))
