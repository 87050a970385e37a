"""The error family.

    XdriftError
    ├── ConfigError     the configuration file or a command-line argument is wrong   exit code 2
    ├── SourceError     a model, holdout or prediction source cannot be read         exit code 3
    ├── DataError       rows do not fit the model or the reference                   exit code 3
    ├── ExplainError    an explanation failed or did not add up                      exit code 3
    ├── StoreError      the database refused or is unreachable                       exit code 3
    └── PublishError    a page, metric or notification could not be delivered        exit code 3

Every message says four things: which thing, the value seen, the value expected, the next step.
"""

from __future__ import annotations


class XdriftError(Exception):
    """Anything xdrift raises on purpose. `reason` is the closed word that metrics carry."""

    exit_code = 3
    reason = "internal"

    def __init__(self, thing: str, *, seen: object = None, expected: object = None, hint: str | None = None) -> None:
        self.thing, self.seen, self.expected, self.hint = thing, seen, expected, hint
        super().__init__(thing, seen, expected, hint)

    def __str__(self) -> str:
        parts = [self.thing]
        if self.seen is not None:
            parts.append(f"seen: {self.seen}")
        if self.expected is not None:
            parts.append(f"expected: {self.expected}")
        if self.hint is not None:
            parts.append(f"next: {self.hint}")
        return "; ".join(parts)


class ConfigError(XdriftError):
    """The configuration is wrong; `violations` lists every mistake found, one line each."""

    exit_code = 2
    reason = "config"

    def __init__(
        self,
        thing: str,
        *,
        seen: object = None,
        expected: object = None,
        hint: str | None = None,
        violations: tuple[str, ...] = (),
    ) -> None:
        self.violations = violations
        super().__init__(thing, seen=seen, expected=expected, hint=hint)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {line}" for line in self.violations)])


class SourceError(XdriftError):
    """A model, holdout or prediction source cannot be read."""

    reason = "sampling"


class ModelError(SourceError):
    """The model file is missing, truncated, of another format or not trusted."""

    reason = "model_load"


class DataError(XdriftError):
    """Rows do not fit: columns missing, wrong types, infinities."""

    reason = "data"


class ReferenceMissingError(XdriftError):
    """A check needs a reference and the monitor has none, or the holdout changed since it was made."""

    reason = "reference_missing"


class ExplainError(XdriftError):
    """An explanation failed, or base value plus attributions did not equal the model's output."""

    reason = "explainer"


class DeadlineError(XdriftError):
    """A check did not finish before its deadline and was ended."""

    reason = "timeout"


class StoreError(XdriftError):
    """The database refused or is unreachable."""

    reason = "storage"


class SlotLostError(StoreError):
    """Another daemon took this slot over; nothing of ours was written."""


class PublishError(XdriftError):
    """A page, metric or notification could not be delivered."""

    reason = "publish"


class RefusedError(PublishError):
    """A message that will never be accepted: trying again is no use."""
