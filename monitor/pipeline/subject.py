"""What a monitor watches, opened: model, holdout, explainer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from monitor import explain, sources
from monitor.errors import ConfigError
from monitor.privacy import Keeper
from monitor.settings import MonitorSettings
from monitor.types import Attributions, ExplainerRef, Holdout, LoadedModel, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from monitor.explain import Explainer


class Explains(Protocol):
    """What a check asks of an explainer: `monitor.explain.Explainer`, or one that a drill puts in its place."""

    @property
    def ref(self) -> ExplainerRef: ...

    @property
    def input_features(self) -> tuple[str, ...]: ...

    @property
    def feature_names(self) -> tuple[str, ...]: ...

    @property
    def classes(self) -> tuple[str, ...] | None: ...

    def explain(self, rows: pd.DataFrame) -> Attributions: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A monitor's model and holdout, and the explainer built once for them."""

    model: LoadedModel
    holdout: Holdout
    explainer: Explains
    notes: tuple[str, ...]


def open_subject(monitor: MonitorSettings) -> Subject:
    """Load the model in force, read the holdout, build the explainer.

    Raises:
        SourceError, ModelError, DataError, ExplainError: as the rooms say.
        ConfigError: neither the model nor the configuration names the features.
    """
    model = sources.load_model(monitor.model)
    features = monitor.features or model.feature_names
    if features is None:
        raise ConfigError(
            f"features of monitor {monitor.name!r}",
            seen="nothing: the model does not know its feature names",
            expected="the feature columns in the model's order",
            hint="add `features: [...]` to the monitor",
        )
    mapped = monitor.predictions.columns
    # A column that predictions rename to a feature has the feature's name in the holdout.
    segments = {name: mapped.rename.get(name, name) for name in mapped.segments}
    holdout = sources.read_holdout(monitor.holdout, features, segments)
    # Text columns get the codes that the model learned; the digest stays that of the file.
    what = f"holdout of monitor {monitor.name!r}"
    rows = sources.align(holdout.rows, holdout.rows, what=what, categories=model.categories)
    holdout = replace(holdout, rows=rows)
    explainer = _explainer(monitor, model, features, holdout.rows)
    return Subject(
        model=model,
        holdout=holdout,
        explainer=explainer,
        notes=(*sources.inspect_rows(holdout.rows, kept_back=Keeper.of(monitor).columns), *explainer.notes),
    )


def _explainer(
    monitor: MonitorSettings, model: LoadedModel, features: Sequence[str], background: pd.DataFrame
) -> Explainer:
    return explain.prepare(
        model,
        feature_names=features,
        background=background,
        settings=monitor.explain,
        scale=monitor.model.scale,
        class_index=monitor.model.class_index,
    )


def reseeded(monitor: MonitorSettings, subject: Subject, *, seed: int) -> Explainer:
    """An explainer like the subject's that draws its background and its samples by another seed."""
    settings = monitor.explain.model_copy(update={"seed": seed})
    changed = monitor.model_copy(update={"explain": settings})
    return _explainer(changed, subject.model, subject.explainer.input_features, subject.holdout.rows)


def explain_holdout(subject: Subject, reference: Reference | None) -> tuple[Attributions, bool]:
    """Attributions of the holdout under the model in force, and whether they were reused.

    Reused only when model, holdout, explainer settings and library versions are all those of the reference.
    """
    if reference is not None and (
        reference.model_digest == subject.model.digest
        and reference.holdout_digest == subject.holdout.digest
        and reference.attributions.explainer.digest == subject.explainer.ref.digest
        and dict(reference.model_libraries) == dict(subject.model.libraries)
    ):
        return reference.attributions, True
    return subject.explainer.explain(subject.holdout.rows), False


def column_values(column: pd.Series) -> NDArray[np.generic]:
    """A column as numbers where it is numeric or boolean, else as objects; missing values are NaN or None."""
    if column.dtype.kind in "fiub":
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    return np.asarray(column.astype(object).to_numpy(), dtype=object)
