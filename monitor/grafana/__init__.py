"""Grafana: dashboards pushed through its API, annotations for what happened to a monitor."""
