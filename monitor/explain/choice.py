"""Which engine explains a model.

`auto` takes the first that fits: the compiled TreeSHAP, the library's own contributions, shap's TreeSHAP, the linear
closed form, else permutation. An exact engine is tried on a few background rows first and must add up to the model's
own output there; one with a witness must also agree with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitor.errors import ConfigError, ExplainError
from monitor.explain import additivity
from monitor.explain.engines import BY_NAME, Context, Engine
from monitor.explain.opening import first_line
from monitor.explain.pipelines import Opened
from monitor.explain.subject import Subject
from monitor.explain.tasks import Run
from monitor.types import Floats, Scale

_PROBE_ROWS = 16
_WITNESS_ROWS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The engine taken, ready to run on source columns."""

    engine: Engine
    run: Run
    config: Mapping[str, Any]
    notes: tuple[str, ...]


def choose(opened: Opened, context: Context, answer: Floats | None) -> Choice:
    """`answer`: the model's own output for the background, in the wanted scale.

    Raises ConfigError for an engine that does not fit the model, ExplainError when none works or adds up.
    """
    if context.settings.engine == "auto":
        return _automatic(opened, context, answer)
    engine = BY_NAME[context.settings.engine]
    if reason := _unfit(engine, opened, context.scale):
        raise ConfigError(
            f"explain.engine {engine.name} does not fit {opened.whole.title}", seen=reason,
            expected="an engine for this model and scale", hint="set explain.engine to auto",
        )  # fmt: skip
    try:
        return _tried(engine, opened, context, answer)
    except (ConfigError, ExplainError):
        raise
    except Exception as error:
        native = BY_NAME.get(f"{opened.last.kind}-native")
        if native is None or native is engine or _unfit(native, opened, context.scale):
            raise ExplainError(
                f"engine {engine.name} failed on {opened.whole.title}", seen=first_line(error),
                hint="set explain.engine to auto",
            ) from error  # fmt: skip
        note = f"engine {engine.name} failed ({first_line(error)}); {native.name} is used instead"
        return _tried(native, opened, context, answer, (note,))


def _automatic(opened: Opened, context: Context, answer: Floats | None) -> Choice:
    notes: list[str] = []
    for engine in _candidates(opened, context.scale):
        doubt = _unfit(engine, opened, context.scale) or _doubt(engine, opened.last)
        if doubt is not None:
            notes.append(f"engine {engine.name} is not used: {doubt}")
            continue
        try:
            return _tried(engine, opened, context, answer, tuple(notes))
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - kept as a note, and raised when nothing else works
            notes.append(f"engine {engine.name} is not used: {first_line(error)}")
    raise ExplainError(
        f"no engine explains {opened.whole.title} in scale {context.scale}", seen="; ".join(notes),
        expected="an engine that adds up to the model's own output", hint="set explain.engine",
    )  # fmt: skip


def _candidates(opened: Opened, scale: Scale) -> list[Engine]:
    """In order of preference. Interventional TreeSHAP only where the trees' own scale is not the wanted one."""
    last = opened.last
    native = f"{last.kind}-native"
    names = (
        ["tree-compiled"] if last.structure == "tree" and BY_NAME["tree-compiled"].unfit(last, scale) is None else []
    )
    if native in BY_NAME and scale == "margin":
        names.append(native)  # shap's tree engine would only call the same code
    elif last.structure == "tree":
        names.append("tree" if scale == last.scales[0] else "tree-interventional")
    elif last.structure == "linear" and scale == "margin":
        names.append("linear")
    return [BY_NAME[name] for name in (*names, "permutation")]


def _unfit(engine: Engine, opened: Opened, scale: Scale) -> str | None:
    if not engine.looks_inside:
        return None
    reason = engine.unfit(opened.last, scale)
    if reason is None and opened.transform is not None and opened.folding is None:
        return f"attributions cannot be summed back to source columns: {opened.reason}"
    return reason


def _doubt(engine: Engine, subject: Subject) -> str | None:
    """What is known to be silently wrong, whether or not the few rows tried show it."""
    categorical = getattr(subject.native, "is_categorical_", None)
    if engine.name == "tree" and categorical is not None and np.any(categorical):
        return "shap misreads the categorical splits of histogram gradient boosting"
    return None


def _tried(
    engine: Engine, opened: Opened, context: Context, answer: Floats | None, notes: tuple[str, ...] = ()
) -> Choice:
    """Built, and for exact engines checked on some background rows."""
    inside = engine.looks_inside and opened.transform is not None
    subject = opened.last if engine.looks_inside else opened.whole
    if inside:
        context = replace(context, transform=opened.transform)
    inner, config = engine.build(subject, context)
    run = opened.folded(inner) if inside else inner
    if inside:
        config = {**config, "summed_to_source": True}
    if engine.exact and context.source is not None and answer is not None and len(answer):
        places = np.unique(np.linspace(0, len(answer) - 1, _PROBE_ROWS).astype(int))
        values, base = run(context.source.iloc[places].reset_index(drop=True))
        additivity.verify(
            values, base, answer[places], engine=engine.name, scale=context.scale, tolerance=context.settings.tolerance
        )
        if engine.verify is not None:
            few = context.source.iloc[places[:: max(1, len(places) // _WITNESS_ROWS)]].reset_index(drop=True)
            rows = context.transform(few) if inside else few
            engine.verify(inner, subject, rows, inner(rows)[0])
    return Choice(engine=engine, run=run, config=config, notes=notes)
