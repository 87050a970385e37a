"""Logged attributions of some predictions, looked up in the explanation log by record id."""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from monitor.drift import LoggedRow
from monitor.settings import LogColumns, TelemetrySettings
from monitor.sources.explanation_log import finding
from monitor.sources.explanation_log.listing import unreadable
from monitor.sources.keys import under

APPROXIMATE = ("live_approximate", "fallback")
"""Sources whose attributions are not held against exact ones."""
_IDS_PER_QUERY = 500
_LINE_LIMIT = 1 << 20
_LOOKS = 3
"""Listings after which a file that is renamed each time is passed by; the poll counts it all the same."""


def logged_rows(telemetry: TelemetrySettings, ids: Sequence[str], *, since: datetime) -> tuple[LoggedRow | None, ...]:
    """What the explanation log says of these predictions, in their order; None where it has no attributions.

    The first record of an id counts. `since`: files that were last written before are not opened.

    Raises SourceError: no such file or table, no right to read, a database that does not answer.
    """
    wanted = set(ids)
    records = _from_table(telemetry, wanted) if telemetry.table else _from_files(telemetry, wanted, since)
    found: dict[str, LoggedRow | None] = {}
    for name, record in records:
        if name not in found:
            found[name] = _row(record, telemetry.columns)
            if len(found) == len(wanted):
                break
    return tuple(found.get(name) for name in ids)


def _from_files(
    telemetry: TelemetrySettings, wanted: set[str], since: datetime
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    id_of = _id_finder(telemetry.columns.record_id)
    for line in _lines(str(telemetry.path), since):
        name = id_of(line)
        if name in wanted:
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue  # the poll counts and quarantines it
            if isinstance(record, dict):
                yield name, record


def _lines(location: str, since: datetime) -> Iterator[bytes]:
    """Lines of the files that were written since then, whole or not. Raises SourceError.

    Whoever rotates may rename every file between the listing and the opening: what was missed is looked for again.
    """
    read: set[int] = set()
    for _ in range(_LOOKS):
        missed = False
        for file in finding.find(location):
            inode, _, changed = file.stamp
            if inode in read or changed < since.timestamp() * 1e9:
                continue
            try:
                yield from _lines_of(file)
                read.add(inode)
            except FileNotFoundError:
                missed = True
            except (EOFError, zlib.error, gzip.BadGzipFile):
                read.add(inode)  # still being written, or damaged: the poll says which; what could be read was
            except OSError as error:
                raise unreadable(file.path, error) from error
        if not missed:
            return


def _lines_of(file: finding.Found) -> Iterator[bytes]:
    with file.opened() as raw:
        stream = gzip.GzipFile(fileobj=raw) if file.gzipped else io.BufferedReader(cast(io.RawIOBase, raw))
        # A logger that breaks a promise could write a line without end: its pieces are no JSON and are passed by.
        while line := stream.readline(_LINE_LIMIT):
            yield line


def _id_finder(key: str) -> Callable[[bytes], str]:
    """The id of a line without reading all of it: a log has thousands of lines for one that is wanted.

    What stands first under this key is taken for the id; a caller reads the whole line afterwards.
    """
    last = re.escape(json.dumps(key.rsplit(".", 1)[-1]).encode())
    pattern = re.compile(last + rb'\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d[\d.eE+-]*))')

    def found(line: bytes) -> str:
        match = pattern.search(line)
        if match is None:
            return ""
        text = match[1] if match[1] is not None else match[2]
        if b"\\" not in text:
            return text.decode("utf-8", "replace")
        try:
            return str(json.loads(b'"' + text + b'"'))
        except ValueError:
            return ""

    return found


def _from_table(telemetry: TelemetrySettings, wanted: set[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import sqlalchemy as sa

    from monitor.sources import columns, sql

    mapped = telemetry.columns
    assert telemetry.url is not None  # TelemetrySettings requires it beside table
    with sql.reading(telemetry.url, "explanation log") as connection:
        table = sql.relation(connection, table=telemetry.table, query=None, what="explanation log")
        known = list(table.columns.keys())
        columns.require_columns([mapped.record_id, mapped.attributions], known, "explanation log", str(telemetry.table))
        names = [name for name in dict.fromkeys(_used(mapped)) if name in known]
        # An id column of numbers is compared as text: the ids of a sample are text.
        key = sa.cast(table.columns[mapped.record_id], sa.Text)
        for some in _batches(sorted(wanted), _IDS_PER_QUERY):
            query = sa.select(key.label("_id"), *(table.columns[name] for name in names)).where(key.in_(some))
            for row in connection.execute(query).mappings():
                yield str(row["_id"]), dict(row)


def _used(mapped: LogColumns) -> Iterable[str]:
    return (
        mapped.attributions,
        mapped.base_value,
        mapped.model_version,
        mapped.served_model_version,
        mapped.source,
        mapped.is_cached,
    )


def _batches(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _row(record: Mapping[str, Any], mapped: LogColumns) -> LoggedRow | None:
    """None for a record without usable attributions."""
    values = under(record, mapped.attributions)
    if isinstance(values, str | bytes):
        try:
            values = json.loads(values)
        except (ValueError, RecursionError):
            return None
    if not isinstance(values, Mapping) or not values:
        return None
    numbers = {str(name): _number(value) for name, value in values.items()}
    if any(number is None for number in numbers.values()):
        return None
    return LoggedRow(
        values={name: number for name, number in numbers.items() if number is not None},
        base_value=_number(under(record, mapped.base_value)),
        version=_text(under(record, mapped.model_version)),
        served_version=_text(under(record, mapped.served_model_version)),
        approximate=under(record, mapped.source) in APPROXIMATE,
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
