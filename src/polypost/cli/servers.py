"""Servers by name: address and key of each, in the user's own configuration, which nobody else reads."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from polypost.errors import PolypostError

FILE = "servers.json"


class NoServer(PolypostError):
    """There is no server to speak to, or it cannot be kept."""


@dataclass(frozen=True)
class Server:
    """Where calls go to, and with which key."""

    url: str
    key: str | None


def folder() -> Path:
    """The user's configuration folder of ours: `~/.config/polypost` on Linux."""
    return Path(typer.get_app_dir("polypost"))


def known() -> dict[str, Any]:
    """What `polypost login` has kept: `default`, a name, and `servers`, each with `url` and `key`. Raises NoServer."""
    path = folder() / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"default": None, "servers": {}}
    except (OSError, ValueError) as error:
        raise NoServer(
            f"{path} cannot be read: {error}.", next_step="Delete it and run `polypost login`."
        ) from error
    if not isinstance(found, dict) or not isinstance(found.get("servers"), dict):
        raise NoServer(f"{path} is no list of servers.", next_step="Delete it and run `polypost login`.")
    return {"default": found.get("default"), "servers": found["servers"]}


def keep(name: str, content: dict[str, Any]) -> None:
    """Write a file of ours whole or not at all, for its owner alone (0600). Raises NoServer."""
    home = folder()
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, written = tempfile.mkstemp(dir=home, prefix=f".{name}-")
    except OSError as error:
        raise NoServer(f"{home / name} cannot be written: {error}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        Path(written).replace(home / name)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def chosen(named: str | None) -> Server:
    """The server that is meant: by name or address, else the default one, else this machine's. Raises NoServer.

    A kept key goes only to the address it was kept with; POLYPOST_KEY goes before it.
    """
    from polypost.client.calls import LOCAL

    kept, given = known(), os.environ.get("POLYPOST_KEY")
    servers = kept["servers"]
    name = named or kept["default"]
    if name in servers:
        return Server(servers[name]["url"], given or servers[name]["key"])
    if name is not None and "://" in name:
        url = plain(name)
        same = (each["key"] for each in servers.values() if each["url"] == url)
        return Server(url, given or next(same, None))
    if name is not None:
        listed = f"Known are {', '.join(servers)}." if servers else "None is known yet."
        raise NoServer(f"There is no server called '{name}'. {listed}", next_step="See `polypost login`.")
    return Server(LOCAL, given)


def plain(url: str) -> str:
    """An address as it is compared and kept. Raises NoServer."""
    from polypost.client.calls import address

    try:
        return address(url)
    except ValueError as error:
        raise NoServer(str(error)) from error
