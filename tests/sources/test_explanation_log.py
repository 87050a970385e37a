"""Every line of a log exactly once, whatever rotation, compression and interruption do to its files."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import SourceError
from monitor.settings import TelemetrySettings
from monitor.sources.explanation_log import Lines, look_at_log, read_log
from monitor.sources.explanation_log import gathering as gathering_module
from monitor.sources.explanation_log.finding import find
from monitor.sources.explanation_log.rotation import rotated
from monitor.sources.explanation_log.splitting import LINE_LIMIT, Splitter

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def record(number: int | str, **more: Any) -> bytes:
    return json.dumps({"record_id": f"r{number}", "timestamp": "2026-11-22T00:00:00Z", **more}).encode()


def lines(*numbers: int | str) -> bytes:
    return b"".join(record(number) + b"\n" for number in numbers)


class Reading:
    """A log that is polled again and again; positions go through JSON as they do in the store."""

    def __init__(self, location: Path | str) -> None:
        self.settings = TelemetrySettings(path=str(location))
        self.positions: dict[str, Any] = {}
        self.batches: list[Lines] = []

    def poll(self, *, stop_after: int | None = None) -> list[str]:
        """Ids of the records read now."""
        got: list[str] = []
        self.batches = []
        for batch in read_log(self.settings, self.positions, now=NOW):
            self.batches.append(batch)
            self.positions = json.loads(json.dumps(batch.positions))
            got += [_id(raw) for *_, raw in batch.items]
            if stop_after is not None and len(self.batches) >= stop_after:
                break
        return got

    @property
    def refused(self) -> list[tuple[str, int, str]]:
        return [(one.source, one.position, one.reason) for batch in self.batches for one in batch.refused]

    @property
    def notes(self) -> list[str]:
        return [note for batch in self.batches for note in batch.notes]


def _id(raw: Any) -> str:
    try:
        return str(json.loads(raw)["record_id"])
    except (ValueError, TypeError, KeyError):
        return repr(bytes(raw))


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(data)


def compress(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    with path.open("rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    path.unlink()
    return packed


def test_a_growing_file_gives_each_line_once(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1, 2))
    reading = Reading(log)
    assert reading.poll() == ["r1", "r2"]
    assert reading.poll() == []
    append(log, lines(3))
    assert reading.poll() == ["r3"]
    assert reading.batches[-1].last


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1) + record(2)[:10])
    reading = Reading(log)
    assert reading.poll() == ["r1"]
    assert reading.poll() == []
    append(log, record(2)[10:] + b"\n")
    assert reading.poll() == ["r2"]
    assert reading.refused == []


def test_positions_hold_nothing_of_what_lines_say(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, record(1, inputs={"email": "ada@example.org"}) + b"\n" + b'{"half": "secret')
    reading = Reading(log)
    reading.poll()
    saved = json.dumps(reading.positions)
    assert "ada" not in saved
    assert "secret" not in saved


@pytest.mark.parametrize("moved_to", ["log.jsonl.1", "log-2026-11-22.jsonl", "log.jsonl.2026-11-22_10-30"])
def test_a_renamed_file_goes_on_where_it_was(tmp_path: Path, moved_to: str) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1, 2))
    reading = Reading(log)
    reading.poll()
    append(log, lines(3))
    log.rename(tmp_path / moved_to)
    write(log, lines(4))
    assert reading.poll() == ["r3", "r4"]


def test_a_compressed_file_goes_on_where_it_was(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(*range(500)))
    reading = Reading(log)
    reading.poll()
    append(log, lines("x", "y"))
    log.rename(tmp_path / "log.jsonl.1")
    compress(tmp_path / "log.jsonl.1")
    write(log, lines("z"))
    assert reading.poll() == ["rx", "ry", "rz"]
    assert reading.poll() == []


def test_a_file_and_its_compressed_copy_are_read_once(tmp_path: Path) -> None:
    old = tmp_path / "log.jsonl.1"
    write(old, lines(*range(300)))
    with gzip.open(tmp_path / "log.jsonl.1.gz", "wb") as packed:
        packed.write(old.read_bytes())
    reading = Reading(tmp_path)
    assert len(reading.poll()) == 300
    old.unlink()
    assert reading.poll() == []
    assert reading.refused == []


def test_copytruncate_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(*range(200)))
    reading = Reading(log)
    reading.poll()
    append(log, lines("a"))
    shutil.copy(log, tmp_path / "log.jsonl.1")
    assert reading.poll() == ["ra"]  # both are there, with the same bytes
    append(log, lines("b"))
    shutil.copy(log, tmp_path / "log.jsonl.1")
    write(log, lines("c"))
    assert reading.poll() == ["rb", "rc"]
    append(log, lines(*range(1000, 1400)))
    assert len(reading.poll()) == 400


def test_a_file_cut_to_nothing_and_filled_again_is_a_new_one(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1, 2))
    reading = Reading(log)
    reading.poll()
    write(log, lines(3, 4, 5, 6))  # longer than before: only its first bytes tell
    assert reading.poll() == ["r3", "r4", "r5", "r6"]


def test_a_file_cut_back_to_its_first_lines_is_a_new_one_so_that_nothing_is_missed(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(*range(300)))
    reading = Reading(log)
    reading.poll()
    write(log, lines(*range(100), "new"))  # the first 4 KiB are the same
    assert reading.poll()[-1] == "rnew"  # what comes twice is told by its id


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """As sed -i does it: another file takes the name."""
    other = path.with_name("sed.tmp")
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as source, opener(other, "wb") as target:
        target.write(b"".join(map(change, source.readlines())))
    other.rename(path)


def in_place(path: Path, change: Callable[[bytes], bytes]) -> None:
    """As an editor does it that keeps the file."""
    write(path, b"".join(map(change, path.read_bytes().splitlines(keepends=True))))


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "one record taken out at the beginning": lambda line: b"" if b'"r1"' in line else line,
    "one record taken out in the middle": lambda line: b"" if b'"r150"' in line else line,
    "the record read last taken out": lambda line: b"" if b'"r299"' in line else line,
    "a column taken out of every line": lambda line: line.replace(b', "name": "Ada Lovelace"', b""),
    "longer than before": lambda line: line.replace(b"Ada Lovelace", b"[redacted, see ticket 12]"),
}


# Nobody edits a compressed file in place.
@pytest.mark.parametrize(("way", "packed"), [(rewrite, False), (rewrite, True), (in_place, False)])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_rewritten_file_goes_on_after_what_was_read_last(
    tmp_path: Path, change: Callable[[bytes], bytes], way: Callable[..., None], packed: bool
) -> None:
    log = tmp_path / "log.jsonl"
    write(log, b"".join(record(n, name="Ada Lovelace") + b"\n" for n in range(300)))
    reading = Reading(tmp_path)
    reading.poll()
    append(log, b"".join(record(n, name="Ada Lovelace") + b"\n" for n in range(300, 305)) + record("half")[:9])
    if packed:
        log.rename(tmp_path / "log.jsonl.1")
        log = compress(tmp_path / "log.jsonl.1")
        reading.poll()
    way(log, change)
    got = reading.poll()
    if not packed:
        assert got == [f"r{n}" for n in range(300, 305)]
        append(log, record("half")[9:] + b"\n")
        assert "log.jsonl was rewritten; reading goes on after" in reading.notes[0]
        assert reading.poll() == ["rhalf"]
    else:
        assert got == []
    for _ in range(3):
        assert reading.poll() == []
        assert reading.notes == reading.refused == []


def test_a_file_without_any_of_the_records_read_last_is_read_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(*range(300)))
    reading = Reading(log)
    reading.poll()
    rewrite(log, lambda line: b"" if any(b'"r%d"' % n in line for n in range(250, 300)) else line.replace(b"Z", b".0Z"))
    assert len(reading.poll()) == 250  # ids tell that they come twice


def test_a_new_file_under_an_old_name_is_read_whole_although_a_record_was_sent_again(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(*range(20)))
    reading = Reading(log)
    reading.poll()
    log.unlink()
    write(log, lines(*range(20, 30), 19, *range(30, 40)))
    assert reading.poll() == [f"r{n}" for n in (*range(20, 30), 19, *range(30, 40))]


def test_the_hole_before_a_writer_that_goes_on_at_its_old_place_is_no_line(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, bytes(3 * LINE_LIMIT) + lines(1, 2))
    reading = Reading(log)
    assert reading.poll() == ["r1", "r2"]
    assert reading.refused == []


@pytest.mark.parametrize("sparse", [True, False])
def test_every_line_is_read_once_when_copytruncate_meets_a_writer_that_keeps_its_place(
    tmp_path: Path, sparse: bool
) -> None:
    """Its file begins with a hole, and so do all copies of it."""
    log = tmp_path / "log.jsonl"
    reading, place, got, written, torn = Reading(log), 0, [], 0, b""
    log.touch()
    for _ in range(6):
        for older in (2, 1):
            if (name := tmp_path / f"log.jsonl.{older}").exists():
                name.rename(tmp_path / f"log.jsonl.{older + 1}")
        if log.stat().st_size:
            shutil.copy(log, tmp_path / "log.jsonl.1")
            os.truncate(log, 0)
        for part in range(3):
            more = torn + lines(*range(written, written + 40))
            written += 40
            torn = record(f"t{written}") + b"\n"
            with log.open("r+b") as stream:
                if not sparse and not log.stat().st_size:
                    stream.write(bytes(place))
                stream.seek(place)
                stream.write(more + torn[:30])
            place, torn = place + len(more) + 30, torn[30:]
            if part < 2:  # what comes then is read from the copy
                got += reading.poll()
            assert reading.refused == []
    got += reading.poll() + reading.poll()
    with log.open("r+b") as stream:
        stream.seek(place)
        stream.write(torn)
    got += reading.poll() + reading.poll()
    assert reading.refused == []
    expected = [f"r{n}" for n in range(written)] + [f"rt{n}" for n in range(40, written + 1, 40)]
    assert Counter(got) == Counter(expected)


def test_a_hole_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with log.open("wb") as stream:
        stream.seek(1 << 40)
        stream.write(lines(1, 2))
    reading = Reading(log)
    assert reading.poll() == ["r1", "r2"]
    append(log, lines(3))
    assert reading.poll() == ["r3"]
    assert reading.refused == []


def test_a_line_torn_by_rotation_is_joined_when_only_both_halves_are_a_record(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1) + record(2)[:20])
    reading = Reading(log)
    reading.poll()
    log.rename(tmp_path / "log.jsonl.1")
    write(log, record(2)[20:] + b"\n" + lines(3))
    got = reading.poll() + reading.poll()
    assert got == ["r2", "r3"]
    assert reading.poll() == []
    assert reading.refused == []


def test_a_torn_line_whose_end_never_comes_is_counted_once(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1) + record(2)[:20])
    reading = Reading(log)
    reading.poll()
    log.rename(tmp_path / "log.jsonl.1")
    write(log, lines(3))
    refused = []
    got = []
    for _ in range(4):
        got += reading.poll()
        refused += reading.refused
    assert got == ["r3"]
    assert refused == [("log.jsonl.1", len(lines(1)), "torn")]


def test_a_record_that_lacks_only_its_line_end_is_a_line_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl.1", lines(1) + record(2))
    write(tmp_path / "log.jsonl", b"\n" + lines(3))
    reading = Reading(tmp_path / "log.jsonl")
    assert reading.poll() + reading.poll() == ["r1", "r2", "r3"]
    assert reading.refused == []


def test_nothing_is_decided_on_a_tail_that_still_grows(tmp_path: Path) -> None:
    old, new = tmp_path / "log.jsonl.1", tmp_path / "log.jsonl"
    write(old, lines(0) + record(1)[:5])
    write(new, lines(2))
    reading = Reading(new)
    assert reading.poll() == ["r0"]
    assert reading.batches[-1].waiting == 1
    append(old, record(1)[5:9])
    assert reading.poll() == []
    append(old, record(1)[9:] + b"\n")
    assert reading.poll() == ["r1", "r2"]


def test_the_ending_of_a_compressed_file_may_be_in_capitals(tmp_path: Path) -> None:
    write(tmp_path / "LOG.JSONL", lines(1, 2))
    compress(tmp_path / "LOG.JSONL").rename(tmp_path / "LOG.JSONL.GZ")
    reading = Reading(tmp_path)
    assert reading.poll() == ["r1", "r2"]
    assert reading.refused == []


def test_the_end_of_a_compressed_file_is_its_end(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl.1", lines(1) + record(2)[:9])
    compress(tmp_path / "log.jsonl.1")
    write(tmp_path / "log.jsonl", record(2)[9:] + b"\n")
    assert Reading(tmp_path).poll() == ["r1", "r2"]


def test_a_file_that_vanished_before_it_was_read_is_told_of_and_counted(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1) + b'{"half"')
    reading = Reading(tmp_path)
    reading.poll()
    log.unlink()
    write(tmp_path / "other.jsonl", lines(9))
    assert reading.poll() == ["r9"]
    assert reading.notes == []  # one look may miss a file that is being renamed
    reading.poll()
    assert "log.jsonl is gone, 7 bytes" in reading.notes[0]
    assert reading.refused == [("log.jsonl", len(lines(1)), "torn")]
    reading.poll()
    assert reading.notes == reading.refused == []


def test_a_file_that_vanished_after_it_was_read_is_forgotten(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", lines(1))
    write(tmp_path / "b.jsonl", lines(2))
    reading = Reading(tmp_path)
    reading.poll()
    (tmp_path / "a.jsonl").unlink()
    for _ in range(3):
        assert reading.poll() == []
        assert reading.notes == reading.refused == []
    assert [place["name"] for place in reading.positions["files"]] == ["b.jsonl"]


def test_a_line_that_is_too_long_is_skipped_in_bounded_memory(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, lines(1) + b'{"x": "' + b"y" * (5 * LINE_LIMIT) + b'"}\n' + lines(2) + b"z" * (2 * LINE_LIMIT))
    reading = Reading(log)
    assert reading.poll() == ["r1", "r2"]
    assert [reason for *_, reason in reading.refused] == ["too_long", "too_long"]
    append(log, b"z" * LINE_LIMIT + b"\n" + lines(3))
    assert reading.poll() == ["r3"]
    assert reading.refused == []


@pytest.mark.parametrize("length", [LINE_LIMIT, LINE_LIMIT + 1])
def test_a_line_of_exactly_the_limit_is_read(length: int) -> None:
    cutter = Splitter(0)
    found = cutter.feed(b"x" * length + b"\n")
    assert [line.raw is None for line in found] == [length > LINE_LIMIT]


def test_marks_line_ends_and_blank_lines_of_other_systems_do_not_matter(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    write(log, b"\xef\xbb\xbf" + record(1) + b"\r\n\r\n  \n" + record(2) + b"\r\n")
    reading = Reading(log)
    assert reading.poll() == ["r1", "r2"]
    assert reading.batches[0].items[0][1:3] == (3, len(record(1)))


def test_several_writers_in_one_folder_are_series_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "writer-1.jsonl.1", lines("a") + record("b")[:7])
    write(tmp_path / "writer-1.jsonl", record("b")[7:] + b"\n")
    write(tmp_path / "writer-2.jsonl", lines("c"))
    write(tmp_path / "README.md", b"not a log")
    write(tmp_path / "writer-3.jsonl.zst", b"\x28\xb5\x2f\xfd")
    reading = Reading(tmp_path)
    assert sorted(reading.poll() + reading.poll()) == ["ra", "rb", "rc"]
    assert look_at_log(reading.settings)["left_out"] == ["README.md", "writer-3.jsonl.zst"]


def test_one_batch_may_hold_many_small_files_and_a_large_file_is_several_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        write(tmp_path / f"writer-{number}.jsonl", lines(number))
    reading = Reading(tmp_path)
    assert len(reading.poll()) == 200
    assert len(reading.batches) == 1
    monkeypatch.setattr(gathering_module, "BATCH_LINES", 1000)
    write(tmp_path / "large.jsonl", lines(*range(1000, 21000)))
    assert len(reading.poll()) == 20000
    assert len(reading.batches) > 4
    assert [batch.last for batch in reading.batches] == [False] * (len(reading.batches) - 1) + [True]


def test_writers_with_much_to_make_up_for_are_read_side_by_side(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / f"{name}.jsonl", lines(*(f"{name}{n}" for n in range(30_000))))
    reading = Reading(tmp_path)
    reading.poll(stop_after=1)
    read = Counter(raw.split(b'"r')[1][:1] for *_, raw in reading.batches[0].items)
    assert min(read.values()) > 0.3 * sum(read.values())


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.jsonl.*no such file"):
        Reading(tmp_path / "nothing.jsonl").poll()
    with pytest.raises(SourceError, match=r"\*\.jsonl"):
        Reading(tmp_path / "*.jsonl").poll()


def test_a_folder_that_lost_all_its_files_is_an_error_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    """An unmounted volume looks like an empty folder."""
    folder, away = tmp_path / "logs", tmp_path / "away"
    folder.mkdir()
    (folder / "app.jsonl").write_bytes(lines(1, 2, 3))
    log = Reading(folder)
    assert log.poll() == ["r1", "r2", "r3"]

    folder.rename(away)
    folder.mkdir()
    for _ in range(3):
        with pytest.raises(SourceError, match="seen: no file; expected: some of the 1 files read before"):
            log.poll()
    folder.rmdir()
    away.rename(folder)

    assert log.poll() == []


def test_an_empty_folder_is_a_log_without_records(tmp_path: Path) -> None:
    reading = Reading(tmp_path)
    assert reading.poll() == []
    assert reading.batches[-1].last


def test_a_file_that_cannot_be_read_comes_last_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.jsonl", lines(1))
    write(tmp_path / "b.jsonl", lines(2))
    opened = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.name == "a.jsonl":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    reading = Reading(tmp_path)
    with pytest.raises(SourceError, match=r"a\.jsonl.*Permission denied"):
        reading.poll()
    assert [_id(raw) for batch in reading.batches for *_, raw in batch.items] == ["r2"]
    assert not reading.batches[-1].last
    monkeypatch.undo()
    assert reading.poll() == ["r1"]


@pytest.mark.parametrize("closed", ["folder", "loop"])
def test_an_entry_that_cannot_be_looked_at_keeps_no_file_back_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    """Such as lost+found, which belongs to root."""
    write(tmp_path / "a.jsonl", lines(1))
    entry = tmp_path / ("lost+found" if closed == "folder" else "b.jsonl")
    listed = os.scandir
    if closed == "folder":
        entry.mkdir()

        def refuse(path: Any = ".") -> Any:
            if Path(path) == entry:
                raise PermissionError(13, "Permission denied", str(path))
            return listed(path)

        monkeypatch.setattr(os, "scandir", refuse)
    else:
        entry.symlink_to(entry.name)
    reading = Reading(tmp_path)
    for expected in (["r1"], [], []):
        with pytest.raises(SourceError, match=re.escape(str(entry))):
            reading.poll()
        assert [_id(raw) for batch in reading.batches for *_, raw in batch.items] == expected
        assert not reading.batches[-1].last
    with pytest.raises(SourceError, match=re.escape(str(entry))):
        look_at_log(reading.settings)
    monkeypatch.undo()
    entry.rmdir() if closed == "folder" else entry.unlink()
    append(tmp_path / "a.jsonl", lines(2))
    assert reading.poll() == ["r2"]


@pytest.mark.parametrize("moved_to", ["app.jsonl.1", "app-20261122.jsonl", "app.jsonl-20261122", "app.jsonl.1.gz"])
def test_what_a_glob_means_is_followed_when_it_is_rotated(tmp_path: Path, moved_to: str) -> None:
    log = tmp_path / "writer" / "app.jsonl"
    log.parent.mkdir()
    write(log, lines(1, 2))
    reading = Reading(tmp_path / "*" / "*.jsonl")
    assert reading.poll() == ["r1", "r2"]
    append(log, lines(3, 4))
    log.rename(log.with_name(moved_to.removesuffix(".gz")))
    if moved_to.endswith(".gz"):
        compress(log.with_name(moved_to.removesuffix(".gz")))
    assert reading.poll() == ["r3", "r4"]  # before the writer made a new one
    for _ in range(3):
        assert reading.poll() == []
    write(log, lines(5))
    assert reading.poll() == ["r5"]
    assert reading.notes == []


def test_a_glob_of_some_days_means_these_days_compressed_or_not(tmp_path: Path) -> None:
    for day in ("2026-10-31", "2026-11-01", "2026-11-02"):
        write(tmp_path / f"app-{day}.jsonl", lines(day))
    compress(tmp_path / "app-2026-11-01.jsonl")
    write(tmp_path / "app.jsonl", lines("now"))
    assert Reading(tmp_path / "app-2026-11-*.jsonl").poll() == ["r2026-11-01", "r2026-11-02"]


def test_a_path_with_brackets_is_a_path_also_while_the_file_itself_is_rotated_away(tmp_path: Path) -> None:
    log = tmp_path / "app[1].jsonl"
    write(log, lines(1))
    write(tmp_path / "app1.jsonl", lines("other"))
    reading = Reading(log)
    assert reading.poll() == ["r1"]
    append(log, lines(2))
    log.rename(tmp_path / "app[1].jsonl.1")
    assert reading.poll() == ["r2"]


@pytest.mark.parametrize("moved_to", ["one.jsonl", "one.jsonl.1", "renamed.jsonl", "one.jsonl.gz"])
def test_a_link_that_is_moved_on_leaves_no_line_behind(tmp_path: Path, moved_to: str) -> None:
    data, link = tmp_path / "data", tmp_path / "current.jsonl"
    data.mkdir()
    one, two = data / "one.jsonl", data / "two.jsonl"
    write(data / "older.jsonl", lines("older"))
    write(one, lines(1))
    link.symlink_to(one)
    reading = Reading(link)
    assert reading.poll() == ["r1"]

    append(one, lines(2) + record(3)[:20])
    if moved_to.endswith(".gz"):
        compress(one)
    elif moved_to != one.name:
        one.rename(data / moved_to)
    write(two, record(3)[20:] + b"\n" + lines(4))
    link.unlink()
    link.symlink_to(two)
    assert [one for _ in range(3) for one in reading.poll()] == ["r2", "r3", "r4"]
    assert reading.refused == []

    append(two, lines(5))
    write(data / "three.jsonl", lines(6))
    link.unlink()
    link.symlink_to(data / "three.jsonl")
    assert reading.poll() == ["r5", "r6"]
    assert reading.poll() == []
    assert reading.notes == []


def test_what_a_link_led_to_and_is_not_found_again_is_told_once(tmp_path: Path) -> None:
    link, one, two = (tmp_path / name for name in ("current.jsonl", "one.jsonl", "two.jsonl"))
    write(one, lines(1))
    write(two, lines(2))
    link.symlink_to(one)
    reading = Reading(link)
    assert reading.poll() == ["r1"]
    one.unlink()
    link.unlink()
    link.symlink_to(two)
    assert reading.poll() == ["r2"]
    reading.poll()
    assert reading.notes == [
        f"{one}, to which {link} led, is not found any more; what was written to it behind byte {len(lines(1))} is "
        "not counted"
    ]
    reading.poll()
    assert reading.notes == []


def test_a_link_that_is_taken_away_ends_the_reading_of_its_file(tmp_path: Path) -> None:
    folder, one = tmp_path / "log", tmp_path / "one.jsonl"
    folder.mkdir()
    write(one, lines(1))
    write(folder / "app.jsonl", lines(2))
    (folder / "link.jsonl").symlink_to(one)
    reading = Reading(folder)
    assert sorted(reading.poll()) == ["r1", "r2"]
    (folder / "link.jsonl").unlink()
    append(one, lines(3))
    assert reading.poll() == []


def test_a_folder_that_is_a_link_and_moved_on_leaves_no_line_behind(tmp_path: Path) -> None:
    for release in ("1", "2"):
        (tmp_path / release).mkdir()
    current = tmp_path / "current"
    current.symlink_to("1")
    write(tmp_path / "1" / "app.jsonl", lines(1))
    reading = Reading(current / "app.jsonl")
    assert reading.poll() == ["r1"]
    append(tmp_path / "1" / "app.jsonl", lines(2))
    current.unlink()
    current.symlink_to("2")
    write(tmp_path / "2" / "app.jsonl", lines(3))
    assert reading.poll() == ["r2", "r3"]


def test_a_file_and_a_link_beside_it_are_one_file(tmp_path: Path) -> None:
    """From its first byte on, before anybody can tell files by what they begin with."""
    one = tmp_path / "app-1.jsonl"
    write(one, record(1)[:5])
    for name in ("a.jsonl", "current.jsonl", "z.jsonl"):
        (tmp_path / name).symlink_to(one.name)
    reading = Reading(tmp_path)
    assert reading.poll() == []
    append(one, record(1)[5:] + b"\nnonsense\n" + lines(2))
    assert reading.poll() == ["r1", "b'nonsense'", "r2"]
    assert [file["name"] for file in look_at_log(reading.settings)["files"]] == ["app-1.jsonl"]


def test_a_damaged_compressed_file_is_read_as_far_as_it_goes_and_told_of(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl.1"
    write(log, lines(*(f"{random.Random(n).random()}" for n in range(20_000))))
    packed = compress(log)
    packed.write_bytes(packed.read_bytes()[:-2000])
    write(tmp_path / "log.jsonl", lines("new"))
    reading = Reading(tmp_path)
    first = reading.poll()
    assert 10_000 < len(first) < 20_000
    assert reading.batches[-1].waiting == 1
    assert reading.poll() == ["rnew"]
    assert "log.jsonl.1.gz is cut off or damaged" in reading.notes[0]
    assert [reason for *_, reason in reading.refused] == ["torn"]
    assert reading.poll() == []
    assert reading.notes == []


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("log.jsonl", "log.jsonl"),
        ("log.jsonl.12.gz", "log.jsonl"),
        ("log-20261122.jsonl.gz", "log.jsonl"),
        ("log.jsonl-1763800000", "log.jsonl"),
        ("log.jsonl-20261122T2359", "log.jsonl"),
        ("explanations-12345678.jsonl", "explanations-12345678.jsonl"),
        ("explanations-20261322.jsonl", "explanations-20261322.jsonl"),
        ("explanations-1234567890.jsonl", "explanations-1234567890.jsonl"),
        ("writer-12.jsonl", "writer-12.jsonl"),
        ("writer-12.jsonl.3", "writer-12.jsonl"),
        ("LOG.JSONL.2.GZ", "LOG.JSONL"),
    ],
)
def test_the_series_is_the_name_without_what_rotation_added(name: str, series: str) -> None:
    assert rotated(name).series == series


def test_files_of_a_series_are_in_the_order_in_which_they_were_written() -> None:
    for names in (
        ["log.jsonl.10.gz", "log.jsonl.2", "log.jsonl.1", "log.jsonl"],
        ["log-2026-11-20.jsonl", "log-2026-11-21.jsonl.gz", "log-2026-11-22.jsonl", "log.jsonl"],
        ["log.2026-11-21.9.jsonl", "log.2026-11-22.0.jsonl", "log.2026-11-22.10.jsonl"],
        ["log.jsonl-1763800000", "log.jsonl-1763900000", "log.jsonl"],
    ):
        assert sorted(names, key=lambda name: rotated(name).age) == names


def test_writers_named_by_a_number_of_eight_digits_are_no_days_of_one_log(tmp_path: Path) -> None:
    one, two = tmp_path / "explanations-12345678.jsonl", tmp_path / "explanations-98765432.jsonl"
    write(one, lines(1) + record(2)[:20])
    write(two, lines(3))
    reading = Reading(tmp_path)
    assert sorted(reading.poll()) == ["r1", "r3"]
    reading.poll()
    append(one, record(2)[20:] + b"\n")
    assert reading.poll() == ["r2"]
    assert reading.refused == []


class Writer:
    """A serving process whose log is rotated in every way there is."""

    def __init__(self, folder: Path, name: str, rng: random.Random) -> None:
        self.path, self.rng, self.number = folder / f"{name}.jsonl", rng, 0
        self.name = name
        self.written: list[str] = []
        self.half = b""

    def write(self) -> None:
        """Some records, the last one sometimes only half."""
        data = self.half
        self.half = b""
        for _ in range(self.rng.randrange(1, 40)):
            self.number += 1
            one = f"{self.name}-{self.number}"
            self.written.append(f"r{one}")
            data += record(one, pad=f"{self.rng.getrandbits(self.rng.randrange(64, 1200)):x}") + b"\n"
        if self.rng.random() < 0.4:
            cut = self.rng.randrange(8, 70)  # fewer bytes than that may well be the beginning of another file
            data, self.half = data[:-cut], data[-cut:]
        append(self.path, data)

    def rotate(self) -> None:
        if not self.path.exists():
            return
        rotated_files = sorted(self.path.parent.glob(f"{self.path.name}.*"), key=lambda one: rotated(one.name).age)
        for old in rotated_files:
            number = -rotated(old.name).age[2] + 1
            old.rename(old.with_name(f"{self.path.name}.{number}{'.gz' if old.suffix == '.gz' else ''}"))
        first = self.path.with_name(f"{self.path.name}.1")
        if self.rng.random() < 0.5:
            self.path.rename(first)
        else:
            shutil.copy(self.path, first)
            write(self.path, b"")
        if self.half:  # the writer goes on in the new file where it stopped in the old one
            append(self.path, self.half)
            self.half = b""

    def compress(self) -> None:
        plain = [one for one in self.path.parent.glob(f"{self.path.name}.*") if one.suffix != ".gz"]
        for old in plain:
            if self.rng.random() < 0.5:
                compress(old)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_each_line_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = random.Random(seed)
    monkeypatch.setattr(gathering_module, "BATCH_LINES", rng.choice([1, 30, 20_000]))
    writers = [Writer(tmp_path, name, rng) for name in ("one", "two-2")]
    reading = Reading(tmp_path / "*.jsonl" if seed % 3 == 0 else tmp_path)
    for writer in writers:
        writer.write()
    got: list[str] = []
    steps: list[Callable[[], Any]] = [
        *(step for writer in writers for step in (writer.write, writer.write, writer.rotate, writer.compress)),
        lambda: got.extend(reading.poll()),
        lambda: got.extend(reading.poll(stop_after=rng.randrange(1, 4))),
    ]
    for _ in range(150):
        rng.choice(steps)()
        assert all(batch.refused == [] for batch in reading.batches)
    for writer in writers:
        if writer.half:
            append(writer.path, writer.half)
    for _ in range(4):
        got += reading.poll()
        assert reading.refused == []
    assert Counter(got) == Counter(one for writer in writers for one in writer.written)


def test_a_file_renamed_after_it_was_found_is_not_taken_for_the_one_that_has_its_name_now(tmp_path: Path) -> None:
    for name, number in (("log.jsonl.1", 1), ("log.jsonl", 2)):
        (tmp_path / name).write_bytes(lines(number))
    found = find(str(tmp_path / "log.jsonl"))
    (tmp_path / "log.jsonl.1").rename(tmp_path / "log.jsonl.2")
    (tmp_path / "log.jsonl").rename(tmp_path / "log.jsonl.1")
    append(tmp_path / "log.jsonl", lines(3))
    for file in found:
        assert file.head == b""
        with pytest.raises(FileNotFoundError):
            file.opened()
