"use strict";
// What all charts share: colours of the page, labels as they are, axes. Numbers come from the page's data block.
const xdriftPlot = (() => {
  const config = { displayModeBar: false, responsive: true, doubleClick: false };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // plotly reads a few HTML tags in labels; names are shown as they are.
  const literal = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const narrow = () => innerWidth < 640;
  const label = (name) => literal(short(name, narrow() ? 14 : 28));
  const plain = (value) => String(Number(value.toPrecision(3))).replace("-", "−");
  const signed = (value) => (value > 0 ? "+" : "") + plain(value);

  function layout(extra) {
    const axis = { gridcolor: colour("--line"), zerolinecolor: colour("--line-strong"), linecolor: colour("--line-strong"), fixedrange: true };
    const { xaxis, yaxis, ...rest } = extra;
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("--ink-2") },
      hoverlabel: { bgcolor: colour("--panel"), bordercolor: colour("--line-strong"), font: { color: colour("--ink") }, align: "left" },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", traceorder: "normal" },
      margin: { l: 10, r: 10, t: 34, b: 40 },
      xaxis: { ...axis, automargin: true, ...xaxis, title: { text: xaxis.title, font: { size: 12 }, standoff: 8 } },
      yaxis: { ...axis, automargin: true, ...yaxis },
      ...rest,
    };
  }

  // Categories by position: two long names may shorten to the same text.
  const positions = (count) => Array.from({ length: count }, (_, i) => i);
  const pattern = (shape) => ({ shape, size: 6, solidity: 0.2, fillmode: "overlay", fgcolor: colour("--panel") });

  // `all` draws every chart anew; it runs again when the colours change.
  function start(all) {
    all();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  }

  return { colour, literal, narrow, label, plain, signed, layout, positions, pattern, start, draw: (id, traces, shape) => Plotly.react(id, traces, shape, config) };
})();
