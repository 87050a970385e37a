"""Who holds a slot, told so exactly that another process on the same machine can see whether the owner still lives.

`host|boot_id|pid|start_ticks`: a process id alone is reused, also after a restart of the machine.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple

_ENDED = {"Z", "X", "x"}
"""States of a process that runs no more but has not been collected by its parent."""


class _Process(NamedTuple):
    state: str
    start_ticks: str
    """Since the machine started; with the process id it names one process for ever."""


def own() -> str:
    """This process as owner of slots."""
    pid = os.getpid()
    found = _process(pid)
    return f"{_host()}|{_boot()}|{pid}|{found.start_ticks if found else ''}"


def alive(owner: str) -> bool:
    """False only when the owner is known to be gone.

    An owner on another machine, in another container or on a system without /proc counts as alive: there the lease
    decides.
    """
    parts = owner.split("|")
    if len(parts) != 4 or not parts[2].isdecimal() or not parts[3]:
        return True
    host, boot, pid, ticks = parts
    if host != _host():
        return True
    if boot != _boot():
        return False  # this very machine has started anew since
    found = _process(int(pid))
    return found is not None and found.start_ticks == ticks and found.state not in _ENDED


def _host() -> str:
    """Host name and, on Linux, process namespace: two containers may share a name but not see each other's ids."""
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}/{namespace}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _process(pid: int) -> _Process | None:
    """None when there is no such process, or no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command name, in parentheses, may hold anything; proc(5) counts state as field 3, start time as field 22.
    fields = stat.rpartition(")")[2].split()
    return _Process(state=fields[0], start_ticks=fields[19])
