"""Every kind of incident, as a table: its form, what it does, which verdict names its cause, and why that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches

from monitor.drill import mixing, models, traffic
from monitor.drill.grammar import wrong
from monitor.drill.incident import Incident, Scene
from monitor.errors import ConfigError
from monitor.types import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One row of the table."""

    name: str
    form: str
    does: str
    right: tuple[Verdict, ...]
    """Verdicts that name the cause."""
    why: str
    """What the decision table can know about it."""
    prepare: Callable[[str, Scene], Incident]
    """(text behind `KIND:`, scene) -> incident. Raises ConfigError for text that does not fit."""


def _nothing(rest: str, scene: Scene) -> Incident:
    if rest:
        raise wrong("none", rest, "no more words: none")
    return Incident(words="nothing is put in", monitor=scene.monitor)


KINDS: tuple[Kind, ...] = (
    Kind(
        name="unit",
        form="unit:COLUMN:FACTOR or unit:COLUMN:CONVERSION",
        does="an input column arrives in another unit: times 1.609344, or 'miles to kilometres'",
        right=("pipeline",),
        why="converted values are rounded to the column's decimals; a mark is left where that leaves out values (miles "
        "to kilometres, not back) or where the column moves by ten times or more; the mark counts once the feature or "
        "a companion is raised; without it the rows look like another population, data",
        prepare=traffic.unit,
    ),
    Kind(
        name="missing",
        form="missing:COLUMN[:SHARE]",
        does="an input column arrives empty, in all rows or in a share of them",
        right=("pipeline",),
        why="a fifth more missing rows are a mark where attributions of the feature itself are raised; else they look "
        "like another population, data",
        prepare=traffic.missing,
    ),
    Kind(
        name="constant",
        form="constant:COLUMN[:VALUE]",
        does="an input column arrives with one value in every row: VALUE, or the usual one of the holdout",
        right=("pipeline",),
        why="a numeric column that no longer varies is a mark where attributions of the feature itself are raised; "
        "else it looks like another population, data",
        prepare=traffic.constant,
    ),
    Kind(
        name="swap",
        form="swap:COLUMN:COLUMN",
        does="two input columns arrive exchanged",
        right=("pipeline", "data"),
        why="each column looks like another population, data; a mark may be found on one by chance or kind, pipeline",
        prepare=traffic.swap,
    ),
    Kind(
        name="mix",
        form="mix:FROM..UNTIL[:SHARE]",
        does="a share of the rows (all) comes from another period of the traffic, or of the holdout",
        right=("data",),
        why="the rows are real, the population is another one",
        prepare=mixing.mix,
    ),
    Kind(
        name="scale",
        form="scale:FEATURE:FACTOR",
        does="the model counts a feature FACTOR times as much, on the holdout and on recent predictions",
        right=("model",),
        why="the same rows get other explanations and other predictions",
        prepare=models.scale,
    ),
    Kind(
        name="retrain",
        form="retrain[:SEED]",
        does="a model refitted on a bootstrap of the labelled holdout is in force under the same version",
        right=("model",),
        why="the same rows get other explanations and other predictions, the file is another one",
        prepare=models.retrain,
    ),
    Kind(
        name="model",
        form="model:PATH",
        does="another model file is in force under the same version",
        right=("model",),
        why="the same rows get other explanations and other predictions, the file is another one",
        prepare=models.model,
    ),
    Kind(
        name="none",
        form="none",
        does="nothing: the control, which counts the checks that speak up by themselves",
        right=("none",),
        why="nothing was changed",
        prepare=_nothing,
    ),
)


def kind_of(inject: str) -> tuple[Kind, str]:
    """The kind that `KIND[:ARG...]` names, and the text behind it. Raises ConfigError for an unknown kind."""
    name, _, rest = inject.partition(":")
    by_name = {kind.name: kind for kind in KINDS}
    if name not in by_name:
        near = get_close_matches(name, by_name, n=1)
        raise ConfigError(
            "no such kind of incident",
            seen=name or "nothing",
            expected=f"one of {', '.join(by_name)}",
            hint=f"did you mean {near[0]}?" if near else "`xdrift drill --list` shows every kind with its form",
        )
    return by_name[name], rest
