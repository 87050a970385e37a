"""What every panel of a kind has, in Grafana's words; a panel's own table says only what differs."""

from __future__ import annotations

from typing import Any

_LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
_REDUCE = {"calcs": ["lastNotNull"], "fields": "", "values": False}

OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}},
    "stat": {
        "colorMode": "value",
        "graphMode": "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
        "reduceOptions": _REDUCE,
    },
    "table": {
        "cellHeight": "sm",
        "showHeader": True,
        "footer": {"show": False, "reducer": ["sum"], "countRows": False},
    },
    "status-history": {
        "rowHeight": 0.9,
        "colWidth": 0.9,
        "showValue": "never",
        "legend": _LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {},
        "color": {
            "mode": "scheme",
            "scheme": "Blues",
            "exponent": 0.5,
            "fill": "dark-blue",
            "steps": 64,
            "reverse": False,
        },
        "filterValues": {"le": 1e-09},
        "exemplars": {"color": "purple"},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": True},
        "yAxis": {"unit": "s", "axisPlacement": "left", "reverse": False},
    },
    "barchart": {
        "orientation": "horizontal",
        "barWidth": 0.9,
        "barRadius": 0,
        "groupWidth": 0.8,
        "stacking": "none",
        "showValue": "never",
        "fullHighlight": False,
        "xTickLabelRotation": 0,
        "xTickLabelSpacing": 0,
        "legend": _LEGEND,
        "tooltip": {"mode": "multi", "sort": "none"},
    },
    "bargauge": {
        "displayMode": "basic",
        "valueMode": "color",
        "namePlacement": "auto",
        "showUnfilled": True,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "orientation": "horizontal",
        "legend": {**_LEGEND, "showLegend": False},
        "reduceOptions": _REDUCE,
    },
    "xychart": {
        "mapping": "auto",
        "series": [],
        "legend": _LEGEND,
        "tooltip": {"mode": "single", "sort": "none"},
    },
    "text": {"mode": "markdown"},
}

CUSTOM: dict[str, dict[str, Any]] = {
    "timeseries": {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "spanNulls": False},
    "stat": {},
    "table": {"align": "auto", "minWidth": 60, "cellOptions": {"type": "auto"}, "inspect": False, "filterable": True},
    "status-history": {"fillOpacity": 85, "lineWidth": 0},
    "heatmap": {},
    "barchart": {"fillOpacity": 80, "lineWidth": 0, "gradientMode": "none"},
    "bargauge": {},
    "xychart": {"show": "points", "pointSize": {"fixed": 5}, "fillOpacity": 40},
    "text": {},
}

BARS = {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
"""Time series as stacked bars."""
DASHED = {"lineStyle": {"fill": "dash", "dash": [8, 6]}, "lineWidth": 1, "showPoints": "never"}
"""What a value is held against."""
COLOURED = {"cellOptions": {"type": "color-background", "mode": "basic"}}
WRAPPED = {"cellOptions": {"type": "auto", "wrapText": True}}
GAUGE = {"cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}}
SEEN_WHOLE = {"inspect": True}
"""A cell whose text can be opened."""
