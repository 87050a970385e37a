"""Explain: (model, rows, output) -> attributions that add up to the model's own output, or an error.

The only room that imports shap and the model libraries' own attributions, and it does so only when they are used.
"""

from monitor.explain.explainer import Explainer, explain, prepare

__all__ = ["Explainer", "explain", "prepare", "warm"]


def warm() -> None:
    """Load the compiled kernels before a fork; the first time ever on a machine this compiles them, for seconds.

    Starts no thread.
    """
    from monitor.explain.forests.build import warm as warm_kernels

    warm_kernels()
