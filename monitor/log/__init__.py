"""The explanation log's writer, for serving applications: standard library only, cheap, never in the way.

    from monitor.log import Log

    log = Log("/var/log/credit/explanations.jsonl", redact=("name",))
    with log.timed() as timer:
        attributions = explain(row)
    log.explained(request_id, attributions, prediction=score, model_version="7", latency=timer.seconds, route="/apply")

docs/explanation-log.md has the format and what is made of it.
"""

from __future__ import annotations

from monitor.log.writer import Log, Timer

__all__ = ["Log", "Timer"]
