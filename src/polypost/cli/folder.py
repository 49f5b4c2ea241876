"""The data folder holds tokens, keys and people's media: nobody else on the machine reads it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

OTHERS = 0o077


def keep_private(folder: Path) -> None:
    """Make the data folder, mode 0700, and let this process write files of mode 0600 only, whatever the umask was.

    A folder that others may enter is closed to them; where it is somebody else's, a line on standard error says so.
    Raises OSError.
    """
    os.umask(OTHERS)
    folder.mkdir(parents=True, exist_ok=True)
    mode = folder.stat().st_mode
    if not mode & OTHERS:
        return
    try:
        folder.chmod(mode & ~OTHERS & 0o7777)
    except PermissionError:
        said = f"Others on this machine can enter the data folder {folder}. Take it from them: chmod 700 {folder}"
        print(f"polypost: {said}", file=sys.stderr)
