"use strict";
// The two charts of a prediction's page: from base value to prediction, and where one value lies.
(() => {
  const { colour, draw, label, layout, literal, narrow, pattern, plain, positions, signed, start } = xdriftPlot;
  const data = JSON.parse(document.getElementById("data").textContent);
  const ends = ["base", "prediction"];

  function waterfall() {
    const steps = data.steps;
    const y = positions(steps.length);
    const sorts = [
      ["Raises it", (step) => step.value >= 0, "--more", ""],
      ["Lowers it", (step) => step.value < 0, "--less", "/"],
    ];
    const low = Math.min(...steps.map((step) => (step.kind === "base" ? step.end : Math.min(step.start, step.end))));
    const high = Math.max(...steps.map((step) => Math.max(step.start, step.end)));
    const pad = (narrow() ? 0.42 : 0.12) * (high - low || 1);  // room for the numbers beside the bars
    const bars = sorts.map(([name, fits, hue, shape]) => {
      const kept = y.filter((i) => !ends.includes(steps[i].kind) && fits(steps[i]));
      return {
        type: "bar", orientation: "h", width: 0.65, name, y: kept, base: kept.map((i) => steps[i].start), x: kept.map((i) => steps[i].end - steps[i].start),
        text: kept.map((i) => signed(steps[i].value)), textposition: "outside", cliponaxis: false,
        hovertext: kept.map((i) => `${literal(steps[i].label)}: ${signed(steps[i].value)}<br>from ${plain(steps[i].start)} to ${plain(steps[i].end)}`),
        hoverinfo: "text", marker: { color: colour(hue), pattern: pattern(shape) },
      };
    });
    const marked = y.filter((i) => ends.includes(steps[i].kind));
    const points = {
      type: "scatter", mode: "markers+text", name: "Base value, prediction", y: marked, x: marked.map((i) => steps[i].end),
      text: marked.map((i) => plain(steps[i].end)), textposition: "middle right", cliponaxis: false,
      hovertext: marked.map((i) => `${literal(steps[i].label)}: ${plain(steps[i].end)}`), hoverinfo: "text",
      marker: { symbol: "diamond", size: 10, color: colour("--ink"), line: { width: 1, color: colour("--panel") } },
    };
    const joins = y.slice(0, -1).map((i) => ({
      type: "line", x0: steps[i].end, x1: steps[i].end, y0: i, y1: i + 1, line: { color: colour("--line-strong"), width: 1 }, layer: "below",
    }));
    draw("chart-waterfall", [...bars, points], layout({
      barmode: "overlay", height: 100 + 26 * steps.length, shapes: joins,
      xaxis: { title: narrow() ? data.unit : `Output of the model (${data.unit})`, range: [low - pad, high + pad], zeroline: false },
      yaxis: { autorange: "reversed", tickvals: y, ticktext: steps.map((step) => label(step.label)), showgrid: false, zeroline: false },
    }));
  }

  function distribution(index) {
    const entry = data.distributions[index];
    const x = positions(entry.bins.length);
    const sides = [["reference", "Reference", "--then", ""], ["now", "Rows of this check", "--now", "/"]];
    const bars = sides.filter(([side]) => entry[side]).map(([side, name, hue, shape]) => ({
      type: "bar", name, x, y: entry[side],
      hovertext: entry.bins.map((bin, i) => `${name}<br>${literal(bin)}<br>${(100 * entry[side][i]).toFixed(1)}% of rows`),
      hoverinfo: "text", marker: { color: colour(hue), pattern: pattern(shape) },
    }));
    const here = entry.here;
    const top = Math.max(...sides.flatMap(([side]) => entry[side] ?? []), 0.01);
    const outline = { type: "rect", x0: here - 0.5, x1: here + 0.5, y0: 0, y1: 1.08 * top, line: { color: colour("--ink"), width: 2 } };
    const words = { x: here, y: 1.08 * top, text: "this value", showarrow: false, yanchor: "bottom", font: { color: colour("--ink") } };
    draw("chart-distribution", bars, layout({
      barmode: "group", bargap: 0.25, height: 340, shapes: here === null ? [] : [outline], annotations: here === null ? [] : [words],
      xaxis: { tickvals: x, ticktext: entry.bins.map(label), tickangle: -35, showgrid: false, title: "" },
      yaxis: { tickformat: ".0%", range: [0, 1.25 * top] },
    }));
  }

  const select = document.getElementById("distribution-feature");
  data.distributions.forEach((entry, i) => select.add(new Option(entry.feature, String(i))));
  select?.addEventListener("change", () => distribution(select.selectedIndex));
  start(() => {
    if (data.steps.length) waterfall();
    if (data.distributions.length) distribution(select.selectedIndex);
  });
})();
