"""Features that share credit: correlated ones can swap it at a retrain without any change that matters.

The sum of a group's attributions does not change when its members only swap. So the sums are tested as well, and where
a sum stays quiet while its members move against each other, they are not severe. A quiet sum alone is not enough: one
that a large member carries hardly shows that a small one was lost.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from monitor.drift.assess import ViewResult
from monitor.drift.distances import Matrix
from monitor.errors import ConfigError
from monitor.types import Floats, Ints

Groups = Mapping[str, Sequence[str]]
"""Group name to its members, two or more; no feature in two groups."""
NAMED = 3
"""Members that the name of a found group lists."""
GOOD_PART = 0.5
"""Of how far the farthest severe member moved: the sum moves less where another member, which moves as much or more,
makes up for it."""


def find_groups(columns: Mapping[str, NDArray[Any]], least: float) -> dict[str, tuple[str, ...]]:
    """Groups of columns whose absolute rank correlation is `least` on average (average linkage), in column order.

    Args:
        columns: numeric inputs of the holdout by feature, (n,) each; missing values rank in the middle, and constant
            columns correlate with nothing.
        least: in (0, 1).
    """
    names = list(columns)
    ranks = np.array([_ranks(np.asarray(values, dtype=np.float64)) for values in columns.values()])
    spread = ranks.std(axis=1) if len(names) else np.array([])
    kept = [k for k in range(len(names)) if spread[k] > 0]
    if len(kept) < 2:
        return {}
    distance = 1 - np.abs(np.corrcoef(ranks[kept]))
    np.fill_diagonal(distance, 0.0)
    tree = hierarchy.linkage(squareform(np.clip(distance, 0.0, 1.0), checks=False), method="average")
    label = hierarchy.fcluster(tree, t=1 - least, criterion="distance")
    members: dict[int, list[str]] = {}
    for k, cluster in zip(kept, label.tolist(), strict=True):
        members.setdefault(cluster, []).append(names[k])
    return {_name(found): tuple(found) for found in members.values() if len(found) > 1}


def _ranks(values: Floats) -> Floats:
    ranks = stats.rankdata(values, nan_policy="omit")
    present = np.isfinite(ranks)
    middle = ranks[present].mean() if present.any() else 0.0
    return np.where(present, ranks, middle)


def _name(members: Sequence[str]) -> str:
    more = len(members) - NAMED
    return " + ".join(members[:NAMED]) + (f" + {more} more" if more > 0 else "")


def check_groups(groups: Groups, feature_names: Sequence[str]) -> None:
    """Raises ConfigError for a member that is no feature; the settings see to the rest."""
    for group, members in groups.items():
        unknown = [member for member in members if member not in feature_names]
        if unknown:
            raise ConfigError(
                f"drift.groups.{group} names no feature of the model",
                seen=", ".join(unknown),
                expected=f"some of {', '.join(feature_names)}",
            )


def group_sums(values: Matrix, feature_names: Sequence[str], groups: Groups) -> Floats:
    """(n, g): attributions of each group's members added up, from (n, d)."""
    place = {name: j for j, name in enumerate(feature_names)}
    columns = [values[:, [place[member] for member in members]] for members in groups.values()]
    return np.stack([column.sum(axis=1, dtype=np.float64) for column in columns], axis=1)


def settle(
    result: ViewResult, sums: ViewResult, groups: Groups, marked: Collection[str] = ()
) -> tuple[ViewResult, tuple[str, ...]]:
    """The view with its groups settled, and a line on each group where that changed a level.

    Severe members of a group whose sum is quiet are lowered to a warning where they only swapped credit. A sum at a
    higher level than every member lends it to the member that moved farthest: together they drifted, each alone too
    little. A view that was not judged stays as it is.

    Args:
        sums: of the same view, in the order of `groups`.
        marked: features whose input carries the mark of a broken pipeline in the rows of this view. What such a member
            loses or gains is no swap, so its group is not lowered.
    """
    if result.reason or sums.reason:
        return result, ()
    levels = {name: level.copy() for name, level in result.levels.items()}
    place = {name: j for j, name in enumerate(result.feature_names)}
    distance, of_sums = result.measurement.moved_by, sums.measurement.statistics["wasserstein"]
    lines = []
    for g, (group, members) in enumerate(groups.items()):
        at = np.array([place[member] for member in members])
        own, of_sum = result.feature_levels[at], int(sums.feature_levels[g])
        if not of_sum and set(marked).isdisjoint(members) and _swapped(result, at[own == 2], at, float(of_sums[g])):
            moved = ", ".join(result.feature_names[j] for j in at[own == 2])
            lines.append(
                f"{result.view} view: credit moved inside group {group} ({moved}), its sum did not: warning only"
            )
            for level in levels.values():
                level[at] = np.minimum(level[at], 1)
        elif of_sum > own.max():
            farthest = at[np.argmax(distance[at])]
            lines.append(
                f"{result.view} view: group {group} drifted as a whole, {result.feature_names[farthest]} the farthest"
            )
            for name, level in levels.items():
                level[farthest] = max(level[farthest], sums.levels[name][g])
    return (replace(result, levels=levels), tuple(lines)) if lines else (result, ())


def _swapped(result: ViewResult, severe: Ints, members: Ints, of_sum: float) -> bool:
    """Whether what severe members lost or gained was made up: the sum's distribution moved by much less than the
    farthest of them, and another member as far as a good part of it."""
    if not len(severe):
        return False
    moved_by = result.measurement.moved_by
    farthest = severe[np.argmax(moved_by[severe])]
    others = members[members != farthest]
    among_rows = float(result.measurement.statistics["wasserstein"][farthest])
    made_up = bool(moved_by[others].max() >= GOOD_PART * moved_by[farthest])
    return made_up and of_sum < GOOD_PART * among_rows
