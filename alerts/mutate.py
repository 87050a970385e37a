"""Do the tests notice when a rule is wrong? `python -m alerts.mutate [--every N] [--rule NAME] [--list]`.

Alters one thing at a time and runs the cases that could notice, the likeliest and cheapest first, each against the
rules that it needs. Alterations that alter nothing are listed in equivalents.py, with the reason, and left out.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alerts.cases import CASES
from alerts.cases.model import Case, minutes
from alerts.equivalents import alters_nothing
from alerts.mutants import Mutant, mutants
from alerts.promtool import judge, prepare, wanted
from alerts.render import Links, prometheus
from alerts.restrict import needed, restricted, words

MOST, PATIENCE = 24, 4.0
"""Cases tried that do not name the rule, and CPU seconds after which no more of them are. Trying fewer can only make
more mutants survive."""
ENOUGH = 0.95


@dataclass(slots=True, kw_only=True)
class Trial:
    """A case, what it costs and how often it has noticed something."""

    number: int
    case: Case
    needs: set[str]
    names: set[str]
    """Rules that it says something about."""
    seconds: float
    """Of CPU: the machine may be busy with other things."""
    tried: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)
    """Rule to count."""

    def price(self, rule: str, readers: set[str]) -> float:
        """Seconds per mutant noticed: what its record with this rule promises, or how near it is to the rule."""
        hope = 2.0 if rule in self.names else 1.0 if readers & self.names else 0.2
        return self.seconds * (self.tried.get(rule, 0) + 3) / (self.noticed.get(rule, 0) + hope)


class Bench:
    """All cases, written to a folder once, and the rules that they are run against."""

    def __init__(self, document: dict[str, Any], folder: Path) -> None:
        self._document, self._folder = document, folder
        self._readers: dict[str, set[str]] = {}
        for group in document["groups"]:
            for rule in group["rules"]:
                for word in words(rule["expr"]):
                    self._readers.setdefault(word, set()).add(rule.get("record") or rule["alert"])
        self._trials = [
            Trial(
                number=number,
                case=case,
                needs=needed(document, wanted(case)),
                names=wanted(case),
                seconds=0.05 + _work(case) * len(needed(document, wanted(case))) / 500_000,
            )
            for number, case in enumerate(case for cases in CASES.values() for case in cases)
        ]
        for trial in self._trials:
            prepare(trial.case, document, folder, f"case-{trial.number}")

    def noticed_by(self, mutant: Mutant) -> str | None:
        """The name of a case that fails on the mutant; None where all those tried pass."""
        altered = mutant.apply(self._document)
        readers = self._readers.get(mutant.rule, set())
        able = sorted(
            (trial for trial in self._trials if mutant.rule in trial.needs),
            key=lambda trial: trial.price(mutant.rule, readers),
        )
        near = [trial for trial in able if mutant.rule in trial.names]
        far = [trial for trial in able if mutant.rule not in trial.names][:MOST]
        spent = 0.0
        for trial in near + far:
            if trial not in near and spent > PATIENCE:
                break
            before = _spent()
            failed = judge(restricted(altered, trial.needs), self._folder, f"case-{trial.number}")
            trial.seconds = _spent() - before
            spent += trial.seconds
            trial.tried[mutant.rule] = trial.tried.get(mutant.rule, 0) + 1
            if failed:
                trial.noticed[mutant.rule] = trial.noticed.get(mutant.rule, 0) + 1
                return trial.case.name
        return None


def _spent() -> float:
    """CPU seconds of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _work(case: Case) -> int:
    """Evaluations times series."""
    return max(minutes(at) for at in case.moments()) // minutes(case.interval) * len(case.series)


def survivors(chosen: Iterable[Mutant], document: dict[str, Any], *, say: bool = False) -> list[Mutant]:
    """Those that no case notices."""
    found = []
    with tempfile.TemporaryDirectory(prefix="xdrift-mutants-") as folder:
        bench = Bench(document, Path(folder))
        for number, mutant in enumerate(chosen, 1):
            started = time.monotonic()
            by = bench.noticed_by(mutant)
            if by is None:
                found.append(mutant)
            if say:
                word = "SURVIVES" if by is None else "caught"
                sys.stdout.write(
                    f"{number} {time.monotonic() - started:.1f}s {word} {mutant.where}: {mutant.what}"
                    + (f" [{by}]\n" if by else "\n")
                )
                sys.stdout.flush()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m alerts.mutate", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every N-th mutant")
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    parser.add_argument("--rule", help="only of this rule")
    parser.add_argument("--list", action="store_true", help="list mutants instead of running them")
    given = parser.parse_args(arguments)
    document = prometheus(Links())
    listed = [mutant for mutant in mutants(document) if given.rule in (None, mutant.rule)][given.first :: given.every]
    chosen = [mutant for mutant in listed if not alters_nothing(mutant)]
    if given.list:
        sys.stdout.writelines(f"{mutant.where}: {mutant.what}\n" for mutant in chosen)
        return 0
    alive = survivors(chosen, document, say=True)
    caught = 1 - len(alive) / max(1, len(chosen))
    sys.stdout.write(
        f"{len(chosen)} mutants, {len(alive)} survive: {caught:.1%} caught; "
        f"{len(listed) - len(chosen)} alter nothing and were left out\n"
    )
    return 0 if caught >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
