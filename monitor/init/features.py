"""Which columns are features: as the model names them, else guessed; and what a file lacks of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from monitor.init.columns import DataFacts, label_candidates
from monitor.init.draft import Draft, scalar
from monitor.init.traffic import Traffic

NAMED = 6
"""Missing columns that are named."""


def guess_features(data: DataFacts, traffic: Traffic, taken: Collection[str]) -> tuple[str, ...]:
    """Numeric columns of the data file that are nothing else; of these, what the predictions have as well.

    A column that comes with the rows of the holdout only, as a label does, is known too late to be a feature. Where the
    predictions share none, nothing can be learnt from them.
    """
    found = tuple(c.name for c in data.columns if c.kind in ("number", "flag") and c.name not in taken)
    shared = found if traffic.facts is None else tuple(name for name in found if name in traffic.facts.names)
    return shared or found


def put_features(draft: Draft, data: DataFacts, traffic: Traffic, features: Sequence[str], *, labelled: bool) -> None:
    """The guess, and what casts doubt on it. `labelled`: a label was found, so no feature is likely to be one."""
    shared = traffic.facts is not None and set(features) <= set(traffic.facts.names)
    these = "the data file's numeric columns" + (" that the predictions have as well" if shared else "")
    draft.guess(
        "features", list(features), why=f"the model does not tell its feature names; these are {these}, in their order",
        check="exactly the columns the model was trained on, in that order",
    )  # fmt: skip
    flags = [name for name in label_candidates(data, ()) if name in features]
    if flags and not shared and not labelled:
        draft.comment(
            f"CHECK: {', '.join(flags)}: two values, so perhaps what came true. A label is no feature: take it out."
        )


def put_label_candidate(draft: Draft, data: DataFacts, traffic: Traffic, taken: Collection[str]) -> None:
    """A column that could be the label, to be uncommented; first one that the predictions lack, as they lack labels."""
    known = () if traffic.facts is None else traffic.facts.names
    flags = sorted(label_candidates(data, taken), key=lambda name: name in known)
    if not flags:
        return
    lacked = ", which the predictions lack" if known and flags[0] not in known else ""
    draft.comment(
        f"Possible label: a column of two values, no feature{lacked}. Only `xdrift drill --inject retrain` needs one."
    )
    draft.comment(f"label: {scalar(flags[0])}", wrap=False)


def tell_missing(draft: Draft, facts: DataFacts, features: Sequence[str]) -> None:
    if missing := _missing(facts, features):
        draft.comment(f"CHECK: this file lacks {len(missing)} of the model's features: {_listed(missing)}.")


def renames(facts: DataFacts, features: Sequence[str]) -> Mapping[str, str]:
    """Columns that look like a missing feature under another spelling: {column: feature}."""
    lowered = {name.lower(): name for name in facts.names if name not in features}
    pairs = {}
    for feature in _missing(facts, features):
        if near := get_close_matches(feature.lower(), lowered, n=1, cutoff=0.8):
            pairs[lowered[near[0]]] = feature
    return pairs


def warnings(data: DataFacts, traffic: Traffic, features: Sequence[str]) -> tuple[str, ...]:
    """What keeps the first check from running, whatever is uncommented: one sentence per file."""
    said = []
    if missing := _missing(data, features):
        said.append(f"{data.path} lacks {_count(missing)}, so no reference can be made of it: {_listed(missing)}")
    if traffic.facts is not None:
        renamed = renames(traffic.facts, features).values()
        if missing := [name for name in _missing(traffic.facts, features) if name not in renamed]:
            said.append(f"{traffic.facts.path} lacks {_count(missing)}, so no check can explain it: {_listed(missing)}")
    return tuple(said)


def _missing(facts: DataFacts, features: Sequence[str]) -> list[str]:
    return [name for name in features if name not in facts.names]


def _count(missing: Sequence[str]) -> str:
    return "a feature of the model" if len(missing) == 1 else f"{len(missing)} features of the model"


def _listed(missing: Sequence[str]) -> str:
    return ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
