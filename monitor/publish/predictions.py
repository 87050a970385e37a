"""Single predictions as the store kept them: found, explained, told as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.nearest import MOST, Decision, outputs
from monitor.publish.explanation import NOT_CAUSES, About, Explanation, explanation
from monitor.publish.failures import NotFoundError
from monitor.publish.reader import Reader
from monitor.publish.serialise import to_json, without
from monitor.types import AttributionRow, Check, KeptPrediction

EXAMPLES = 10
"""Example predictions on the page of a check."""


def find(reader: Reader, row_id: str, monitor: str | None, check_id: str | None) -> Sequence[KeptPrediction]:
    """Every check that kept the prediction, the latest first. Raises NotFoundError when none did."""
    found = reader.kept_predictions(row_id, monitor=monitor, check_id=check_id)
    if not found:
        where = f" by check {check_id}" if check_id else f" for monitor {monitor}" if monitor else ""
        raise NotFoundError(
            f"no prediction {row_id!r} is kept{where}: a check keeps the rows it samples, for store.retention.rows, "
            "and none of the holdout",
            f"`xdrift explain {row_id}` looks in the prediction source as well and explains it there and then",
        )
    return found


def monitors_of(found: Sequence[KeptPrediction]) -> tuple[str, ...]:
    """Names, by the latest check; more than one is no single prediction."""
    return tuple(dict.fromkeys(one.check.monitor for one in found))


def explain_kept(reader: Reader, found: Sequence[KeptPrediction]) -> Explanation:
    """The prediction as the latest of these checks of one monitor kept it, or as the only one did."""
    latest = found[0]
    every = reader.kept_predictions(latest.row.row_id, monitor=latest.check.monitor)
    return explanation(
        latest.row,
        About.of(latest.check),
        profiles=reader.input_profiles(latest.check),
        candidates=candidates(reader, latest.check, latest.row, Decision.of(latest.check.decision)),
        kept_by=[one.check for one in every],
    )


def candidates(reader: Reader, check: Check, row: AttributionRow, rule: Decision) -> Sequence[AttributionRow]:
    """Rows of a check that may have another decision than `row`."""
    if not rule.known:
        return ()
    if rule.classes:
        return reader.kept_rows(check.id, limit=MOST)
    side = int(rule.sides(outputs([row]))[0])
    if side < 0:
        return ()
    below, at_least = (rule.threshold, None) if side else (None, rule.threshold)
    return reader.kept_rows(check.id, below=below, at_least=at_least, limit=MOST)


def explanation_record(found: Explanation) -> dict[str, Any]:
    """The JSON document of the API and of `xdrift explain --json`."""
    about = found.about
    return {
        "monitor": about.monitor,
        **without(found, "about", "kept_by"),
        "model_version": about.model_version,
        "model_digest": about.model_digest,
        "explainer": to_json(about.explainer),
        "decision": to_json(about.decision),
        "counterparts_are": NOT_CAUSES,
        "check": None if about.check is None else _short(about.check),
        "kept_by": [_short(check) for check in found.kept_by],
    }


def _short(check: Check) -> dict[str, Any]:
    names = ("id", "planned_at", "outcome", "verdict", "level", "sentence", "model_version")
    return {name: to_json(getattr(check, name)) for name in names}
