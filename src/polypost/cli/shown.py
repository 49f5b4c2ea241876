"""Posts and accounts as people read them at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

POSTS = ("postId", "status", "scheduledFor", "networks", "text")


def post(found: Mapping[str, Any]) -> str:
    """A post and what became of each of its accounts."""
    when = found.get("scheduledFor")
    due = (
        f", due {moment(when, found.get('timezone'))}"
        if when and found["status"] in {"scheduled", "pending"}
        else ""
    )
    lines = [f"{found['postId']} is {found['status']}{due}."]
    if found.get("warningMessage"):
        lines.append(f"  {found['warningMessage']}")
    for target in found.get("platforms", ()):
        lines += _target(target)
    return "\n".join(lines)


def _target(target: Mapping[str, Any]) -> list[str]:
    status = target.get("status") or ("ok" if target.get("success") else "failed")
    waits = f", waits for {target['waitingFor']}" if target.get("waitingFor") else ""
    line = f"  {target['platform']} {target.get('accountId') or ''}".rstrip()
    line = f"{line}: {status}{waits} {target.get('platformPostUrl') or ''}".rstrip()
    why = target.get("errorMessage") or target.get("error")
    code = target.get("errorCode") or target.get("code")
    said = [f"    {why}{f' ({code})' if code else ''}"] if why else []
    return [line, *said, *([f"    {target['warningMessage']}"] if target.get("warningMessage") else [])]


def moment(when: str, zone: str | None) -> str:
    """An instant on the wall of its zone, and in UTC."""
    at = datetime.fromisoformat(when)
    utc = f"{at:%Y-%m-%d %H:%M} UTC"
    try:
        local = at.astimezone(ZoneInfo(zone)) if zone and zone != "UTC" else None
    except (ZoneInfoNotFoundError, ValueError):
        local = None
    return f"{local:%Y-%m-%d %H:%M} {zone} ({utc})" if local else utc


def listed(posts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Posts as rows: all they have, with `networks` and the beginning of the text beside; those that wait say no status."""
    rows = []
    for each in posts:
        networks = [target["platform"] for target in each["platforms"]]
        text = " ".join(each["content"].split())
        rows.append(
            {
                "status": "scheduled",
                **each,
                "networks": networks,
                "text": text if len(text) <= 60 else f"{text[:59]}…",
            }
        )
    return rows


def timeline(lines: Sequence[Mapping[str, Any]]) -> str:
    """What happened, a line each."""
    return "\n".join(
        f"{line['at']}  {line.get('platform') or '':<14} {line['kind']:<18} {line['message']}"
        for line in lines
    )
