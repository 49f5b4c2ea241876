"""The settings file: `NAME=value` lines, read as if they stood in the environment, which wins over them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from polypost.errors import NotConfigured
from polypost.platforms.registry import BUILT_IN
from polypost.settings import OF_A_PLATFORM, PREFIX, Settings

FILE = "polypost.env"
HIDDEN = "(set, not shown)"
_CONFIG, _DATA = f"{PREFIX}CONFIG", f"{PREFIX}DATA"
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_SECRET = re.compile(r"_(KEY|SECRET|TOKEN|PASSWORD)$")
_LOGIN = re.compile(r"(?<=://)([^:@]*):.*@")
_IN_QUERY = re.compile(r"(?i)([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*")
_HEAD = """\
# The settings of this Polypost, one NAME=value a line, read when a process starts. A line that begins with #
# is a remark. What the environment says wins over this file, and an option of the command line over both.
# `polypost config` shows what is in force and where it comes from. Keep this file to yourself: it may hold secrets.
"""
_NETWORKS = """
# Your own app on a network; the same for {others}.
#POLYPOST_{first}_CLIENT_ID=
#POLYPOST_{first}_CLIENT_SECRET=
"""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a settings file says: each name's value and the number of its line."""

    path: Path
    lines: Mapping[str, tuple[str, int]]


def lay(data: Path | None, *, may_lack: bool = False) -> SettingsFile | None:
    """Put what the settings file says into this process's environment, where that says nothing itself.

    It is the file that POLYPOST_CONFIG names, which must be there unless it `may_lack`, else `polypost.env` in the data
    folder, if there is one. Raises NotConfigured for a file that cannot be read, and for a line that is none.
    """
    named = os.environ.get(_CONFIG)
    folder = data or Path(os.environ.get(_DATA) or Settings.model_fields["data"].default)
    path = Path(named) if named else folder / FILE
    text = _text(path)
    if text is None:
        if named and not may_lack:
            raise NotConfigured(
                f"There is no settings file {path}.",
                next_step=f"Set {_CONFIG} to one that is there, or unset it; `polypost init` writes one.",
            )
        return None
    file = SettingsFile(path, dict(_lines(path, text)))
    elsewhere = not named and Path(file.lines.get(_DATA, (folder, 0))[0]).resolve() != folder.resolve()
    if _CONFIG in file.lines or elsewhere:
        raise NotConfigured(
            f"{path} names another {'settings file' if _CONFIG in file.lines else 'data folder'}.",
            next_step=f"Remove that line; {_DATA} and {_CONFIG} in the environment say where things are.",
        )
    told = {name.upper() for name in os.environ}
    os.environ.update({name: value for name, (value, _) in file.lines.items() if name not in told})
    return file


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as unreadable:
        why = unreadable.strerror if isinstance(unreadable, OSError) else "it is not UTF-8 text"
        raise NotConfigured(
            f"The settings file {path} cannot be read: {why}.",
            next_step="Run the command as the user who owns it.",
        ) from unreadable


def _lines(path: Path, text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    seen: dict[str, int] = {}
    for number, line in enumerate((line.strip() for line in text.split("\n")), 1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not _NAME.fullmatch(name) or "\0" in value:
            raise NotConfigured(
                f"Line {number} of {path} is no setting.",
                next_step="Write NAME=value, the name in capitals, or begin the line with #.",
            )
        if name in seen:
            raise NotConfigured(
                f"Lines {seen[name]} and {number} of {path} both set {name}.", next_step="Remove one."
            )
        seen[name] = number
        quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
        yield name, (value[1:-1] if quoted else value, number)


def write(path: Path, said: Mapping[str, object]) -> bool:
    """Write a settings file in which every setting stands, those of `said` in force and the others as remarks.

    The file has mode 0600 and is there whole or not at all; one that is there already stays, and False is returned.
    Raises NotConfigured where it cannot be written.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with suppress(FileNotFoundError):
            half.unlink()
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(_template(said))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(half, path)
        except FileExistsError:
            return False
        finally:
            half.unlink()
    except OSError as trouble:
        raise NotConfigured(
            f"The settings file {path} cannot be written: {trouble.strerror}.",
            next_step="Give this user the right to write there, or name another place with POLYPOST_CONFIG.",
        ) from trouble
    return True


def _template(said: Mapping[str, object]) -> str:
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        if name in {"config", "data"} and name not in said:
            continue
        value = said.get(name, field.get_default(call_default_factory=True))
        line = f"{PREFIX}{name.upper()}={text_of(value)}"
        parts.append(f"\n# {field.description}\n{line if name in said else f'#{line}'}\n")
    first, *others = (platform.upper() for platform in BUILT_IN)
    return "".join(parts) + _NETWORKS.format(first=first, others=", ".join(others))


def text_of(value: object) -> str:
    """A setting's value as the environment has it; nothing for none."""
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(f"{each:g}" if isinstance(each, float | int) else str(each) for each in value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def origins(
    settings: Settings, file: SettingsFile | None, given: Mapping[str, str], told: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Every setting that is in force, secrets hidden, and where it comes from.

    `given` has the options by field, `told` the environment as it was before the file was laid under it. Networks'
    settings stand there only where they are set.
    """
    in_file = file.lines if file else {}
    by_name = {name.upper() for name in told}
    values = {
        f"{PREFIX}{name.upper()}": (text_of(getattr(settings, name)), given.get(name))
        for name in Settings.model_fields
    }
    for platform in BUILT_IN:
        for name in OF_A_PLATFORM:
            value = settings.platform(platform, name)
            if value is not None:
                values[f"{PREFIX}{platform.upper()}_{name}"] = (value, None)
    for name, (value, option) in values.items():
        source = option or ("environment" if name in by_name else "")
        if not source and name in in_file:
            assert file is not None
            source = f"{file.path}, line {in_file[name][1]}"
        yield {"name": name, "value": shown(name, value), "from": source or "default"}


def shown(name: str, value: str) -> str:
    """A setting's value as anybody may see it: secrets hidden, and in addresses what signs in."""
    if value and _SECRET.search(name):
        return HIDDEN
    return _IN_QUERY.sub(r"\1•••", _LOGIN.sub(r"\1:•••@", value))
