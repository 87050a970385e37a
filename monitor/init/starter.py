"""The starter file: what was seen as values, what was guessed as values with a reason and something to check."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from monitor.init.columns import (
    DataFacts,
    Guess,
    guess_id,
    guess_label,
    guess_prediction,
    guess_time,
    guess_time_by_name,
    guess_version,
    segment_candidates,
)
from monitor.init.draft import Draft, Guessed, scalar
from monitor.init.features import (
    guess_features,
    put_features,
    put_label_candidate,
    renames,
    tell_missing,
    warnings,
)
from monitor.init.model import ModelFacts
from monitor.init.rhythm import CALIBRATING_PERIODS, PERIOD_ROWS, Rhythm, choose_rhythm
from monitor.init.traffic import Traffic
from monitor.settings import HoldoutSettings

MAX_HOLDOUT = int(HoldoutSettings.model_fields["max_rows"].default)
SAYING_NOTHING = frozenset(
    {"model", "models", "best", "best-model", "final", "final-model", "latest", "booster", "clf", "artifacts", "tmp"}
)
"""Names of files and folders that would make a poor name for a monitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """A starter configuration, ready to be written."""

    monitor: str
    text: str
    guesses: tuple[Guessed, ...]
    warnings: tuple[str, ...]
    """What the files lack: with them the first check cannot run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    """Which column is what, in one file."""

    time: Guess | None
    id: Guess | None
    label: Guess | None
    prediction: Guess | None
    version: Guess | None

    @property
    def taken(self) -> frozenset[str]:
        return frozenset(g.column.name for g in (self.time, self.id, self.label, self.prediction, self.version) if g)


def make_starter(
    model: ModelFacts, data: DataFacts, *, traffic: Traffic, name: str | None = None, schema: str
) -> Starter:
    """The commented YAML text that `check-config` accepts.

    Args:
        data: the rows that become the holdout.
        traffic: where predictions are; the data file itself when nobody said.
        name: of the monitor; from the model's file name when absent.
        schema: where editors find the JSON schema, seen from the configuration file.
    """
    named = model.feature_names or ()
    roles, served = _roles(data, named, model), _served(traffic, data, named, model)
    features = named or guess_features(data, traffic, {*roles.taken, *served.taken})
    made, origin = _name(model)
    monitor = name or made
    draft = Draft()
    draft.comment(f"yaml-language-server: $schema={schema}", wrap=False)
    draft.comment(
        "Written by `xdrift init`. What stands under GUESS was guessed from the files: do what CHECK says, then run "
        "`xdrift check-config --probe`. Paths are relative to this file."
    )
    draft.line("monitors:")
    with draft.item():
        if name:
            draft.put("name", name)
        else:
            draft.guess(
                "name", monitor, why=f"made from the name of the {origin}",
                check="every metric, page and alert carries this name",
            )  # fmt: skip
        draft.guess("owner", "unassigned", why="nobody said", check="write the team or person who gets drift alerts")
        _model(draft, model, traffic)
        if not model.feature_names:
            put_features(draft, data, traffic, features, labelled=roles.label is not None)
        rhythm = _rhythm(data, roles, traffic, served)
        _holdout(draft, data, roles, features, traffic=traffic, rhythm=rhythm)
        _predictions(draft, traffic, served, features, data)
        _schedule(draft, traffic, served, rhythm)
    draft.comment("What else can be set, with its meaning, is in the schema named above; unknown keys are refused.")
    return Starter(
        monitor=monitor,
        text=draft.text,
        guesses=tuple(draft.guesses),
        warnings=(*warnings(data, traffic, features), *_timeless(traffic, served)),
    )


def _timeless(traffic: Traffic, served: _Roles) -> tuple[str, ...]:
    if traffic.facts is None or served.time is not None:
        return ()
    return (f"{traffic.facts.path} has no column of times: write under predictions.columns which one is the time",)


def slug(text: str) -> str:
    """`text` as a monitor name: lower case, digits and hyphens; `model` when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "model"


