"""What commands have in common: their options, and the settings that they work with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from polypost.cli.folder import keep_private
from polypost.cli.lazily import lazily

if TYPE_CHECKING:
    from polypost.cli import settings_file
    from polypost.settings import Settings
else:
    settings_file = lazily("polypost.cli.settings_file")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Data = Annotated[Path | None, typer.Option("--data", help="Data folder (POLYPOST_DATA).")]
# What a process of its own does first, of a command that opens a store.
before_store: Callable[[], None] | None = None
Project = Annotated[str, typer.Option("--project", help="Name or id of the project.")]


def settings_of(data: Path | None = None, **more: object) -> Settings:
    """The settings, with what the command line says laid over them; the data folder is there, for us alone."""
    settings_file.lay(data)
    settings = loaded(data, **more)
    keep_private(settings.data)
    return settings


def loaded(data: Path | None = None, **more: object) -> Settings:
    """The settings as environment and command line say; what looks like one and is none is told on standard error."""
    from polypost.platforms.registry import BUILT_IN
    from polypost.settings import load, unknown

    if before_store is not None:
        before_store()
    given = {name: value for name, value in {"data": data, **more}.items() if value is not None}
    for sentence in unknown(os.environ, BUILT_IN):
        typer.echo(f"polypost: {sentence}", err=True)
    return load(given)
