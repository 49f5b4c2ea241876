"""What is loaded when it is first used: a server has no use for commands that speak to one, nor these for a store."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import typer.main
from typer.core import TyperGroup


def lazily(name: str) -> ModuleType:
    """The module, of which nothing is run until something of it is asked for. Raises ModuleNotFoundError."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name, name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Commands(TyperGroup):
    """All commands; those that speak to a server come when one of them, or the list, is asked for."""

    _own: dict[str, Any]
    _whole = False

    @property  # type: ignore[override]  # Typer has an attribute here
    def commands(self) -> dict[str, Any]:
        """Every command by its name."""
        if not self._whole:
            from polypost.cli import remote

            self._whole = True
            self._own |= typer.main.get_group(remote.app()).commands
        return self._own

    @commands.setter
    def commands(self, own: dict[str, Any]) -> None:
        self._own = own

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, None where there is none of this name."""
        return self._own.get(cmd_name) or super().get_command(ctx, cmd_name)
