"""What `xdrift compare` shows to people: what moved, how far beyond its limit, and what did not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.drift.catalogue import JUDGED
from monitor.drift.ratios import MOST, percent_words, ratio_words
from monitor.names import LEVEL_NAMES
from monitor.publish.phrases import percent

LEVEL_STYLES = ("green", "yellow", "bold red")
MAX_NAME = 24
"""A longer feature name may be broken over lines."""
WIDE = 102
"""Columns that names of MAX_NAME, words, shares and every limit need side by side."""
MODEL_NUMBERS = {
    "importance_change": ("importances moved by {:.1%} in total", "importances moved by an unknown share"),
    "ndcg": ("rank agreement (NDCG) {:.3f}", "rank agreement undefined"),
    "cosine": ("cosine {:.3f}", "cosine undefined"),
    "top_k_overlap": ("{:.0%} of the top features kept", "top features undefined"),
}
"""Name to the words for a number and for none."""


def comparison_view(
    result: Mapping[str, Any],
    *,
    files: tuple[Path, Path],
    periods: str | None,
    ignored: Mapping[str, Sequence[str]],
    width: int,
) -> Group:
    """The whole screen for one `Comparison.to_dict()`.

    Args:
        periods: column that thresholds were calibrated by.
        ignored: columns that were left out although nobody said so, by the reason.
        width: columns of the terminal.
    """
    moved = sorted((row for row in result["features"] if row["level"]), key=_by_level_and_effect)
    parts: list[RenderableType] = [_inputs(result, files), Text(), headline(result, len(moved))]
    if moved:
        parts += [Text(), moved_table(moved, narrow=width < WIDE), Text()]
        if quiet := len(result["features"]) - len(moved):
            parts.append(Text(f"{quiet} other feature{'s' * (quiet > 1)} stayed within the limits."))
    if result["verdict"] != "unknown":
        numbers = "; ".join(_model_number(name, value) for name, value in result["model"].items())
        parts.append(Text(f"Whole model: {numbers}."))
        parts += _calibration(result, periods=periods)
    for reason, names in ignored.items():
        parts.append(Text(f"Columns left out, {reason}: {', '.join(names)}.", style="dim"))
    return Group(*parts)


def _calibration(result: Mapping[str, Any], *, periods: str | None) -> list[Text]:
    if result["paired"]:
        return []
    if periods:
        note = result["calibration"]
        return [Text(f"{note[:1].upper()}{note[1:]} ({periods}).", style="dim")]
    advice = "Thresholds know chance only; --periods COLUMN tells them how much attributions move by themselves."
    return [Text(advice, style="dim")]


def _by_level_and_effect(row: Mapping[str, Any]) -> tuple[float, float, str]:
    """Severe first; then by how much importance the feature won or lost."""
    return -row["level"], -abs(row["importance_current"] - row["importance_reference"]), row["feature"]


def _inputs(result: Mapping[str, Any], files: tuple[Path, Path]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for word, file, rows in zip(
        ("reference", "current"), files, (result["n_reference"], result["n_current"]), strict=True
    ):
        table.add_row(word, str(file), f"{rows:,} rows")
    return table


def headline(result: Mapping[str, Any], moved: int) -> Text:
    """The verdict in one line."""
    total = result["n_features"]
    if result["verdict"] == "unknown":
        return Text.assemble(("Unknown", "bold magenta"), f": {result['reason']}. Nothing was judged; this is no pass.")
    if not moved:
        return Text.assemble(("No drift", "bold green"), f": none of {total} features moved.")
    level = result["level"]
    return Text.assemble(("Drift", LEVEL_STYLES[level]), f", {LEVEL_NAMES[level]}: {moved} of {total} features moved.")


def name_width(names: Iterable[str], *, narrow: bool = False) -> int:
    """Columns that feature names get before other columns of a table do."""
    return min(max(map(len, names)), MAX_NAME // 2 if narrow else MAX_NAME)


def moved_table(rows: Sequence[Mapping[str, Any]], *, narrow: bool) -> Table:
    """One row per feature: words first, then every judged statistic beside its limit.

    In a narrow terminal the shares are left out, so that no limit is cut off.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("level", no_wrap=True)
    table.add_column("feature", overflow="fold", min_width=name_width((row["feature"] for row in rows), narrow=narrow))
    table.add_column("importance", min_width=10)
    if not narrow:
        table.add_column("share", no_wrap=True, justify="right")
    asked = [name for name in JUDGED if any(row[f"{name}_threshold"] is not None for row in rows)]
    for name in asked:
        table.add_column(name, no_wrap=True, justify="right")
    for row in rows:
        level = row["level"]
        table.add_row(
            Text(LEVEL_NAMES[level], LEVEL_STYLES[level]),
            row["feature"],
            ratio_words(row["importance_reference"], row["importance_current"]),
            *([] if narrow else [f"{percent(row['share_reference'])} to {percent(row['share_current'])}"]),
            *(_against_limit(row, name) for name in asked),
        )
    return table


def _against_limit(row: Mapping[str, Any], name: str) -> Text:
    """`0.512 > 0.2`: the statistic and the limit of the row's level: what is beyond it may have raised the row."""
    value, level = row[name], row[f"{name}_level"]
    limit = row[f"{name}_threshold_severe"] if row["level"] == 2 else row[f"{name}_threshold"]
    if value is None:
        return Text("no value", style="dim")
    return Text(f"{value:.3g} {'>' if value > limit else '≤'} {limit:.2g}", LEVEL_STYLES[level] if level else "dim")


def _model_number(name: str, value: float | None) -> str:
    words, none = MODEL_NUMBERS[name]
    if value is not None and value >= MOST:  # only a change of importance has no upper end
        return f"importances moved by {percent_words(value)} in total"
    return none if value is None else words.format(value)