def _name(model: ModelFacts) -> tuple[str, str]:
    """A name for the monitor and what it is from: the folder where the file's own name says nothing."""
    stem, folder = slug(model.path.stem), slug(model.path.absolute().parent.name)
    if stem in SAYING_NOTHING and folder not in SAYING_NOTHING:
        return folder, "folder of the model file, whose own name says nothing"
    return stem, "model file"


def _roles(data: DataFacts, features: Sequence[str], model: ModelFacts) -> _Roles:
    return _Roles(
        time=guess_time(data, features),
        id=guess_id(data, features),
        label=guess_label(data, features, model.n_classes),
        prediction=guess_prediction(data, features),
        version=guess_version(data, features),
    )


def _served(traffic: Traffic, data: DataFacts, features: Sequence[str], model: ModelFacts) -> _Roles:
    """Roles of the predictions' columns. Times that are not seen as such are guessed by name, the holdout's first."""
    roles = _roles(traffic.facts or data, features, model)
    if roles.time is not None or traffic.facts is None:
        return roles
    alike = guess_time(data, features)
    first = None if alike is None else alike.column.name
    return replace(roles, time=guess_time_by_name(traffic.facts, features, first=first))


def _model(draft: Draft, model: ModelFacts, traffic: Traffic) -> None:
    with draft.section("model"):
        if not model.opened:
            draft.comment(
                f"Opening a {model.format} file runs the code inside it, so it was not opened. If you know who made "
                "it, set trust: true; the digest below pins this very file."
            )
        known = f"{len(model.feature_names)} features by name" if model.feature_names else "no feature names"
        classes = {None: "outputs unknown", 1: "regression", 2: "two classes"}.get(
            model.n_classes, f"{model.n_classes} classes"
        )
        if model.opened:
            draft.comment(f"Seen in the file: {model.format}, {known}, {classes}.")
        draft.put("path", traffic.relative(model.path))
        draft.comment(
            "CHECK: without a version only the file can be seen to change. Write your label of this release, and "
            "change it with every release: a file that changes under the same label is then called out."
        )
        draft.comment('version: "1"', wrap=False)
        if not model.opened:
            draft.put("format", model.format)
            draft.put("trust", False)
            draft.put("sha256", model.sha256)
        if model.n_classes and model.n_classes > 2:
            draft.guess(
                "class_index", "all", why=f"the model has {model.n_classes} classes",
                check="to watch one class only, write its number, counted from 0",
            )  # fmt: skip


def _rhythm(data: DataFacts, roles: _Roles, traffic: Traffic, served: _Roles) -> Rhythm:
    return choose_rhythm(
        span=_span(roles.time) if roles.time else None,
        rows=data.n_looked_at,
        per_day=traffic.rows_per_day(served.time),
    )


def _holdout(
    draft: Draft, data: DataFacts, roles: _Roles, features: Sequence[str], *, traffic: Traffic, rhythm: Rhythm
) -> None:
    with draft.section("holdout"):
        draft.comment(
            "Fixed rows that every model version is explained on: about a thousand, from a time when all was well."
        )
        tell_missing(draft, data, features)
        if data.n_rows is None or data.n_rows > MAX_HOLDOUT:
            rows = f"{data.n_rows:,}" if data.n_rows else f"more than {data.n_looked_at:,}"
            draft.comment(
                f"CHECK: the file has {rows} rows and more than max_rows ({MAX_HOLDOUT:,}) are refused: draw about a "
                "thousand at random into a file of their own and name that here."
            )
        draft.put("path", traffic.relative(data.path))
        _role(draft, "id", roles.id, check="every row has one of its own")
        _role(draft, "time", roles.time, check="it is the time of the prediction, not of the label")
        _role(draft, "label", roles.label, check="the model never sees it")
        if roles.label is None:
            put_label_candidate(draft, data, traffic, {*features, *roles.taken})
        if roles.time:
            _timezone(draft, roles.time)
            _period(draft, roles.time, rhythm)


