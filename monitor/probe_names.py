"""Do names under `redact`, `privacy` and `telemetry.group_by` stand for anything? A misspelt one protects nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from monitor.errors import ConfigError
from monitor.settings import MonitorSettings

_NEAR = 0.8
"""Likeness from which a name is another one misspelt: `incme` and `income` have 0.91, `name` and `surname` 0.73."""
_LETTERS = 4
"""From so many on, a name with one letter replaced is meant as well, though `nots` and `note` have 0.75 only."""


def kept_back(monitor: MonitorSettings) -> dict[str, tuple[str, ...]]:
    """Setting to the columns it keeps back, of the settings that name any."""
    privacy = monitor.privacy
    named = {"redact": monitor.redact, "privacy.hash": privacy.hash, "privacy.mask": privacy.mask}
    return {setting: names for setting, names in named.items() if names}


def grouped_by(monitor: MonitorSettings) -> dict[str, tuple[str, ...]]:
    """`telemetry.group_by` where somebody wrote it: keys of the default may be absent."""
    log = monitor.telemetry
    return {"telemetry.group_by": log.group_by} if log and log.group_by and "group_by" in log.model_fields_set else {}


def own_names(monitor: MonitorSettings, features: Iterable[str]) -> frozenset[str]:
    """Names that the configuration and the model give to columns."""
    mapped, holdout = monitor.predictions.columns, monitor.holdout
    roles = (mapped.time, mapped.id, mapped.prediction, mapped.model_version, mapped.label, mapped.priority)
    special = filter(None, (*roles, holdout.id, holdout.time, holdout.label))
    return frozenset((*features, *mapped.rename, *mapped.rename.values(), *mapped.segments, *special))


def verify(named: Mapping[str, Collection[str]], known: Collection[str], *, harm: str) -> tuple[str, str | None]:
    """What was found, and the next step where a name stands for nothing yet.

    `named`: setting to the names in it. `known`: every name there is. `harm`: what follows from a wrong name.

    Raises ConfigError for a name that is nearly another one there is, unless that one stands in `named` as well; it
    tells of the other absent names too. It tells that near name, which may come from a log and hold a value: it is
    what somebody wrote but for a letter.
    """
    covered = {name for names in named.values() for name in names}
    absent = [(setting, name) for setting, names in named.items() for name in names if name not in known]
    near = {name: one for _, name in absent if (one := _nearest(name, known, covered)) is not None}
    if near:
        names = list(dict.fromkeys(name for _, name in absent))
        far = [name for name in names if name not in near]
        them = "them" if len(far) > 1 else "it"
        more = f". {', '.join(far)}: correct {them} too, unless the explanation log will carry {them}" if far else ""
        raise ConfigError(
            f"nothing is named {', '.join(names[:-1])}{' or ' * (len(names) > 1)}{names[-1]}",
            seen=", ".join(f"{name} under {setting}" for setting, name in absent),
            expected="a feature, a column of the predictions or a key of the explanation log",
            hint=f"did you mean {', '.join(near.values())}? Until it is corrected, {harm}{more}",
        )
    if absent:
        seen = ", ".join(f"{name} ({setting})" for setting, name in absent)
        step = f"correct the name, unless the explanation log will carry it; if it is a wrong one, {harm}"
        return f"no feature, column of the predictions or key of the latest logged records is named {seen}", step
    return f"{len(covered)} name{'s' * (len(covered) > 1)}, all of something that is there", None


def _nearest(name: str, known: Collection[str], covered: Collection[str]) -> str | None:
    """The name there is that this one was meant for; None where it is covered under its right name as well."""
    by_fold = {one.casefold(): one for one in sorted(known)}
    folded = name.casefold()
    close = get_close_matches(folded, by_fold, n=1, cutoff=_NEAR) or [one for one in by_fold if _replaced(folded, one)]
    return by_fold[close[0]] if close and by_fold[close[0]] not in covered else None


def _replaced(name: str, other: str) -> bool:
    """Whether one letter differs; a digit that does makes another column of a row of them, `V14` and `V15`."""
    if len(name) != len(other) or len(name) < _LETTERS:
        return False
    apart = [(a, b) for a, b in zip(name, other, strict=True) if a != b]
    return len(apart) == 1 and "".join(*apart).isalpha()
