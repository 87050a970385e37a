"use strict";
// Rows that open: every test of one feature, with statistic, thresholds and adjusted p-value.
(() => {
  const tests = JSON.parse(document.getElementById("data").textContent).tests;
  const columns = [
    ["view", "View"], ["test", "Test"], ["statistic", "Statistic"], ["warning", "Warning above"],
    ["severe", "Severe above"], ["p", "Adjusted p"], ["level", "Level"], ["reason", "Reason"],
  ];

  function cell(kind, text, name) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (["statistic", "warning", "severe", "p"].includes(name)) made.className = "num";
    return made;
  }

  function table(rows) {
    const shown = columns.filter(([name]) => name !== "reason" || rows.some((row) => row.reason));
    const made = document.createElement("table");
    const head = made.createTHead().insertRow();
    for (const [name, title] of shown) {
      const th = cell("th", title, name);
      th.scope = "col";
      head.append(th);
    }
    const body = made.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const [name] of shown) {
        const td = cell("td", row[name], name);
        if (name === "level") td.className = `level ${row.state}`;
        line.append(td);
      }
    }
    return made;
  }

  function toggle(button, group, rows) {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      group.querySelector(".tests").remove();
      return;
    }
    const line = document.createElement("tr");
    line.className = "tests";
    const td = document.createElement("td");
    td.colSpan = group.rows[0].cells.length;
    td.append(table(rows));
    line.append(td);
    group.append(line);
  }

  for (const group of document.querySelectorAll(".mover")) {
    const name = group.dataset.feature;
    if (!Object.hasOwn(tests, name)) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "expand";
    button.textContent = name;
    button.title = "Every test of this feature";
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => toggle(button, group, tests[name]));
    group.querySelector("th").replaceChildren(button);
  }
})();