def _span(time: Guess) -> timedelta:
    assert time.column.first is not None  # a column of times has a span
    assert time.column.last is not None
    return time.column.last - time.column.first


def _period(draft: Draft, time: Guess, rhythm: Rhythm) -> None:
    if rhythm.period is None:
        return
    draft.guess(
        "period", rhythm.period,
        why=f"the rows span {_days(_span(time))}, which holds {CALIBRATING_PERIODS} or more of these; a window is no "
        "shorter",
        check="a natural rhythm of the traffic, no longer than a window: thresholds learn how much it moves by itself",
    )  # fmt: skip


def _predictions(draft: Draft, traffic: Traffic, served: _Roles, features: Sequence[str], data: DataFacts) -> None:
    facts = traffic.facts or data
    with draft.section("predictions"):
        if traffic.given is None:
            draft.guess(
                "path", traffic.relative(data.path), why="no --predictions was given, so the data file stands in",
                check="name the file, folder or glob where predictions arrive, or url and table of a database",
            )  # fmt: skip
        else:
            for key, value in traffic.source(draft):
                draft.put(key, value)
        if traffic.trouble:
            draft.comment(
                f"CHECK: {traffic.trouble}, so nobody looked at it: the columns below are those of the data file."
            )
        if traffic.facts is not None:
            tell_missing(draft, facts, features)
        _timezone(draft, served.time)
        with draft.section("columns"):
            if served.time is None:
                draft.guess(
                    "time", "timestamp", why="no column of times was found", check="the column of the prediction time",
                )  # fmt: skip
            _role(draft, "time", served.time, check="it is the time of the prediction")
            _role(draft, "id", served.id, check="every prediction has one of its own")
            shown = "it is what the model answered: shown beside the recomputed one, so probability or log-odds both do"
            _role(draft, "prediction", served.prediction, check=shown)
            _role(draft, "label", served.label, check="the model never sees it")
            _role(draft, "model_version", served.version, check="it names the model that answered")
            if groups := segment_candidates(facts, {*features, *served.taken}):
                draft.comment("Possible segments: each value is tested by itself, if the holdout has the column too.")
                draft.comment(f"segments: [{', '.join(map(scalar, groups))}]", wrap=False)
            if pairs := renames(facts, features):
                draft.guess(
                    "rename", pairs, why="the names are alike", check="column in the source: feature of the model"
                )


def _schedule(draft: Draft, traffic: Traffic, served: _Roles, rhythm: Rhythm) -> None:
    with draft.section("schedule"):
        per_day = traffic.rows_per_day(served.time)
        seen = "nothing is known about the traffic" if per_day is None else f"about {per_day:,.0f} rows a day were seen"
        draft.guess(
            "every", rhythm.every, why=seen, check="a window should hold 500 rows or more, and the slots are in UTC"
        )
        if rhythm.window is not None:
            draft.guess(
                "window", rhythm.window,
                why=f"the holdout holds fewer than {PERIOD_ROWS} rows a day, too few to learn how much days differ",
                check="with a holdout of more rows a day, remove this line and set holdout.period to 1d",
            )  # fmt: skip
        draft.guess("delay", "0s", why="nobody said", check="how late a prediction may still arrive, as in 30m")


def _timezone(draft: Draft, time: Guess | None) -> None:
    if time and not time.column.aware:
        draft.guess(
            "timezone", "UTC", why=f"the times in {time.column.name} carry no zone",
            check="in which zone whoever writes them means them, as in Europe/Berlin",
        )  # fmt: skip


def _role(draft: Draft, key: str, guess: Guess | None, *, check: str) -> None:
    if guess is None:
        return
    also = f"; it could also be {', '.join(guess.others[:4])}" if guess.others else ""
    draft.guess(key, guess.column.name, why=guess.why + also, check=check)


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span.days > 1 else f"{span.total_seconds() / 3600:.0f} hours"
