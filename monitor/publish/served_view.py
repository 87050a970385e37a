"""Logged attributions against recomputed ones, as the page of a check shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.publish.phrases import LEVELS, State, percent, share

CAUSES = {
    "cache": "The cache: most of what differs explains another model version than the one that predicted.",
    "pipeline": "The pipeline: the model was served other inputs than those that were logged.",
    "explainer": "The explainer: the model answers alike, but the serving system explains otherwise.",
}
"""Who answers for a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedPanel:
    """How far what people were shown is from what the model and the logged inputs give."""

    state: State | None
    """None where nothing was compared."""
    reason: str | None
    """Why nothing was compared."""
    counts: tuple[tuple[str, str], ...]
    """What is counted, and the number in words."""
    answers: str | None
    """Who answers; None where the gap is within bounds."""
    features: tuple[tuple[str, float, float], ...]
    """Feature, its gap as a share of all importance, and bar (0 to 100), largest first; none where all rows agree."""


def served_panel(served: Mapping[str, Any]) -> ServedPanel | None:
    """None for a check without logged attributions."""
    if not served:
        return None
    gaps = sorted(served["features"].items(), key=lambda one: -one[1]) if served["beyond"] else []
    full = max((gap for _, gap in gaps), default=0.0) or 1.0
    return ServedPanel(
        state=None if served["reason"] else LEVELS[served["level"]],
        reason=served["reason"],
        counts=tuple(_counts(served)),
        answers=CAUSES["cache" if 2 * served["stale"] > served["beyond"] else served["cause"]]
        if served["level"]
        else None,
        features=tuple((name, gap, round(100 * gap / full, 2)) for name, gap in gaps),
    )


def _counts(served: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows, beyond = served["rows"], served["beyond"]
    part = f" ({percent(beyond / rows)})" if rows else ""
    found = [
        ("Logged", f"{served['logged']:,} of the sampled predictions"),
        ("Compared", f"{rows:,}"),
        ("Differ", f"{beyond:,}{part} by over {share(served['tolerance'])} of their attributions"),
    ]
    if served["outputs_moved"] is not None:
        found.append(("Outputs", f"differ as well in {percent(served['outputs_moved'])} of these"))
    if served["factor"] is not None:
        found.append(("Scale", f"one factor explains it all: {served['factor']:.3g}"))
    left_out = (
        ("Approximate", served["approximate"], "from approximate or fallback sources, not compared"),
        ("Stale", served["stale"], "explain another model version than the one that predicted"),
        ("Other version", served["other_version"], "explain a version that is not watched, not compared"),
    )
    found += [(title, f"{number:,} {words}") for title, number, words in left_out if number]
    for title, names in (("Unknown", served["unknown_features"]), ("Absent", served["absent_features"])):
        if names:
            found.append((title, f"features {', '.join(names)}"))
    return found
