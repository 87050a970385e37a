"""The runbooks' decision tree, walked over what the store holds: the first branch that applies, with its evidence.

The order is the order in which answers become void: nothing about drift can be read while checks fail, nothing about
the model while the explainer is broken, nothing about the data while the pipeline is. Personal data and spent error
budgets make no other answer void, and last for a whole period: they are told beside the branch and hide none. The
runbooks ask the same questions of Prometheus.
"""

from __future__ import annotations

from monitor.diagnose.answers import first_due
from monitor.diagnose.model import Diagnosis, Facts, Question, Step
from monitor.diagnose.tree import FINE, TREE, UNCLEAR, WAITING
from monitor.diagnose.words import CHECK

OF_THE_PRESENT = ("privacy", "shared", "serving", "budget")
"""Branches of questions about other monitors and about serving, of which no past state is on record."""


def diagnose(facts: Facts) -> Diagnosis:
    """Walk the tree. `unknown` answers are shown and passed by; the first `yes` ends the walk, but for questions beside
    it, which come after it in the conclusion and the next steps."""
    steps: list[Step] = []
    found: list[Question] = []
    for question in TREE:
        if facts.past and question.branch in OF_THE_PRESENT:
            continue
        answer, evidence = question.ask(facts)
        steps.append(Step(question=question.text, answer=answer, evidence=tuple(evidence)))
        if answer == "yes":
            found.append(question)
            if not question.beside:
                break
    found.sort(key=lambda question: question.beside)
    unknown = any(step.answer == "unknown" for step in steps)
    if not found:
        found = [WAITING if first_due(facts) else UNCLEAR if unknown else FINE]
    told = [question.told(facts) for question in found]
    return Diagnosis(
        monitor=facts.status.name,
        at=facts.latest.planned_at if facts.past and facts.latest else None,
        steps=tuple(steps),
        branch=found[0].branch,
        conclusion=" ".join(one.conclusion for one in told),
        next_steps=tuple(_filled(step, facts) for one in told for step in one.next_steps),
    )


def _filled(step: str, facts: Facts) -> str:
    """A check of the past is run again as that one."""
    if facts.past and facts.latest:
        step = step.replace(CHECK, f"{CHECK} --at {facts.latest.planned_at:%Y-%m-%dT%H:%M:%SZ}")
    return step.format(monitor=facts.status.name)
