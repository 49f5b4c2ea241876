"""A machine whose name server never answers, for the processes that are started in it (Linux, as root)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

# A loopback address of its own, where no resolver of the machine's listens.
SERVER = "127.83.0.53"
KNOWN = "pictures.example.net"
_ENTER = 'mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/hosts" /etc/hosts && exec "$@"'


class NoSuchMachine(Exception):
    """Why names cannot be made to hang here."""


@contextmanager
def names_that_hang(folder: Path) -> Iterator[Sequence[str]]:
    """The words before a command for which every look-up hangs but that of `KNOWN`. Raises NoSuchMachine.

    The command has a view of the file system of its own, in which another name server is named: one that takes
    questions and answers none.
    """
    if shutil.which("unshare") is None:
        raise NoSuchMachine("there is no `unshare`")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(f"nameserver {SERVER}\n")
    (folder / "hosts").write_text(f"127.0.0.1 localhost {KNOWN}\n")
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        # Several of them have one address: nobody reads what is asked.
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            silent.bind((SERVER, 53))
        except OSError as refused:
            raise NoSuchMachine(f"nobody may listen on port 53 ({refused.strerror})") from refused
        words = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c", _ENTER, str(folder)]
        tried = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            raise NoSuchMachine(f"no view of its own: {tried.stderr.strip()}")
        yield words
