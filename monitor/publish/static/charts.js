"use strict";
// The three charts of a check page. Numbers come from the data block; nothing is computed here but places and colours.
(() => {
  const { colour, label, layout, literal, narrow, pattern, positions, signed, start } = xdriftPlot;
  const data = JSON.parse(document.getElementById("data").textContent);
  const prefix = new URL(document.querySelector(".brand").href).pathname.replace(/\/$/, "");
  const sides = [
    ["reference", "Reference", "--then", ""],
    ["holdout", "Same rows, model now", "--model-part", "/"],
    ["traffic", "Recent rows, model now", "--now", ""],
  ];

  function parts() {
    const rows = data.parts;
    const y = positions(rows.length);
    const hover = rows.map((row) =>
      `${literal(row.feature)}: ${row.level}<br>model part ${signed(row.model)}<br>data part ${signed(row.data)}<br>together ${signed(row.model + row.data)}`);
    const bar = (name, values, hue, shape) => ({
      type: "bar", orientation: "h", name, y, x: values, hovertext: hover, hoverinfo: "text",
      marker: { color: colour(hue), pattern: pattern(shape) },
    });
    const together = {
      type: "scatter", mode: "markers", name: "Together", y, x: rows.map((row) => row.model + row.data), hoverinfo: "skip",
      marker: { symbol: "diamond", size: 8, color: colour("--ink"), line: { width: 1, color: colour("--panel") } },
    };
    return [
      "chart-parts",
      [bar("Model part", rows.map((row) => row.model), "--model-part", "/"), bar("Data part", rows.map((row) => row.data), "--data-part", ""), together],
      layout({
        barmode: "relative", bargap: 0.35, height: 100 + 24 * rows.length,
        xaxis: { title: `Change of importance (${data.unit})`, zerolinewidth: 2 },
        yaxis: { autorange: "reversed", tickvals: y, ticktext: rows.map((row) => label(row.feature)), showgrid: false },
      }),
    ];
  }

  function heatmap() {
    const { features, limit } = data.heatmap;
    const latest = (list) => (narrow() ? list.slice(-24) : list);
    const checks = latest(data.heatmap.checks);
    const [doublings, change, levels] = ["doublings", "change", "levels"].map((name) => data.heatmap[name].map(latest));
    const x = positions(checks.length);
    const y = positions(features.length);
    const words = ["none", "warning", "severe"];
    const text = features.map((feature, i) => checks.map((check, j) => {
      const moved = change[i][j] === null ? "not known" : `${(1 + change[i][j]).toFixed(2)} times the reference`;
      const level = levels[i][j] === undefined || levels[i][j] === null ? "not judged" : words[levels[i][j]];
      return `${literal(feature)}<br>${literal(check.label)}<br>${moved}, ${level}`;
    }));
    const outlined = (i, j) => ({
      type: "rect", x0: j - 0.5, x1: j + 0.5, y0: i - 0.5, y1: i + 0.5, line: { color: colour("--ink"), width: 1.5 },
    });
    const shapes = [];
    levels.forEach((row, i) => row.forEach((level, j) => { if (level === 2) shapes.push(outlined(i, j)); }));
    const here = checks.findIndex((check) => check.id === data.check);
    if (here >= 0) {
      shapes.push({ type: "rect", x0: here - 0.5, x1: here + 0.5, y0: -0.5, y1: features.length - 0.5, line: { color: colour("--focus"), width: 2, dash: "dot" } });
    }
    const hues = { severe: "--severe", warning: "--warning", none: "--none", unknown: "--unknown" };
    const marks = {
      type: "scatter", mode: "text", x, y: x.map(() => -1.1), text: checks.map((check) => (check.state === "none" ? "·" : check.symbol)),
      textfont: { size: 11, color: checks.map((check) => colour(hues[check.state])) },
      customdata: checks.map((check) => check.id),
      hovertext: checks.map((check) => `${literal(check.label)}<br>${literal(check.title)}`), hoverinfo: "text", showlegend: false,
    };
    const cells = {
      type: "heatmap", x, y, z: doublings, text, customdata: features.map(() => checks.map((check) => check.id)), hoverinfo: "text", xgap: 1, ygap: 1, zmin: -limit, zmax: limit, hoverongaps: true,
      colorscale: [[0, colour("--less")], [0.5, colour("--mid")], [1, colour("--more")]],
      colorbar: {
        orientation: "h", thickness: 8, len: narrow() ? 0.9 : 0.35, x: narrow() ? 0.5 : 1, xanchor: narrow() ? "center" : "right", y: 1, yanchor: "bottom",
        ...(narrow() ? { tickvals: [-2, 0, 2], ticktext: ["≤ ¼", "as then", "≥ 4×"] } : { tickvals: [-2, -1, 0, 1, 2], ticktext: ["≤ ¼", "½", "as then", "2×", "≥ 4×"] }),
        tickangle: 0, outlinewidth: 0, ticklen: 0, ypad: 4,
      },
    };
    const every = Math.ceil(checks.length / (narrow() ? 3 : 10));
    const shown = x.filter((j) => j % every === 0);
    return [
      "chart-heatmap",
      [cells, marks],
      layout({
        height: 84 + 20 * (features.length + 1.2), shapes, margin: { l: 10, r: 10, t: 40, b: 30 },
        xaxis: { tickvals: shown, ticktext: shown.map((j) => checks[j].time.slice(0, 10)), showgrid: false, zeroline: false, range: [-0.5, checks.length - 0.5], ticks: "outside" },
        yaxis: { tickvals: y, ticktext: features.map(label), showgrid: false, zeroline: false, range: [features.length - 0.5, -1.7] },
      }),
    ];
  }

  function distribution(index) {
    const entry = data.distributions[index];
    const x = positions(entry.bins.length);
    const kept = sides.filter(([side]) => side in entry.sides);
    const bars = kept.map(([side, name, hue, shape]) => ({
      type: "bar", name, x, y: entry.sides[side].shares,
      hovertext: entry.bins.map((bin, i) => `${name}<br>${literal(bin)}<br>${(100 * entry.sides[side].shares[i]).toFixed(1)}% of ${entry.sides[side].n} rows`),
      hoverinfo: "text",
      marker: { color: colour(hue), pattern: pattern(shape) },
    }));
    return [
      "chart-distribution",
      bars,
      layout({
        barmode: "group", bargap: 0.25, height: 340,
        xaxis: { tickvals: x, ticktext: entry.bins.map(literal), tickangle: -35, showgrid: false, title: `Attribution (${data.unit})` },
        yaxis: { tickformat: ".0%", rangemode: "tozero" },
      }),
    ];
  }

  function numbers(index) {
    const entry = data.distributions[index];
    const table = document.getElementById("distribution-numbers");
    table.replaceChildren();
    const line = (kind, values) => {
      const row = table.insertRow();
      values.forEach((value, i) => {
        const cell = document.createElement(i === 0 ? "th" : kind);
        cell.textContent = value;
        cell.scope = i === 0 ? "row" : "col";
        if (i > 0) cell.className = "num";
        row.append(cell);
      });
    };
    const text = (value) => (value === null || value === undefined ? "–" : String(Number(value.toPrecision(3))).replace("-", "−"));
    line("th", ["", "rows", "mean size", "mean", "1 %", "median", "99 %"]);
    for (const [side, name] of sides) {
      const found = entry.sides[side];
      if (found) line("td", [name, found.n, text(found.mean_abs), text(found.mean), text(found.quantiles[1]), text(found.quantiles[5]), text(found.quantiles[9])]);
    }
  }

  const draw = (chart) => xdriftPlot.draw(...chart);

  const select = document.getElementById("distribution-feature");
  data.distributions.forEach((entry, i) => select.add(new Option(entry.feature, String(i))));

  function drawAll() {
    draw(parts());
    if (data.heatmap.checks.length) draw(heatmap());
    if (data.distributions.length) {
      draw(distribution(select.selectedIndex));
      numbers(select.selectedIndex);
    }
  }

  function say(id, text) {
    const place = document.getElementById(id);
    place.textContent = text;
    place.className = "quiet";
  }

  if (!data.distributions.length) {
    select.closest("label").remove();
    say("chart-distribution", "No distributions were kept for this check.");
  }
  if (!data.heatmap.checks.length) say("chart-heatmap", "No history is kept for this monitor.");
  start(drawAll);
  select.addEventListener("change", () => {
    draw(distribution(select.selectedIndex));
    numbers(select.selectedIndex);
  });
  document.getElementById("chart-heatmap").on?.("plotly_click", (event) => {
    location.href = `${prefix}/checks/${encodeURIComponent(event.points[0].customdata)}`;
  });
})();
