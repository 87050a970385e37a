"""What `xdrift reference` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.publish.phrases import percent
from monitor.publish.serialise import to_json, without
from monitor.types import Reference, ReferenceSummary, labelled

SHOWN_FEATURES = 10


def model_words(version: str, digest: str) -> str:
    """Version and digest; a version that is only the digest's beginning is told once."""
    return f"version {version}, sha256 {digest[:12]}" if labelled(version, digest) else f"sha256 {digest[:12]}"


def importances(reference: Reference) -> list[tuple[str, float]]:
    """Feature and mean abs attribution, largest first."""
    values = np.abs(reference.attributions.values).mean(axis=0)
    order = np.argsort(-values, kind="stable")
    return [(reference.attributions.feature_names[j], float(values[j])) for j in order]


def reference_json(reference: Reference, *, active: bool) -> dict[str, Any]:
    """The record without its arrays, with importances instead."""
    return {
        **without(reference, "attributions", "input_profiles", "row_ids", "periods"),
        "active": active,
        "n_rows": reference.attributions.n,
        "n_periods": None if reference.periods is None else len(set(reference.periods)),
        "explainer": to_json(reference.attributions.explainer),
        "additivity_gap": to_json(reference.attributions.additivity_gap),
        "importances": dict(importances(reference)),
    }


def reference_view(reference: Reference, *, active: bool) -> Group:
    """One reference on half a screen."""
    explainer, periods = reference.attributions.explainer, reference.periods
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = f"{reference.attributions.n:,}"
    rows += "" if periods is None else f" in {_periods_words(periods)}"
    exact = "exact" if explainer.exact else "approximate"
    for word, text in (
        ("made", f"{reference.created_at:%Y-%m-%d %H:%M} UTC by {reference.author}"),
        ("reason", reference.reason),
        ("model", model_words(reference.model_version, reference.model_digest)),
        ("holdout", f"{rows}, digest {reference.holdout_digest[:12]}"),
        ("explainer", f"{explainer.engine}, {exact}, {explainer.scale} scale"),
    ):
        table.add_row(word, text)
    state = "in force" if active else "replaced"
    head = Text.assemble("Reference ", (reference.id, "bold"), f" of {reference.monitor}, {state}")
    return Group(head, table, Text(), _importance_table(importances(reference)))


def _periods_words(periods: Sequence[str]) -> str:
    """Of each row's period. They are known by the day they begin on, so the last one's day is no end of the rows.

    A check tells of the periods that thresholds were calibrated on, which are those with enough rows.
    """
    from monitor.drift.calibrate import MIN_PERIOD_ROWS

    rows = Counter(periods)
    small = sum(n < MIN_PERIOD_ROWS for n in rows.values())
    aside = f" ({small:,} with under {MIN_PERIOD_ROWS} rows, which thresholds leave aside)" if small else ""
    if len(rows) == 1:
        return f"1 period that begins {min(rows)}{aside}"
    return f"{len(rows)} periods that begin {min(rows)} to {max(rows)}{aside}"


def _importance_table(found: Sequence[tuple[str, float]]) -> RenderableType:
    total = sum(value for _, value in found)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("feature", overflow="fold")
    table.add_column("importance", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for name, value in found[:SHOWN_FEATURES]:
        table.add_row(name, f"{value:.4g}", percent(value / total) if total else "0%")
    if (rest := len(found) - SHOWN_FEATURES) > 0:
        left = sum(value for _, value in found[SHOWN_FEATURES:])
        table.add_row(f"{rest} more", f"{left:.4g}", percent(left / total) if total else "0%", style="dim")
    return table


def references_view(found: Sequence[ReferenceSummary]) -> RenderableType:
    """One line per reference."""
    if not found:
        return Text("No reference yet: xdrift reference create MONITOR --author WHO --reason WHY makes one.")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name, plain in (("id", True), ("monitor", False), ("in force", True), ("made (UTC)", True), ("author", False)):
        table.add_column(name, no_wrap=plain, overflow="fold")
    table.add_column("model", no_wrap=True)
    table.add_column("reason", overflow="fold", ratio=1)
    for one in found:
        made = f"{one.created_at:%Y-%m-%d %H:%M}"
        in_force = Text("yes", "green") if one.active else Text("no", "dim")
        table.add_row(one.id, one.monitor, in_force, made, one.author, one.model_version, one.reason)
    return table
