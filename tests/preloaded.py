"""`polypost` processes that are forked from an interpreter with everything imported: a start costs a third.

They are processes like any other, with a pid, files and memory of their own; only their imports are done already.
"""

from __future__ import annotations

import gc
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
READY = b"!"


class Child:
    """One forked process, with as much of `subprocess.Popen` as tests use; its end is known, its exit status not."""

    def __init__(self, pid: int, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdout: IO[bytes] | None = stdout
        try:
            self._handle: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._handle = None

    def poll(self) -> int | None:
        """None while it runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""
        ended = self._ended(timeout)
        if ended is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return ended

    def send_signal(self, number: int) -> None:
        """Send a signal, never to another process that has the pid since."""
        if self._handle is not None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """kill -9."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self._handle is not None:
            if not select.select([self._handle], [], [], timeout)[0]:
                return None
            os.close(self._handle)
            self._handle = None
        return 0


class Nursery:
    """The interpreter that forks; it ends when this object's process does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("POLYPOST_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())],
            cwd=ROOT,
            env=clean,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        assert self._socket.recv(1) == READY

    def launch(self, arguments: Sequence[str], env: Mapping[str, str], log: IO[bytes]) -> Child:
        """`polypost` with these arguments, this environment, and standard error in `log`."""
        reading, writing = os.pipe()
        wanted = json.dumps({"arguments": list(arguments), "env": dict(env)}).encode()
        try:
            with self._lock:
                socket.send_fds(self._socket, [len(wanted).to_bytes(4, "big")], [writing, log.fileno()])
                self._socket.sendall(wanted)
                pid = int.from_bytes(self._socket.recv(4, socket.MSG_WAITALL), "big")
        finally:
            os.close(writing)
        return Child(pid, os.fdopen(reading, "rb"))

    def close(self) -> None:
        """End the interpreter; what it forked lives on."""
        self._socket.close()
        self._process.wait(30)


def main() -> None:
    """Fork for each request that comes over the socket until it is closed."""
    from polypost import cli
    from polypost.cli import commands, demo, running
    from polypost.platforms.registry import BUILT_IN, connector
    from polypost.sandbox.simulators import simulators

    assert commands
    assert demo
    assert running
    for name in BUILT_IN:
        connector(name)
    assert simulators
    # What is here stays: the collector shall not touch, and so copy, the pages of every child.
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    asked = socket.socket(fileno=int(sys.argv[1]))
    asked.sendall(READY)
    while True:
        head, descriptors, _, _ = socket.recv_fds(asked, 4, 2)
        if not head:
            return
        length = int.from_bytes(head, "big")
        wanted = json.loads(asked.recv(length, socket.MSG_WAITALL))
        pid = os.fork()
        if pid == 0:
            asked.close()
            _become(wanted["arguments"], wanted["env"], *descriptors)
            cli.main()
            return
        for descriptor in descriptors:
            os.close(descriptor)
        asked.sendall(pid.to_bytes(4, "big"))


def _become(arguments: list[str], env: dict[str, str], output: int, log: int) -> None:
    """What a new interpreter would be: its own signals, streams, environment and chance."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(output, 1)
    os.dup2(log, 2)
    os.close(output)
    os.close(log)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    random.seed()
    sys.argv = ["polypost", *arguments]


if __name__ == "__main__":
    main()
