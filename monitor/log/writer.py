"""Log: what a serving application calls, once per prediction."""

from __future__ import annotations

import os
import threading
import time as clock
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, get_args

from monitor.log.file import AppendFile
from monitor.log.line import encode, seconds, timestamp
from monitor.log.record import UNNAMED, Records, class_of, head_of
from monitor.privacy import Keeper

Reason = Literal["timeout", "error", "missing", "disabled", "sampling", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
SOURCES = ("cache", "live_treeshap", "live_approximate", "fallback")
"""Where an explanation came from."""
_ALL = 1 << 64
"""More than any digest of an id."""


@dataclass(slots=True)
class Timer:
    """Seconds that a block took, also when it failed."""

    seconds: float = 0.0


class Log:
    """Appends one line of JSON per prediction to a file that any number of threads and processes share.

    Nothing is raised into the application unless `strict`: what could not be written as asked is counted in `failures`,
    with the latest reason in `last_error`, and a short record (`unexplained_reason: other`) takes its place where
    possible, so that the prediction is still counted.

    Columns under `redact`, `hash` and `mask` are replaced in `inputs` and in the groups before anything is written, as
    the monitor does it with the settings of the same name.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int | None = 100_000_000,
        keep: int = 10,
        sample: float = 1.0,
        redact: Collection[str] = (),
        hash: Collection[str] = (),  # noqa: A002 - the word of the configuration
        hash_key: str | None = None,
        mask: Collection[str] = (),
        digits: int = 9,
        fsync: bool = False,
        strict: bool = False,
        now: Callable[[], float] = clock.time,
    ) -> None:
        """The file is opened with the first record.

        Args:
            max_bytes: The file is rotated before it grows beyond; None leaves that to others, logrotate for one.
            keep: Rotated files kept. Together they must hold more than the longest time nobody reads.
            sample: Share of predictions that are explained, or whose explanations are kept; see `sampled`.
            hash_key: Needed with `hash`: the monitor's privacy.hash_key, if hashes are to be the same.
            digits: Significant digits of attributions; 17 keep every bit. Single precision, in which most explainers
                work, has no more than nine.
            fsync: Wait for the disk after every record. Without it a power cut may take the last seconds.
            strict: Raise OSError, TypeError or ValueError instead of counting.

        Raises:
            ValueError: a limit or share that makes no sense, or `hash` without `hash_key`.
        """
        if not 0 < sample <= 1:
            raise ValueError(f"sample is {sample}; expected a share above 0 and up to 1")
        if not 1 <= digits <= 17:
            raise ValueError(f"digits is {digits}; expected 1 to 17")
        if keep < 1 or (max_bytes is not None and max_bytes < 1):
            raise ValueError(f"keep is {keep} and max_bytes {max_bytes}; expected at least 1")
        self._file = AppendFile(path, max_bytes=max_bytes, keep=keep, fsync=fsync)
        self._records = Records(Keeper(redact=redact, hash=hash, hash_key=hash_key, mask=mask), digits)
        self._sampled_below = int(sample * _ALL)
        self._strict, self._now = strict, now
        self._lock = threading.Lock()
        self._failures = 0
        self._last_error: Exception | None = None

    @property
    def failures(self) -> int:
        """Records that were not written as asked, since the start, in this process."""
        return self._failures

    @property
    def last_error(self) -> Exception | None:
        """Why the latest of them was not, or why the file could not be rotated."""
        return self._last_error or self._file.rotation_error

    def sampled(self, record_id: object) -> bool:
        """Whether this prediction is one of the share `sample`: by its id alone, so the same in every process.

        Ask before explaining, where only a share is explained at all. A prediction that is not one of them is logged
        as one short record with the reason `sampling`, whichever of the calls below is made for it: it counts as a
        prediction without an explanation, since none is on record, and the share of failures stays what it is.
        """
        if self._sampled_below == _ALL:
            return True
        try:
            data = str(record_id).encode(errors="surrogatepass")
        except Exception:
            if self._strict:
                raise
            return True  # an id that has no text: the record made of it cannot be written, which is counted there
        digest = blake2b(data, digest_size=8, person=b"xdrift-sample").digest()
        return int.from_bytes(digest, "little") < self._sampled_below

    @contextmanager
    def timed(self) -> Iterator[Timer]:
        """Measures a block: `with log.timed() as timer: ...`, then `latency=timer.seconds`."""
        timer, start = Timer(), clock.perf_counter()
        try:
            yield timer
        finally:
            timer.seconds = clock.perf_counter() - start

    def explained(
        self,
        record_id: str | int,
        attributions: Mapping[str, float],
        *,
        prediction: Any = None,
        base_value: float | None = None,
        latency: float | None = None,
        model_version: str | None = None,
        explainer_version: str | None = None,
        served_model_version: str | None = None,
        predicted_class: Any = None,
        top_features: Any = None,
        source: Literal["cache", "live_treeshap", "live_approximate", "fallback"] | None = None,
        is_cached: bool | None = None,
        compute_seconds: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        time: float | datetime | None = None,
        **groups: Any,
    ) -> None:
        """A prediction with its explanation, {feature: attribution}; `latency` in seconds.

        `time` is that of the prediction, an aware datetime or seconds since 1970; now when absent. `source` is one of
        SOURCES: a record with another word is written, counts as `other`, and is counted in `failures`. `groups` are
        words such as route, flow and segment, by which predictions without explanation are grouped.
        """
        if not self.sampled(record_id):
            self.unexplained(record_id, "sampling", model_version=model_version, time=time, **groups)
            return
        fields = {
            "prediction": prediction,
            "predicted_class": predicted_class,
            "explainer_version": explainer_version,
            "served_model_version": served_model_version,
            "base_value": base_value,
            "shap_values": attributions,
            "top_features": top_features,
            "is_cached": is_cached,
            "source": source,
        }
        if source is not None:
            self._known("source", source, SOURCES)
        took = latency, compute_seconds
        self._write(record_id, model_version, time, fields, inputs, groups, took=took)

    def unexplained(
        self,
        record_id: str | int,
        reason: Reason,
        *,
        prediction: Any = None,
        predicted_class: Any = None,
        model_version: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        time: float | datetime | None = None,
        **groups: Any,
    ) -> None:
        """A prediction that nobody explained, and why: one of REASONS. Another word is counted in `failures`, and
        `other` is written in its place."""
        if not self._known("reason", reason, REASONS):
            reason = "other"
        fields = {"prediction": prediction, "predicted_class": predicted_class, "unexplained_reason": reason}
        self._write(record_id, model_version, time, fields, inputs, groups)

    def failed(
        self,
        record_id: str | int,
        error: BaseException | str,
        *,
        prediction: Any = None,
        predicted_class: Any = None,
        latency: float | None = None,
        model_version: str | None = None,
        fingerprint: str | None = None,
        compute_seconds: float | None = None,
        inputs: Mapping[str, Any] | None = None,
        time: float | datetime | None = None,
        **groups: Any,
    ) -> None:
        """A prediction whose explanation failed. Only the class of the error is written: messages may quote inputs.

        `fingerprint` says which failures are of one request (a retry, say) and are to count once a day; the inputs say
        so when it is absent.
        """
        if not self.sampled(record_id):
            self.unexplained(record_id, "sampling", model_version=model_version, time=time, **groups)
            return
        fields = {
            "prediction": prediction,
            "predicted_class": predicted_class,
            "error": self._class(error),
            "fingerprint": fingerprint,
        }
        took = latency, compute_seconds
        self._write(record_id, model_version, time, fields, inputs, groups, took=took)

    def close(self) -> None:
        """Close the file; a later record opens it again."""
        self._file.close()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(
        self,
        record_id: str | int,
        model_version: str | None,
        time: float | datetime | None,
        fields: dict[str, Any],
        inputs: Mapping[str, Any] | None,
        groups: Mapping[str, Any],
        took: tuple[float | None, float | None] = (None, None),
    ) -> None:
        """`took`: seconds until the explanation was there, and those of computing it."""
        try:
            head = head_of(record_id)
            try:
                if model_version is not None:
                    head["model_version"] = str(model_version)
                head["timestamp"] = timestamp(self._now() if time is None else time)
                latency = seconds("latency", took[0])
                fields["explanation_latency_ms"] = None if latency is None else latency * 1000
                fields["compute_seconds"] = seconds("compute_seconds", took[1])
                line = self._records.line(head, fields, inputs, groups)
            except Exception as error:
                if self._strict:
                    raise
                self._failed(error)
                head.setdefault("timestamp", timestamp(self._now()))
                line = encode(head | {"unexplained_reason": "other"})
            self._file.write(line.encode("ascii") + b"\n")
        except Exception as error:
            if self._strict:
                raise
            self._failed(error)

    def _known(self, argument: str, word: object, words: Collection[str]) -> bool:
        """Is it one of the words? Raises ValueError when it is not and the log is strict."""
        if isinstance(word, str) and word in words:
            return True
        shown = word[:40] if isinstance(word, str) else type(word).__name__  # the text of an object may raise
        error = ValueError(f"{argument}: got {shown!r}, expected one of {', '.join(words)}; it counts as other")
        if self._strict:
            raise error
        self._failed(error)
        return False

    def _class(self, error: BaseException | str) -> str:
        """The class to write; `unnamed`, and counted, for an object whose text raises."""
        try:
            return class_of(error)
        except Exception as problem:
            if self._strict:
                raise
            self._failed(problem)
            return UNNAMED

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._failures += 1
            self._last_error = error
