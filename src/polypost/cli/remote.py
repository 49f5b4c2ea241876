"""The commands that speak to a server, here or elsewhere; none of them opens the store or loads the server."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from polypost.cli import around, connecting, exits, planning, posting, servers
from polypost.cli.exits import Exit, Json
from polypost.cli.output import Printer

kept = typer.Typer(no_args_is_help=True, help="Servers that `polypost login` has kept.")
POSTS, AROUND, OWN = "Posts, by way of a server", "Around posts, by way of a server", "Which server"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Shell(StrEnum):
    """Shells whose completion there is."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def app() -> typer.Typer:
    """Every command that speaks to a server."""
    app = typer.Typer(add_completion=False)
    for command, panel in (
        (posting.post, POSTS),
        (planning.upload, POSTS),
        (around.figures, AROUND),
        (around.usage, AROUND),
        (around.write, AROUND),
        (around.image, AROUND),
        (posting.api, AROUND),
        (login, OWN),
        (logout, OWN),
        (completion, OWN),
    ):
        app.command(rich_help_panel=panel)(command)
    for name, group, panel in (
        ("posts", posting.posts, POSTS),
        ("drafts", planning.drafts, POSTS),
        ("queue", planning.queue, POSTS),
        ("schedules", planning.schedules, POSTS),
        ("bulk", planning.bulk, POSTS),
        ("accounts", connecting.accounts, AROUND),
        ("profiles", connecting.profiles, AROUND),
        ("apps", connecting.apps, AROUND),
        ("webhooks", connecting.webhooks, AROUND),
        ("comments", around.comments, AROUND),
        ("messages", around.messages, AROUND),
        ("networks", around.networks, AROUND),
        ("servers", kept, OWN),
    ):
        app.add_typer(group, name=name, rich_help_panel=panel)
    return app


def login(
    url: Annotated[
        str | None, typer.Argument(metavar="[URL]", help="Address of the server; this machine's if left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the server; its host if left out.")] = None,
    json: Json = False,
) -> None:
    """Keep a server's address and a key, which is asked for or read from standard input, and use it from now on."""
    from polypost.client import Client, ClientError
    from polypost.client.calls import LOCAL

    printer = Printer(json)
    address = servers.plain(url or LOCAL)
    host = urlsplit(address).hostname or address
    if address.startswith("http://") and host not in _LOOPBACK:
        print(f"polypost: {address} is not encrypted: whoever is on the way reads the key.", file=sys.stderr)
    key = connecting.secret("Key")
    if not key:
        raise typer.BadParameter("There is no key. Type it, or send it as a line to standard input.")
    try:
        with Client(address, key) as client:
            client.health_check_auth()
    except ClientError as error:
        exits.end(error, printer)
    named, found = name or host, servers.known()
    found["servers"][named] = {"url": address, "key": key}
    found["default"] = named
    servers.keep(servers.FILE, found)
    place = servers.folder() / servers.FILE
    printer.show(
        {"server": named, "url": address}, f"{named} ({address}) is kept in {place}, and used from now on."
    )


def logout(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the server.")], json: Json = False
) -> None:
    """Forget a server and its key; the key itself stays valid."""
    found = _named(name)
    del found["servers"][name]
    if found["default"] == name:
        found["default"] = next(iter(found["servers"]), None)
    servers.keep(servers.FILE, found)
    rest = f"{found['default']} is used now." if found["default"] else "None is left."
    Printer(json).show({"forgotten": name, "default": found["default"]}, f"{name} is forgotten. {rest}")


@kept.command("list")
def list_servers(json: Json = False) -> None:
    """List the kept servers; keys are not shown."""
    found = servers.known()
    rows = [
        {"name": name, "url": each["url"], "default": name == found["default"]}
        for name, each in found["servers"].items()
    ]
    Printer(json).table(rows, ("name", "url", "default"))


@kept.command("use")
def use(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the server.")], json: Json = False
) -> None:
    """Speak to this one where --server and POLYPOST_SERVER name none."""
    found = _named(name)
    servers.keep(servers.FILE, {**found, "default": name})
    Printer(json).show({"default": name}, f"{name} is used from now on.")


def _named(name: str) -> dict[str, Any]:
    found = servers.known()
    if name not in found["servers"]:
        listed = ", ".join(found["servers"]) or "none"
        print(f"polypost: There is no server called '{name}'. Kept are: {listed}.", file=sys.stderr)
        raise SystemExit(Exit.ERROR)
    return found


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")], json: Json = False
) -> None:
    """Print what makes a shell complete commands and options: source <(polypost completion bash)."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # Typer does not list it

    script = get_completion_script(prog_name="polypost", complete_var="_POLYPOST_COMPLETE", shell=shell.value)
    Printer(json).show({"shell": shell.value, "script": script}, script)
