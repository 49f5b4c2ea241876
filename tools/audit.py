"""Known weaknesses of the locked versions, by pip-audit: what can be mended fails, what cannot is listed.

    python tools/audit.py requirements.lock

pip-audit is asked for JSON, so that the verdict is ours: it has no way to fail on what is fixable alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

MENDABLE, NOT_ASKED = 1, 2


def verdict(report: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Sentences about the weaknesses in a report of pip-audit: those with a version that mends them, and the others."""
    mendable, others = [], []
    for package in report["dependencies"]:
        for found in package.get("vulns", ()):
            names = ", ".join([found["id"], *found.get("aliases", ())])
            said = f"{package['name']} {package['version']}: {names}"
            if found.get("fix_versions"):
                mendable.append(f"{said}; mended in {', '.join(found['fix_versions'])}")
            else:
                others.append(f"{said}; no version mends it yet")
    return mendable, others


def main() -> int:
    """Exit status 1 where something can be mended, 2 where nobody could be asked."""
    asked = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    for lock in sys.argv[1:]:
        asked += ["--requirement", lock]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(f"Not audited: {done.stderr.strip() or 'pip-audit said nothing'}", file=sys.stderr)
        return NOT_ASKED
    mendable, others = verdict(report)
    for said in [*others, *mendable]:
        print(said)
    if mendable:
        print("Raise these versions: make lock", file=sys.stderr)
        return MENDABLE
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
