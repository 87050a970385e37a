"""Pieces of PromQL, SQL and addresses that several panels share."""

from __future__ import annotations

from dashboards.model import Link

ALL = ".*"
"""What `All` stands for in every query: also what no list of values knows, such as monitors that were retired."""

# PromQL. Replicas export the same durable series: of two snapshots the newer one counts.
MONITOR = 'monitor=~"$monitor"'
VIEW = 'view=~"$view"'
PLACE = "cluster, namespace"
"""Two installations may each have a monitor of the same name; labels that nobody uses make no column."""


def held(selector: str, *, by: str = "monitor") -> str:
    """A gauge of the store, the same on every replica."""
    return f"max by ({PLACE}, {by}) ({selector})"


def grown(counter: str, labels: str = MONITOR, *, over: str = "$__rate_interval", by: str = "monitor") -> str:
    """Growth of a total within a time, counted once however many replicas export it."""
    return f"sum by ({by}) (max without (instance, pod) (increase({counter}{{{labels}}}[{over}])))"


# SQL. Values are matched as patterns, so that All needs no list; one with a quote in it matches nothing.
OF_MONITOR = "monitor ~ '^(?:${monitor:regex})$'"
OF_VERSION = "coalesce(model_version, '') ~ '^(?:${model_version:regex})$'"
OF_VIEW = "view ~ '^(?:${view:regex})$'"
OF_SEGMENTS = "segments ~ '(^|, )(?:${segment:regex})(,|$)'"
OF_SEGMENT = "segment ~ '^(?:${segment:regex})$'"
SOME_DAYS = "day >= $__timeFrom()::timestamptz - interval '1 day' AND day <= $__timeTo()::timestamptz"
"""Whole days that the range touches."""

CHOSEN = f"""chosen AS (
  SELECT check_id, monitor, planned_at FROM grafana_check_runs
  WHERE check_id IS NOT NULL AND CASE WHEN ${{check:sqlstring}} IN ('', 'auto')
    THEN {OF_MONITOR} AND {OF_VERSION} AND planned_at <= $__timeTo()::timestamptz
    ELSE check_id = ${{check:sqlstring}} END
  ORDER BY (coalesce(level, 0) > 0 AND planned_at >= $__timeFrom()::timestamptz) DESC, planned_at DESC LIMIT 1)"""
"""The check that was clicked; without one the latest that raised a level within the range, else the latest."""

FEATURE = f"""{CHOSEN},
wanted AS (
  SELECT CASE WHEN ${{feature:sqlstring}} NOT IN ('', 'auto') THEN ${{feature:sqlstring}} ELSE (
    SELECT feature FROM grafana_contributions JOIN chosen USING (check_id)
    ORDER BY level DESC, abs(coalesce(model_part, 0)) + abs(coalesce(data_part, 0)) DESC LIMIT 1) END AS feature)"""
"""The feature that was clicked; without one the feature of the check that moved most."""

PREDICTION = f"""{FEATURE},
one AS (
  SELECT check_id, monitor, planned_at, CASE WHEN ${{prediction:sqlstring}} NOT IN ('', 'auto')
    THEN ${{prediction:sqlstring}} ELSE (
    SELECT row_id FROM grafana_attribution_values JOIN chosen c USING (check_id) JOIN wanted USING (feature)
    ORDER BY abs(value) DESC LIMIT 1) END AS row_id FROM chosen)"""
"""The prediction that was clicked; without one that of the check to which the feature contributes most."""

# Addresses. A field in an address may hold anything, a name of a feature or the id of a prediction.
ORDER = ("datasource", "postgres", "monitor", "model_version", "view", "segment", "feature", "check", "prediction")
"""Variables, in the same order on every dashboard."""


def field(name: str) -> str:
    return f"${{__data.fields.{name}:percentencode}}"


def dashboard(name: str, **values: str) -> str:
    """Another dashboard, or the same, at the same time and with all variables but those given."""
    parts = [f"var-{one}={values[one]}" if one in values else f"${{{one}:queryparam}}" for one in ORDER]
    return f"/d/xdrift-{name}?${{__url_time_range}}&{'&'.join(parts)}"


def page(path: str) -> str:
    """A page of the daemon."""
    return f"${{daemon:raw}}{path}"


MONITOR_PAGE = Link(title="The monitor's page", url=page(f"/monitors/{field('monitor')}"), new_tab=True)
CHECK_PAGE = Link(title="The check's page", url=page(f"/checks/{field('check_id')}"), new_tab=True)
PREDICTION_PAGE = Link(
    title="The prediction's page, with inputs",
    url=page(f"/predictions/{field('row_id')}?monitor={field('monitor')}&check={field('check_id')}"),
    new_tab=True,
)
WHY_MONITOR = Link(
    title="Why? Its latest raised check",
    url=dashboard("debug", monitor=field("monitor"), check="auto", feature="auto", prediction="auto"),
)
WHY_CHECK = Link(
    title="Why? This check",
    url=dashboard("debug", monitor=field("monitor"), check=field("check_id"), feature="auto", prediction="auto"),
)
CHOOSE_FEATURE = Link(title="Look at this feature", url=dashboard("debug", feature=field("feature"), prediction="auto"))
CHOOSE_PREDICTION = Link(title="Look at this prediction", url=dashboard("debug", prediction=field("row_id")))
NOW = Link(title="What is wrong with it now?", url=dashboard("oncall", monitor=field("monitor")))
