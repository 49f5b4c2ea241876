"""`polypost init` and `polypost config`: a server's first settings, project, key and person, and what is in force."""

from __future__ import annotations

import asyncio
import os
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from polypost.cli.folder import keep_private
from polypost.cli.lazily import lazily
from polypost.cli.options import Data, Json, loaded
from polypost.cli.output import Printer
from polypost.errors import NotConfigured

if TYPE_CHECKING:
    from polypost.cli import admin, reach, settings_file
    from polypost.settings import Settings
else:
    admin = lazily("polypost.cli.admin")
    reach = lazily("polypost.cli.reach")
    settings_file = lazily("polypost.cli.settings_file")


def init(
    public_url: Annotated[
        str | None, typer.Option(help="Address under which users and networks will reach this server.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address the server will listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port the server will listen on.")] = None,
    project: Annotated[str, typer.Option(help="Name of the first project.")] = "My project",
    data: Data = None,
    json: Json = False,
) -> None:
    """Make a new server: its settings file, first project, key, and a link for the first person. Changes nothing that is there."""
    told = {
        name: value
        for name, value in {"public_url": public_url, "host": host, "port": port}.items()
        if value is not None
    }
    settings_file.lay(data, may_lack=True)
    settings = loaded(data, **told)
    _refuse_two_words(settings, told)
    keep_private(settings.data)
    path = settings.config or settings.data / settings_file.FILE
    where = {"data": settings.data.absolute()} if settings.config is not None else {}
    written = settings_file.write(path, {**where, **told})
    made = asyncio.run(admin.begin(settings, project))
    reached, said = asyncio.run(reach.reached(settings))
    command = _command(settings, data_given=data is not None)
    Printer(json).show(
        {
            "settingsFile": str(path),
            "written": written,
            **made,
            "publicAddress": {"reached": reached, "message": said},
            "next": command,
        },
        _text(str(path), written=written, made=made, said=said, command=command),
    )


def _refuse_two_words(settings: Settings, told: dict[str, Any]) -> None:
    """An option must not say what the environment or a settings file that is there says otherwise: they would win later."""
    from polypost.settings import PREFIX, load

    in_force = load({"data": settings.data})
    for name in told:
        variable = f"{PREFIX}{name.upper()}"
        now = getattr(in_force, name)
        if variable in os.environ and now != getattr(settings, name):
            raise NotConfigured(
                f"{variable} is set already, to {settings_file.shown(variable, str(now))}, and would win over this option.",
                next_step="`polypost config` says where; change it there, or leave the option out.",
            )


def _command(settings: Settings, *, data_given: bool) -> str:
    """What starts the server so that it finds these settings again."""
    from polypost.settings import PREFIX

    if settings.config is not None:
        return f"{PREFIX}CONFIG={shlex.quote(str(settings.config.absolute()))} polypost serve"
    return f"polypost serve --data {shlex.quote(str(settings.data))}" if data_given else "polypost serve"


def _text(path: str, *, written: bool, made: dict[str, Any], said: str, command: str) -> str:
    project, person = made["project"], made["administrator"]
    lines = [f"Settings: {path}" + ("" if written else " (was there already, and stays as it is)")]
    if project is None:
        lines.append("Project: there is one already. `polypost projects list` lists them.")
    else:
        lines += [
            f"Project: {project['name']} ({project['id']})",
            f"Key: {project['apiKey']}",
            "The key is shown this once.",
        ]
    lines += [f"Public address: {said}", "", f"Start the server:\n\n  {command}"]
    if person is not None:
        lines.append(
            f"\nThen choose your name and password, the first of this server:\n\n  {person['url']}\n\n"
            f"The link works once, until {person['expiresAt']}."
        )
    return "\n".join(lines)


def config(data: Data = None, json: Json = False) -> None:
    """Show every setting that is in force and where it comes from; secrets are not shown."""
    told = dict(os.environ)
    file = settings_file.lay(data)
    settings = loaded(data)
    looked = settings.config or settings.data / settings_file.FILE
    given = {"data": "--data"} if data is not None else {}
    found = list(settings_file.origins(settings, file, given, told))
    head = f"# Settings file: {looked}" + ("" if file else " (not there)")
    lines = [f"{each['name']}={each['value']}  # {each['from']}" for each in found]
    Printer(json).show(
        {"settingsFile": str(file.path) if file else None, "settings": found}, "\n".join([head, *lines])
    )
