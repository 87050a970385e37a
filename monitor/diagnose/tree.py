"""The questions in their order, and what a yes means: one literal table."""

from __future__ import annotations

from monitor.diagnose import answers, words
from monitor.diagnose.model import Question

FINE = Question("fine", "", lambda _: ("no", ()), "Nothing is wrong that this monitor can see.", ())
# Its checks are on time, or the walk would have ended there: the next one comes by itself.
UNCLEAR = Question(
    "unclear", "", lambda _: ("no", ()), "Nothing found; not all was answered.", ("xdrift check {monitor}",)
)
WAITING = Question(
    "waiting", "", lambda _: ("no", ()), "Nothing was checked yet.", (words.CHECK,), otherwise=words.waiting
)
TREE: tuple[Question, ...] = (
    Question(
        "privacy", "Is there personal data in explanations?", answers.personal,
        "Personal data stands in the explanation log: there may be a duty to report it.",
        ("tell the privacy officer; xdrift doctor says which kind, in which field and when",
         "redact the field in the application, and name it under redact or privacy in the configuration"),
        beside=True,
    ),
    Question(
        "shared", "Are several monitors in the same trouble?", answers.shared,
        "Something shared is broken: explainer image, feature store, prediction log, database.",
        ("look at what was deployed last for all of them", "page the platform's owner, not the models' owners"),
    ),
    Question(
        "not_checked", "Are checks missing or failing?", answers.failing,
        "The monitor cannot look. What it said last may be out of date.",
        (
            "does a daemon run, and does it reach the database? its /readyz says why not",
            "put right what an error names, then: xdrift check {monitor}",
        ),
        otherwise=words.never_checked,
    ),
    Question(
        "no_data", "Was there too little to judge?", answers.blind,
        "The check ran and could not judge: too few predictions, or a holdout that is too small.",
        ("is the prediction log still written?", "lower sample.min_rows only if the traffic is meant to be thin"),
    ),
    Question(
        "serving", "Does serving fail to explain now?", answers.unserved,
        "Predictions are served without good explanations: look at the serving system, not at drift.",
        (
            "the monitor's page lists what lacks an explanation; restart or roll back the explainer that serves it",
            "does the log fail to be read? xdrift doctor says why",
        ),
    ),
    Question(
        "budget", "Are objectives of explanations missed?", answers.overspent,
        "An error budget of explanations is spent, or an objective was missed in the last hour.",
        ("the monitor's page lists what lacks an explanation; until the budget is back make nothing worse",),
        beside=True,
    ),
    Question(
        "reference", "Is the reference missing, or new?", answers.reference,
        "Results before and after compare with different references.",
        ("xdrift reference list {monitor}", words.CHECK),
        otherwise=words.no_reference,
    ),
    Question(
        "explainer", "Did the explainer change, or does serving explain otherwise?", answers.explainer,
        "The explainer changed; results are void until it is put back.",
        (words.BACK, f"or accept it: {words.ACCEPT}"),
        otherwise=words.explainer,
    ),
    Question(
        "pipeline", "Did a feature pipeline change?", answers.verdict("pipeline"),
        "Features arrive otherwise than the model was trained on. Retraining would learn the fault.",
        words.MEND,
        otherwise=words.pipeline,
    ),
    Question(
        "model", "Did the model change?", answers.verdict("model", "both"),
        "The model answers differently on the same rows.",
        (f"planned? {words.ACCEPT}", "not planned? roll the model back"),
        otherwise=words.model,
    ),
    Question(
        "data", "Did the data change?", answers.verdict("data"),
        "The population changed.",
        words.OWNER,
        otherwise=words.data,
    ),
)  # fmt: skip
"""Asked in this order; the first yes that is not beside the walk ends it."""
