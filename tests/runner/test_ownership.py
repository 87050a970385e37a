"""Who lives and who does not."""

from __future__ import annotations

import subprocess
import sys

import psutil
from hypothesis import given
from hypothesis import strategies as st

from monitor.runner import alive, own


def owner_of(pid: int) -> str:
    host, boot, _, _ = own().split("|")
    ticks = psutil.Process(pid).create_time()  # only to be sure that the process exists
    assert ticks
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:  # noqa: PTH123
        return f"{host}|{boot}|{pid}|{file.read().rpartition(')')[2].split()[19]}"


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


def test_this_process_is_alive() -> None:
    assert alive(own())


def test_another_process_of_this_machine_is_alive_until_it_ends() -> None:
    process = sleeper()
    owner = owner_of(process.pid)
    assert alive(owner)
    process.kill()
    process.wait()
    assert not alive(owner)


def test_a_process_that_ended_but_was_not_collected_is_not_alive() -> None:
    process = sleeper()
    owner = owner_of(process.pid)
    process.kill()
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert not alive(owner)
    process.wait()


def test_a_new_process_under_an_old_id_is_not_the_old_owner() -> None:
    host, boot, pid, ticks = own().split("|")
    assert not alive(f"{host}|{boot}|{pid}|{int(ticks) - 1}")


def test_an_owner_from_before_the_machine_restarted_is_not_alive() -> None:
    host, _, pid, ticks = own().split("|")
    assert not alive(f"{host}|another-boot|{pid}|{ticks}")


def test_an_owner_on_another_machine_counts_as_alive() -> None:
    _, boot, _, _ = own().split("|")
    assert alive(f"elsewhere/4026531836|{boot}|999999999|1")


def test_an_owner_in_another_container_of_the_same_name_counts_as_alive() -> None:
    host, boot, _, _ = own().split("|")
    assert alive(f"{host.rpartition('/')[0]}/1|{boot}|999999999|1")


@given(st.text())
def test_whatever_cannot_be_read_counts_as_alive(owner: str) -> None:
    assert alive(owner)


def test_an_owner_has_four_parts() -> None:
    assert [bool(part) for part in own().split("|")] == [True] * 4
