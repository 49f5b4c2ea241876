"""The list of parts (SBOM, CycloneDX 1.6) that hatchling puts into each wheel, where PEP 770 has it.

Two kinds: files of others that lie in the wheel, each described by the notice beside it, and the locked versions of the
packages that Polypost stands on. Nothing in it depends on when or where it is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILE = "polypost.cdx.json"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?: ; ([^\\\n]+))?", re.MULTILINE)
_FIELD = re.compile(r"^(Name|Version|Source|SHA-256|Licence):\s*(.+)$", re.MULTILINE)


def parts(root: Path, name: str, version: str) -> dict[str, Any]:
    """The list for the sources at `root`."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"pkg:pypi/{name}@{version}",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": [*_inside(root / "src"), *_below(root / "requirements.lock")],
    }


def _inside(source: Path) -> Iterator[dict[str, Any]]:
    for notice in sorted(source.rglob("vendor/*.txt")):
        said = dict(_FIELD.findall(notice.read_text(encoding="utf-8")))
        yield {
            "type": "file",
            "bom-ref": notice.relative_to(source).with_suffix(".js").as_posix(),
            "name": said["Name"],
            "version": said["Version"],
            "description": said["Source"],
            "hashes": [{"alg": "SHA-256", "content": said["SHA-256"]}],
            "licenses": [{"license": {"id": said["Licence"].partition(",")[0]}}],
        }


def _below(lock: Path) -> Iterator[dict[str, Any]]:
    for name, version, where in _PINNED.findall(lock.read_text(encoding="utf-8")):
        purl = f"pkg:pypi/{name}@{version}"
        part = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        # Some are for other systems or Pythons alone; the marker is that of Python's packages.
        marked = [{"name": "python:marker", "value": where.strip()}] if where else []
        yield {**part, "properties": marked} if marked else part


class Parts(BuildHookInterface):
    """Hands the list to hatchling when a wheel is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the list beside the build, and name it."""
        del version
        file = Path(self.directory) / FILE
        file.parent.mkdir(parents=True, exist_ok=True)
        listed = parts(Path(self.root), self.metadata.core.name, self.metadata.version)
        file.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(file))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Leave nothing beside the wheel."""
        del version, build_data, artifact_path
        (Path(self.directory) / FILE).unlink()
