"""One record of the explanation log, understood and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b, sha256
from types import SimpleNamespace
from typing import Any

from monitor.settings import MonitorSettings
from monitor.telemetry import lines, values, words
from monitor.telemetry.instants import Instants
from monitor.telemetry.personal import Personal
from monitor.telemetry.records import Logged

LINE_LIMIT = 1 << 20
"""Bytes; a longer line is quarantined as too_long."""
HIDDEN = "[personal data]"
"""Stands for a group value that holds some."""
_NOT_SCANNED = (
    "record_id", "timestamp", "model_version", "explainer_version", "prediction", "attributions", "base_value",
    "latency_ms", "is_cached", "source", "unexplained_reason", "error", "inputs", "fingerprint",
    "served_model_version", "compute_seconds",
)  # fmt: skip
"""Of LogColumns: ids, times, numbers and closed words; `inputs` are looked through column by column, and of
`attributions` the names."""
_TEXTS = 10_000
"""Versions and group values remembered as they may be stored."""
_decode = json.JSONDecoder().decode


class Understanding:
    """Turns records of one monitor's explanation log into `Logged`; built once, used for millions."""

    def __init__(self, monitor: MonitorSettings) -> None:
        """Raises ValueError for a monitor without telemetry."""
        if monitor.telemetry is None:
            raise ValueError(f"monitor {monitor.name!r} has no telemetry")
        self._monitor = monitor.name
        columns = monitor.telemetry.columns
        self._columns = SimpleNamespace(**columns.model_dump())  # attributes of settings take four times as long
        self._groups = tuple(dict.fromkeys(monitor.telemetry.group_by))
        self._adverse = frozenset(monitor.telemetry.adverse_classes)
        self._instants = Instants(monitor.telemetry.timezone, monitor.telemetry.ahead.total_seconds())
        mapped = [getattr(columns, name) for name in type(columns).model_fields]
        self._dotted = tuple(tuple(name.split(".")) for name in (*mapped, *self._groups) if "." in name)
        understood = {getattr(columns, name) for name in _NOT_SCANNED}
        self._personal = Personal(monitor, understood=understood, attributions=columns.attributions)
        self._texts: dict[str, str] = {}
        self._key = sha256((monitor.privacy.hash_key or monitor.name).encode()).digest()
        roots = {path[0] for path in self._dotted}
        self._json = roots | {columns.attributions, columns.inputs, columns.top_features}

    def line(self, raw: bytes, *, now: float) -> Logged | str:
        """One line of JSON, with or without its line ending; `now` in seconds since 1970.

        Returns the record, or one of names.QUARANTINE_REASONS (never `torn`, which the reader alone can tell). Nothing
        that a line holds is raised: what is nested more deeply than the stack goes is not_json.
        """
        raw = raw.rstrip(b"\r\n")
        if len(raw) > LINE_LIMIT:
            return "too_long"
        try:
            record = lines.loose(raw)
            if type(record) is not dict:
                return "not_an_object"
            escaped = b"\\" in raw
            found = self._understood(record, len(raw), now, escaped)
            if self._needs_exactness(record, found) and lines.has_long_number(raw):
                found = self._understood(lines.exact(raw), len(raw), now, escaped)
        except (lines.NotJsonError, RecursionError):
            return "not_json"
        return found

    def _needs_exactness(self, record: Any, found: Logged | str) -> bool:
        """Whether a whole number that was read as a float could have made a difference.

        Numbers are used as texts in ids, in groups and fingerprints of what is not explained, and in these three.
        """
        if isinstance(found, str) or not found.explained:
            return True
        get, columns = record.get, self._columns
        return (
            type(get(columns.model_version)) is float
            or type(get(columns.served_model_version)) is float
            or type(get(columns.predicted_class)) is float
        )

    def row(self, row: Mapping[str, Any], *, now: float) -> Logged | str:
        """One row of a table: JSON columns as text or objects, times as text, numbers or datetimes.

        Returns what `line` does.
        """
        try:
            return self._row(row, now)
        except RecursionError:
            return "not_json"

    def _row(self, row: Mapping[str, Any], now: float) -> Logged | str:
        record = {str(name): values.plain(value) for name, value in row.items()}
        text = json.dumps(record, separators=(",", ":"), default=str)
        for name in self._json & record.keys():
            value = record[name]
            if isinstance(value, str):
                try:
                    record[name] = _decode(value) if value.strip() else None
                except (ValueError, RecursionError):
                    if name == self._columns.attributions:
                        return "not_json"
        return self._understood(record, len(text.encode()), now, "\\" in text)

    def _understood(self, record: dict[str, Any], size: int, now: float, escaped: bool) -> Logged | str:
        if self._dotted:
            values.lift(record, self._dotted)
        get, columns = record.get, self._columns
        record_id, stamp, attributions = get(columns.record_id), get(columns.timestamp), get(columns.attributions)
        if record_id is None or record_id == "" or stamp is None or stamp == "":
            return "missing_field"
        if not isinstance(record_id, str):
            if isinstance(record_id, bool) or not isinstance(record_id, int):
                return "wrong_type"
            record_id = str(record_id)
        if attributions is not None and not isinstance(attributions, dict):
            return "wrong_type"
        time = self._instants.seconds(stamp, now=now)
        if isinstance(time, str):
            return time
        latency = values.amount(get(columns.latency_ms), 1000 * values.LONGEST_SECONDS)
        latency = None if latency is None else latency / 1000
        personal = self._personal.found(record, get(columns.inputs), columns.inputs, escaped=escaped)
        version = self._clean(get(columns.model_version))
        label = get(columns.predicted_class)
        # Most classes are texts, and short ones.
        adverse = label is not None and (label if type(label) is str else values.label(label)) in self._adverse
        error = get(columns.error)
        if not error and attributions is not None and values.finite(attributions):
            source = words.source(get(columns.source), get(columns.is_cached) in (True, 1))
            served = get(columns.served_model_version)
            return Logged(
                record_id=record_id, time=time, model_version=version,
                explained=True, attempted=True, reason=None, error_reason=None, error="", fingerprint="",
                latency=latency, source=source,
                stale=source == "cache" and served is not None and _differ(served, get(columns.model_version)),
                compute_seconds=self._compute(record, latency, source), size=size, adverse=adverse,
                groups=(), personal=personal,
            )  # fmt: skip
        name = words.error_class(error)
        reason, error_reason = _failure(get(columns.unexplained_reason), name, attributions is not None)
        failed = error_reason is not None
        source = words.source(get(columns.source), get(columns.is_cached) in (True, 1))
        return Logged(
            record_id=record_id, time=time, model_version=version,
            explained=False, attempted=failed, reason=reason, error_reason=error_reason,
            error=words.stored_class(name) if failed else "",
            fingerprint=self._fingerprint(record, record_id, version, error_reason, name) if error_reason else "",
            latency=latency, source="", stale=False,
            compute_seconds=self._compute(record, latency, source) if failed else 0.0,
            size=size, adverse=adverse, groups=self._group(record), personal=personal,
        )  # fmt: skip

    def _compute(self, record: Mapping[str, Any], latency: float | None, source: str) -> float:
        given = values.amount(record.get(self._columns.compute_seconds), values.LONGEST_SECONDS)
        if given is not None:
            return given
        return latency if latency is not None and source != "cache" else 0.0

    def _group(self, record: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Groups that the record names; a value with personal data in it is counted and not kept."""
        texts = ((name, self._clean(record.get(name))) for name in self._groups)
        return tuple((name, text) for name, text in texts if text)

    def _clean(self, value: Any) -> str:
        """What may be stored of a text: nothing where it holds personal data, be it behind the end of what is kept.

        The same few texts come millions of times.
        """
        if value is None or isinstance(value, list | dict):
            return ""
        text = value if isinstance(value, str) else str(value)
        plain = type(value) in (str, int)  # True is written otherwise than the text "True"
        if plain and (known := self._texts.get(text)) is not None:
            return known
        if self._personal.holds(text):
            return HIDDEN
        stored = words.stored_text(value)
        if plain and len(text) <= words.TEXT_KEPT and len(self._texts) < _TEXTS:
            self._texts[text] = stored
        return stored

    def _fingerprint(
        self, record: Mapping[str, Any], record_id: str, version: str, error_reason: str, error: str
    ) -> str:
        """Equal for two failures of one request; keyed, for what a request is known by may be somebody's address.

        Inputs with columns that are kept back do not enter: two that are redacted look alike, and without a key of the
        configuration their values could be found by trying all there are.
        """
        given, inputs = record.get(self._columns.fingerprint), record.get(self._columns.inputs)
        if given:
            request = "fingerprint:" + (given if isinstance(given, str) else values.canonical(given))
        elif inputs and not self._personal.keeps_back(inputs):
            request = "inputs:" + values.canonical(inputs)
        else:
            request = "id:" + record_id
        parts = (self._monitor, version, error_reason, error, request)
        return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).hexdigest()


def _differ(served: Any, version: Any) -> bool:
    """Whether two versions do, as they were logged: of what is stored, personal data and long ends are left out."""
    if type(served) is str and type(version) is str:
        return served != version
    return words.stored_text(served) != words.stored_text(version)


def _failure(given: Any, error: str, malformed: bool) -> tuple[str, str | None]:
    """Why there is no explanation, and what failed if it was tried: (reason, error reason)."""
    reason = words.unexplained_reason(given)
    if reason is None:
        reason = "missing" if not error and not malformed else "error"
        if error and words.error_reason(error) == "timeout":
            reason = "timeout"
    if reason == "timeout":
        return reason, "timeout"
    if reason != "error":
        return reason, None
    if error:
        return reason, words.error_reason(error)
    return reason, "malformed" if malformed else "other"
