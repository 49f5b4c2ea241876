"""What the decoder's process gives up before it looks at a file.

Always: memory, processor time, output and open files are bounded, and once its libraries are loaded it can open
nothing more, neither a file nor a socket. Where the kernel lets it, it also has a network of its own, which is empty.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_LOW_PRIORITY = 10


def enter(*, memory: int, output: int, cpu: int, parent: int) -> None:
    """Take the bounds upon itself: bytes of memory and output, seconds of processor; end when `parent` ends."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        _bound(resource.RLIMIT_AS, memory)
    os.nice(_LOW_PRIORITY)
    # Too much of it is told from a kill by somebody else: the end by the soft bound comes first.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    _bound(resource.RLIMIT_FSIZE, output)
    _bound(resource.RLIMIT_CORE, 0)


def shut() -> None:
    """Open nothing any more. Libraries are loaded by now: what follows may take the right to read them."""
    if sys.platform == "linux":
        # Many kernels and containers do not permit it; that no socket can be opened holds anyway.
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)
    first_free = os.dup(0)
    os.close(first_free)
    _bound(resource.RLIMIT_NOFILE, first_free)


def _bound(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))
