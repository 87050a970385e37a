"""`xdrift explain`: one prediction, as a check kept it, or explained now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import options
from monitor.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, chosen, load_settings, moment
from monitor.cli.output import print_json, tell, working
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.publish.explanation import Explanation
    from monitor.settings import MonitorSettings, Settings
    from monitor.store import Store
    from monitor.types import KeptPrediction, Window


def explain(
    prediction: Annotated[
        str, typer.Argument(metavar="PREDICTION_ID", help="Id of the prediction, as in predictions.columns.id.")
    ],
    monitor: Annotated[
        str | None, typer.Option(metavar="MONITOR", help="Name in the configuration; every monitor when absent.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="ID", help="As this check kept it; the latest that did when absent.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Where no check kept it: from when on the prediction source is searched; store.retention.rows back "
            "when absent.",
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Until when it is searched; now when absent.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> int:
    """Explain one prediction: inputs, attributions, where its values lie, nearest rows with another decision.

    What a check kept is shown as it was kept. A prediction that none kept is looked up in the prediction source and
    explained now, with the model in force; nothing is stored.

    Exit code 2: no such prediction, or several monitors have one of this id.
    """
    settings = load_settings(config)
    monitors = chosen(settings, [monitor] if monitor else [])
    window = _window(settings, since, until)
    from monitor.publish.predictions import explain_kept, explanation_record

    with options.open_store(settings, quiet=as_json) as store:
        kept = store.kept_predictions(prediction, monitor=monitor, check_id=check)
        if kept:
            _require_one(prediction, {one.check.monitor: _kept_words(one) for one in reversed(kept)})
            found = explain_kept(store, kept)
        elif check is not None:
            raise _not_by(check, prediction, store)
        else:
            found = _now(store, monitors, prediction, window, quiet=as_json)
    if as_json:
        print_json(explanation_record(found))
    else:
        from monitor.cli.explaining_view import explanation_view

        tell(explanation_view(found))
    return 0


def _window(settings: Settings, since: str | None, until: str | None) -> Window:
    end = options.utc_now() if until is None else moment(until, "--until")
    start = end - settings.store.retention.rows if since is None else moment(since, "--since")
    if start >= end:
        raise ConfigError(
            "--since is not before --until", seen=f"{start.isoformat()} and {end.isoformat()}",
            expected="a span of time", hint="give --until a later time, or leave it out for now",
        )  # fmt: skip
    from monitor.types import Window

    return Window(start=start, end=end)


def _now(
    store: Store, monitors: Sequence[MonitorSettings], prediction: str, window: Window, *, quiet: bool
) -> Explanation:
    """Look in the prediction sources, and explain it there and then."""
    from monitor.pipeline.one import explain_now, locate
    from monitor.privacy import withholding

    found: dict[str, datetime] = {}
    looked = [one for one in monitors if one.predictions.columns.id is not None]
    for one in looked or monitors[:1]:  # the first says what is missing
        with withholding(one), working(f"looking for {prediction} in the predictions of {one.name}", quiet=quiet):
            at = locate(one, prediction, window)
        if at is not None:
            found[one.name] = at
    span = f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
    if not found:
        without = [one.name for one in monitors if one not in looked]
        passed = f"; {', '.join(without)} names no column of ids" if without else ""
        raise ConfigError(
            f"there is no prediction {prediction!r}",
            seen=f"no check kept it, and the predictions of {', '.join(one.name for one in looked)} from {span} have "
            f"none of this id{passed}",
            expected="an id as it stands in "
            + ", ".join(dict.fromkeys(f"column {one.predictions.columns.id}" for one in looked)),
            hint="give --since an earlier time if it is older, or name another --monitor",
        )
    _require_one(prediction, {name: f"predicted {at:%Y-%m-%d %H:%M} UTC" for name, at in found.items()})
    ((name, at),) = found.items()
    mine = next(one for one in monitors if one.name == name)
    with withholding(mine), working(f"explaining {prediction} with the model of {name}", quiet=quiet):
        return explain_now(mine, store, prediction, at)


def _require_one(prediction: str, found: dict[str, str]) -> None:
    if len(found) > 1:
        raise ConfigError(
            f"several monitors have a prediction {prediction!r}",
            seen="; ".join(f"{name}, {words}" for name, words in sorted(found.items())),
            expected="one of them",
            hint=f"say which: --monitor {min(found)}",
        )


def _kept_words(kept: KeptPrediction) -> str:
    return f"kept by check {kept.check.id} of {kept.check.planned_at:%Y-%m-%d %H:%M} UTC"


def _not_by(check: str, prediction: str, store: Store) -> ConfigError:
    others = store.kept_predictions(prediction)
    known = store.check(check) is not None
    return ConfigError(
        f"check {check} kept no prediction {prediction!r}" if known else f"there is no check {check}",
        seen="; ".join(f"{one.check.monitor}: {_kept_words(one)}" for one in others[:5]) or "kept by no check",
        expected="a check that kept it",
        hint="leave out --check: the latest check that kept it is shown, else it is explained now",
    )
