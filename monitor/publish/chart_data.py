"""Numbers for the charts of a check page, as JSON types: the browser draws, it does not compute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from monitor.publish.phrases import (
    LEVELS,
    TEST_TITLES,
    check_state,
    decimal,
    decimals_for,
    number,
    stamp,
    verdict_title,
)
from monitor.publish.segments import whole_findings
from monitor.publish.serialise import to_json
from monitor.types import Check, Contribution, Finding, HistoryPoint, Profile

BARS = 15
"""Features with a bar of their own; the others are summed, so that the bars still add up."""
HEATMAP_ROWS = 20
DOUBLINGS = 2.0
"""The heatmap's colours end at four times and at a quarter of the reference's importance."""


def chart_data(check: Check, ordered: Sequence[Contribution], history: Sequence[HistoryPoint]) -> dict[str, object]:
    """The page's data block. `ordered`: contributions in the order of the page."""
    data = {
        "check": check.id,
        "unit": "" if check.explainer is None else check.explainer.scale,
        "parts": parts(ordered),
        "heatmap": heatmap(history, [part.feature for part in ordered][:HEATMAP_ROWS]),
        "distributions": distributions(check.profiles, [part.feature for part in ordered]),
        "tests": tests(whole_findings(check)),
    }
    cleaned: dict[str, object] = to_json(data)
    return cleaned


def parts(ordered: Sequence[Contribution]) -> list[dict[str, Any]]:
    """Model part and data part of the features that moved most; the last row sums all others."""
    by_change = sorted(ordered, key=lambda part: -abs(part.importance_current - part.importance_reference))
    shown, rest = by_change[:BARS], by_change[BARS:]
    rows: list[dict[str, Any]] = [
        {"feature": part.feature, "model": part.model_part, "data": part.data_part, "level": LEVELS[part.level].word}
        for part in shown
    ]
    if rest:
        rows.append(
            {
                "feature": f"{len(rest)} others, summed",
                "model": math.fsum(part.model_part for part in rest),
                "data": math.fsum(part.data_part for part in rest),
                "level": LEVELS[max(part.level for part in rest)].word,
            }
        )
    return rows


def heatmap(history: Sequence[HistoryPoint], features: Sequence[str]) -> dict[str, Any]:
    """Importance against the reference per feature and check: colour in doublings, words in full."""
    return {
        "features": list(features),
        "checks": [
            {
                "id": point.check_id,
                "time": point.planned_at,
                "label": stamp(point.planned_at),
                "title": verdict_title(point),
                "state": check_state(point).key,
                "symbol": check_state(point).symbol,
            }
            for point in history
        ],
        "doublings": [[_doublings(point.feature_change.get(name)) for point in history] for name in features],
        "change": [[point.feature_change.get(name) for point in history] for name in features],
        "levels": [[point.feature_levels.get(name) for point in history] for name in features],
        "limit": DOUBLINGS,
    }


def _doublings(change: float | None) -> float | None:
    """log2 of now over then, cut at the ends of the colours."""
    if change is None or not math.isfinite(change):
        return None
    if change <= -1:
        return -DOUBLINGS
    return max(-DOUBLINGS, min(DOUBLINGS, math.log2(1 + change)))


def distributions(profiles: Sequence[Profile], features: Sequence[str]) -> list[dict[str, Any]]:
    """Share of rows per reference bin, one entry per feature that has profiles, in the order of `features`."""
    found = {(p.feature, p.side): p for p in profiles if p.kind == "attribution"}
    entries = []
    for feature in features:
        reference = found.get((feature, "reference"))
        if reference is None:
            continue
        sides = {side: found.get((feature, side)) for side in ("reference", "holdout", "traffic")}
        kept = {side: p for side, p in sides.items() if p is not None and p.n and p.edges == reference.edges}
        entries.append(
            {
                "feature": feature,
                "bins": bin_labels(reference.edges),
                "sides": {side: _side(profile) for side, profile in kept.items()},
            }
        )
    return entries


def _side(profile: Profile) -> dict[str, Any]:
    counted = sum(profile.counts)
    return {
        "n": profile.n,
        "shares": [count / counted if counted else None for count in profile.counts],
        "mean": profile.mean,
        "mean_abs": profile.mean_abs,
        "minimum": profile.minimum,
        "maximum": profile.maximum,
        "quantiles": profile.quantiles,
    }


def bin_labels(edges: Sequence[float]) -> list[str]:
    """Text of the len(edges) + 1 bins; two neighbouring floats enclose a single value."""
    if not edges:
        return ["all values"]
    places = decimals_for(max(abs(edge) for edge in edges)) - 1
    text = [decimal(edge, max(0, places)) for edge in edges]
    labels = [f"below {text[0]}"]
    for i, high in enumerate(edges[1:]):
        labels.append(text[i] if high == math.nextafter(edges[i], math.inf) else f"{text[i]} to {text[i + 1]}")
    return [*labels, f"{text[-1]} and above"]


LENT = "lent by features that drifted together; the evidence names them"


def tests(findings: Sequence[Finding]) -> dict[str, list[dict[str, Any]]]:
    """Every test of every feature, for the rows that open."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for finding in findings:
        if finding.feature is None:
            continue
        rows.setdefault(finding.feature, []).append(
            {
                "view": finding.view,
                "test": TEST_TITLES.get(finding.test, finding.test),
                "statistic": number(finding.statistic),
                "warning": number(finding.threshold),
                "severe": number(finding.threshold_severe),
                "p": number(finding.p_adjusted, 2),
                "state": LEVELS[finding.level].key,
                "level": f"{LEVELS[finding.level].symbol} {LEVELS[finding.level].word}" if _judged(finding) else "–",
                "reason": finding.reason or (LENT if finding.lent else ""),
            }
        )
    return rows


def _judged(finding: Finding) -> bool:
    return finding.threshold is not None and (finding.reason is None or finding.level > 0)
