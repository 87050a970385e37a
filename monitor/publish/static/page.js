"use strict";
// Small help on every page: keys in the history strip, long tables folded, the fleet kept fresh.
(() => {
  function moveInStrip(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    const cell = event.target.closest(".cell");
    if (step === undefined || !cell) return;
    const cells = [...cell.parentElement.querySelectorAll(".cell")];
    const at = Math.min(cells.length - 1, Math.max(0, cells.indexOf(cell) + step));
    for (const other of cells) other.tabIndex = -1;
    cells[at].tabIndex = 0;
    cells[at].focus();
    event.preventDefault();
  }

  function foldTables() {
    for (const table of document.querySelectorAll("table")) {
      const rest = table.querySelectorAll(".rest");
      if (!rest.length) continue;
      table.classList.add("folded");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "more";
      button.textContent = `Show ${rest.length} more`;
      button.addEventListener("click", () => {
        table.classList.remove("folded");
        button.remove();
      });
      table.parentElement.append(button);
    }
  }

  // The new fleet replaces the old one in place, unless somebody is in the middle of it or the tab is not seen.
  async function refresh() {
    const old = document.querySelector("[data-refresh]");
    if (document.hidden || old.contains(document.activeElement)) return;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      old.replaceWith(fresh.querySelector("[data-refresh]"));
      document.querySelector(".asof").replaceWith(fresh.querySelector(".asof"));
    } catch {
      // The daemon is away: what is shown keeps its "as of" time, which says how old it is.
    }
  }

  document.addEventListener("keydown", moveInStrip);
  foldTables();
  const refreshed = document.querySelector("[data-refresh]");
  if (refreshed) setInterval(refresh, 1000 * Number(refreshed.dataset.refresh));
})();
