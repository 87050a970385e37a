"""Do the tests notice when a rule is wrong? `python -m alerts.mutate [--every N] [--rule NAME] [--list]`.

Alters one thing at a time and runs the cases that could notice, cheapest first, each against the rules it needs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from alerts.cases import CASES
from alerts.cases.model import Case
from alerts.generate import minutes
from alerts.mutants import Mutant, mutants
from alerts.promtool import run, wanted
from alerts.render import Links, prometheus
from alerts.restrict import needed, words

MOST = 16
"""Cases tried per mutant. Trying fewer can only make more of them survive."""


def cost(case: Case) -> int:
    """Roughly how long a case takes: evaluations times series."""
    return max(minutes(at) for at in case.moments()) // minutes(case.interval) * len(case.series)


def could_notice(mutant: Mutant, document: dict[str, Any]) -> list[Case]:
    """Cases whose expectations depend on the altered rule: those that name it or a rule that reads it first."""
    readers = {mutant.rule} | {
        rule.get("record") or rule["alert"]
        for group in document["groups"]
        for rule in group["rules"]
        if mutant.rule in words(rule["expr"])
    }
    ranked = [
        ((mutant.rule not in wanted(case)) + (not readers & wanted(case)), cost(case), case)
        for cases in CASES.values()
        for case in cases
        if mutant.rule in needed(document, wanted(case))
    ]
    return [case for *_, case in sorted(ranked, key=lambda entry: entry[:2])][:MOST]


def survives(mutant: Mutant, document: dict[str, Any], folder: Path) -> bool:
    """True when every case that could notice passes all the same."""
    altered = mutant.apply(document)
    return not any(run(case, altered, folder) for case in could_notice(mutant, document))


def survivors(chosen: Iterable[Mutant], document: dict[str, Any], *, say: bool = False) -> list[Mutant]:
    found = []
    with tempfile.TemporaryDirectory(prefix="xdrift-mutants-") as folder:
        for number, mutant in enumerate(chosen, 1):
            started = time.monotonic()
            alive = survives(mutant, document, Path(folder))
            if alive:
                found.append(mutant)
            if say:
                word = "SURVIVES" if alive else "caught"
                sys.stdout.write(f"{number} {time.monotonic() - started:.1f}s {word} {mutant.rule}: {mutant.what}\n")
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
    chosen = [mutant for mutant in mutants(document) if given.rule in (None, mutant.rule)][given.first :: given.every]
    if given.list:
        sys.stdout.writelines(f"{mutant.rule}: {mutant.what}\n" for mutant in chosen)
        return 0
    alive = survivors(chosen, document, say=True)
    caught = 1 - len(alive) / max(1, len(chosen))
    sys.stdout.write(f"{len(chosen)} mutants, {len(alive)} survive: {caught:.1%} caught\n")
    return 0 if caught >= 0.95 else 1


if __name__ == "__main__":
    sys.exit(main())
