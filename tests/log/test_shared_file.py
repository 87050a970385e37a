"""One file, many writers: every line whole and exactly once, through rotation, forks and kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from monitor.log import Log

VALUES = {f"feature_{i:02d}": 0.123456789 * i for i in range(20)}
WRITER = """
import sys
from monitor.log import Log
path, name, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
log = Log(path, max_bytes=size or None, keep=100_000, strict=True)
i = 0
while count == 0 or i < count:
    log.explained(f"{name}-{i}", {"a": 0.5}, padding="x" * (i * 37 % 900))
    i += 1
    if count == 0 and i % 5 == 0:
        print(i, flush=True)
"""


def spawn(path: Path, name: str, *, count: int, size: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(path), name, str(count), str(size)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def files(path: Path) -> list[Path]:
    """Oldest first."""
    return [*sorted(path.parent.glob(f"{path.name}.*")), *path.parent.glob(path.name)]


def lines(path: Path) -> list[bytes]:
    return [raw for one in files(path) for raw in one.read_bytes().split(b"\n") if raw]


def ids(path: Path) -> list[str]:
    return [json.loads(raw)["record_id"] for raw in lines(path)]


def test_processes_and_rotation_lose_tear_and_repeat_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    running = [spawn(path, str(n), count=1_500, size=20_000) for n in range(4)]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    found = ids(path)
    assert len(found) == len(set(found)) == 6_000
    assert len(files(path)) > 50
    for n in range(4):  # in order, too
        mine = [int(one.partition("-")[2]) for one in found if one.startswith(f"{n}-")]
        assert mine == list(range(1_500))


def test_files_stay_within_their_limit_where_one_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=5_000, keep=1_000, strict=True)
    for i in range(200):
        log.explained(i, VALUES)
    sizes = [one.stat().st_size for one in files(path)]
    assert max(sizes) <= 5_000
    assert min(sizes[:-1]) > 3_500
    assert ids(path) == [str(i) for i in range(200)]


def test_a_record_longer_than_the_limit_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=100, keep=10, strict=True)
    for i in range(5):
        log.explained(i, VALUES)
    assert [len(one.read_bytes().splitlines()) for one in files(path)] == [1] * 5


def test_no_more_old_files_than_asked_for_are_kept(tmp_path: Path) -> None:
    for keep in (1, 2, 5):
        path = tmp_path / str(keep) / "log.jsonl"
        log = Log(path, max_bytes=1_000, keep=keep, strict=True)
        for i in range(50):
            log.explained(i, VALUES)
        kept = ids(path)
        assert len(files(path)) == keep + 1
        assert kept == [str(i) for i in range(50 - len(kept), 50)]


def test_threads_share_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=30_000, keep=1_000, strict=True)
    threads = [
        threading.Thread(target=lambda n=n: [log.explained(f"{n}-{i}", VALUES) for i in range(300)]) for n in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = ids(path)
    assert len(found) == len(set(found)) == 2_400


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_in_the_middle_of_a_write_hinders_nobody(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=10_000, keep=1_000, strict=True)
    stop = threading.Event()

    def write() -> None:
        i = 0
        while not stop.is_set():
            log.explained(f"parent-{i}", VALUES)
            i += 1

    thread = threading.Thread(target=write)
    thread.start()
    children = []
    for n in range(10):
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # a lock that the thread held would hold the child for ever
            for i in range(20):
                log.explained(f"child{n}-{i}", VALUES)
            os._exit(log.failures)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    stop.set()
    thread.join()
    assert codes == [0] * 10
    found = ids(path)
    assert len(found) == len(set(found))
    assert sum(one.startswith("child") for one in found) == 200


def test_killing_writers_leaves_at_most_one_partial_line_each(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    draw = random.Random(3)
    other = Log(path, max_bytes=50_000, keep=100_000, strict=True)
    written: dict[str, int] = {}
    for n in range(12):
        process = spawn(path, f"k{n}", count=0, size=50_000)
        assert process.stdout is not None
        process.stdout.readline()
        until = time.monotonic() + draw.uniform(0.0, 0.15)
        while time.monotonic() < until:
            other.explained(f"o{n}-{len(written)}-{time.monotonic_ns()}", VALUES)
        process.kill()
        told = process.communicate()[0].split()
        written[f"k{n}"] = int(told[-1]) if told else 5
    broken, found = 0, []
    for raw in lines(path):
        try:
            found.append(json.loads(raw)["record_id"])
        except ValueError:
            broken += 1
    assert broken <= 12
    assert len(found) == len(set(found))
    for name, least in written.items():
        mine = [int(one.partition("-")[2]) for one in found if one.startswith(f"{name}-")]
        assert mine == list(range(len(mine)))
        assert len(mine) >= least


def test_a_partial_line_of_somebody_killed_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, strict=True)
    log.explained("a", VALUES)
    with path.open("ab") as stream:
        stream.write(b'{"record_id": "torn", "shap_val')
    log.explained("b", VALUES)
    log.explained("c", VALUES)
    parts = path.read_bytes().split(b"\n")
    assert [json.loads(parts[i])["record_id"] for i in (0, 2, 3)] == ["a", "b", "c"]
    assert parts[1].startswith(b'{"record_id": "torn"')
    assert parts[4:] == [b""]


def test_renaming_by_others_is_noticed_with_the_next_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=None, strict=True)
    log.explained("a", VALUES)
    path.rename(tmp_path / "log.jsonl.1")
    log.explained("b", VALUES)
    path.unlink()
    log.explained("c", VALUES)
    assert ids(path) == ["a", "c"]


def test_a_rotation_that_hangs_holds_nobody_for_long(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "log.jsonl"
    log = Log(path, strict=True)
    log.explained("a", VALUES)
    with path.open("rb") as stuck:
        fcntl.flock(stuck, fcntl.LOCK_EX)
        start = time.perf_counter()
        log.explained("b", VALUES)
        assert time.perf_counter() - start < 1
    assert ids(path) == ["a", "b"]


def test_files_are_not_for_everybody_to_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log.jsonl"
    Log(path, strict=True).explained("a", VALUES)
    assert path.stat().st_mode & 0o007 == 0


def test_a_rotation_that_fails_is_told_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    log = Log(path, max_bytes=2_000, keep=3, strict=True)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "no right to write in this folder")  # root, who runs these tests, has every right

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refuse)
        for i in range(20):
            log.explained(i, VALUES)
    assert [json.loads(raw)["record_id"] for raw in path.read_bytes().splitlines()] == [str(i) for i in range(20)]
    assert isinstance(log.last_error, PermissionError)
    assert log.failures == 0
    log.explained("later", VALUES)
    assert log.last_error is None
    assert len(files(path)) == 2


def test_rotated_files_sort_by_age_when_the_clock_is_set_back(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    ahead = tmp_path / "log.jsonl.29990101T000000_000000"
    ahead.write_text('{"record_id": "from the future"}\n')
    log = Log(path, max_bytes=500, keep=100, strict=True)
    for i in range(10):
        log.explained(i, VALUES)
    assert ids(path) == ["from the future", *map(str, range(10))]


def test_compressed_files_count_among_those_kept_and_others_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    others = [
        tmp_path / name for name in ("log.jsonl.1", "log.jsonl.20240101T000000", "other.jsonl.20240101T000000_000000")
    ]
    packed = tmp_path / "log.jsonl.20240101T000000_000000.gz"
    for one in (*others, packed):
        one.write_bytes(b"")
    log = Log(path, max_bytes=500, keep=2, strict=True)
    for i in range(10):
        log.explained(i, VALUES)
    assert all(one.exists() for one in others)
    assert not packed.exists()
    assert len(list(tmp_path.glob("log.jsonl.*_*"))) == 2
