"""What a yes means and what to do next, where the tree's literal words would say more than the check does.

What the check knows of model, explainer and pipeline stands in its sentence and its evidence; a conclusion repeats that
and claims no more.
"""

from __future__ import annotations

from monitor.diagnose.answers import first_due
from monitor.diagnose.model import Facts, Told
from monitor.drift.sentence import SERVED
from monitor.publish.phrases import PIPELINE_AS_WELL
from monitor.types import Check

CREATE = "xdrift reference create {monitor} --author WHO --reason WHY"
ACCEPT = "xdrift reference accept {monitor} --author WHO --reason WHY"
CHECK = "xdrift check {monitor}"
BACK = "put the explainer's library and settings back"
MEND = ("fix or freeze the feature pipeline", "until then serve the feature as it was made before")
MEND_SERVING = (
    "compare the inputs at serving time with the logged ones: another store, another transformation, another default",
    "mend the side that differs from what the model was trained on",
)
OWNER = ("predictions moved too: tell the owner today", "they did not: a ticket for the next review")
SAME_ROWS = "What is said of the same rows changed as well."
MENDED = "once the pipeline is mended: "


def never_checked(facts: Facts) -> Told | None:
    if facts.latest is not None:
        return None
    made = () if facts.reference is not None else (f"there is no reference: {CREATE}",)
    daemon = "does a daemon run, and does it reach the database? its /readyz says why not"
    return Told("The monitor cannot look: no check was ever finished.", (*made, daemon, CHECK))


def waiting(facts: Facts) -> Told:
    return Told(
        f"Nothing was checked yet: the first check is due by {first_due(facts):%Y-%m-%d %H:%M} UTC.",
        (f"wait, or look now: {CHECK}", "a daemon makes the first check as soon as it runs: does one run?"),
    )


def no_reference(facts: Facts) -> Told | None:
    if facts.reference is not None:
        return None
    if facts.past:
        return Told("The reference of that check is not on record.", ("xdrift reference list {monitor}",))
    return Told("There is no reference: nothing can be compared before one is made.", (CREATE, f"then: {CHECK}"))


def explainer(facts: Facts) -> Told | None:
    check = facts.judged
    if check is None:
        return None
    if check.sentence.startswith(SERVED["explainer"]):
        return Told(
            "The serving system explains otherwise than the model does here; nothing drifted, and results stand.",
            (
                "compare the serving system's explainer with the monitor's: library, version, settings, background",
                "does it serve explanations from a cache? they may be of an earlier model or input: empty it",
                "what the gap is, and what it is not: docs/concepts.md, Logged against recomputed",
            ),
        )
    named, mend = _beside(check)
    conclusion, put_back = _void(check)
    accept = f"{MENDED if mend else 'or accept it: '}{ACCEPT}"
    return Told(f"{conclusion}{named}", (put_back, *mend, accept))


def _void(check: Check) -> tuple[str, str]:
    """What makes results void, and what ends that."""
    if "explainer unchanged" in check.evidence:
        return (
            "Explanations of the same rows changed although model and explainer are the same; results are void until "
            "the cause is found.",
            "find out why the same model is explained otherwise: machine, threads, libraries",
        )
    if _replaced(check):
        words = "The explainer changed, and the model file as well; results are void until the explainer is put back."
        return words, f"{BACK}; what is left is the model's"
    void = "results are void until it is put back."
    if ", not the model: " in check.sentence:
        return f"The explainer changed, not the model; {void}", BACK
    return f"The explainer changed; {void}", BACK


def pipeline(facts: Facts) -> Told | None:
    check = facts.judged
    if check is None:
        return None
    if check.sentence.startswith(SERVED["pipeline"]):
        conclusion = "Predictions are served from other inputs than those logged; nothing drifted in what is logged."
        return Told(conclusion, MEND_SERVING)
    if not check.levels.get("holdout"):
        return None
    features = "Features arrive otherwise than the model was trained on. Retraining would learn the fault."
    return Told(f"{features} {SAME_ROWS}", (*MEND, *_settle(check, MENDED)))


def model(facts: Facts) -> Told | None:
    """The pipeline comes first: a model retrained or accepted on its fault keeps it."""
    check = facts.judged
    if check is None:
        return None
    named, mend = _beside(check)
    said = "The model answers differently on the same rows."
    if check.verdict == "model" and check.levels.get("total") and not check.levels.get("holdout"):
        said = "Neither the same rows nor recent ones moved far enough alone; together they did."
    if not named and (check.verdict == "both" or " The data changed as well" in check.sentence):
        named = " The data changed as well."
    return Told(f"{said}{named}", (*mend, *_settle(check, MENDED if mend else "")))


def data(facts: Facts) -> Told | None:
    """That the model did not change is said only where the sentence says it."""
    check = facts.judged
    if check is None:
        return None
    if check.sentence.startswith("The data changed, the model did not"):
        return Told("The population changed; the model did not.", OWNER)
    if check.sentence.startswith("The data changed most"):
        return Told(f"The population changed most. {SAME_ROWS}", (*OWNER, *_settle(check, "as well: ")))
    changed = ["the model file"] if _replaced(check) else []
    changed += ["the explainer"] if _explained_anew(check) else []
    if changed:
        what = " and ".join(changed)
        return Told(f"The population changed, and so did {what}: how far, the check's sentence says.", OWNER)
    return None


def _replaced(check: Check) -> bool:
    return "model digest changed" in check.evidence


def _explained_anew(check: Check) -> bool:
    return any(line.startswith("explainer changed") for line in check.evidence)


def _settle(check: Check, first: str) -> tuple[str, ...]:
    """What to do about the same rows, by what changed; `first` begins the first step."""
    if _explained_anew(check) and not _replaced(check):
        return (f"{first}{BACK}, or accept it: {ACCEPT}",)
    if "model digest unchanged" in check.evidence:
        return (f"{first}find out why the same model file is told otherwise: machine, threads, libraries",)
    return f"{first}planned? {ACCEPT}", "not planned? roll the model back"


def _beside(check: Check) -> tuple[str, tuple[str, ...]]:
    """A broken pipeline beside what names the verdict, as a sentence, and what mends it; empty without one.

    A gap to what was served proves none beside a replaced model: it is logged with the one, recomputed with the other.
    """
    return (f" {PIPELINE_AS_WELL}.", MEND) if f"{PIPELINE_AS_WELL}: " in check.sentence else ("", ())
