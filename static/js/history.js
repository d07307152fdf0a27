"use strict";
/* Says what a search of the history found, and keeps one's place when older ones come. */
(() => {
  const said = document.getElementById("history-said");
  let wasOnOlder = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const older = event.detail.target;
    wasOnOlder = older.matches(".history-older") && older.contains(document.activeElement);
  });
  document.addEventListener("htmx:load", (event) => {
    const fresh = event.detail.elt;
    if (wasOnOlder && fresh.matches(".order-entry")) {
      // The link that was used is gone: go on at the first of the orders it brought.
      wasOnOlder = false;
      fresh.querySelector("a")?.focus({ preventScroll: true });
    }
    if (said && fresh.matches("[data-history]"))
      said.textContent = fresh.querySelector("[data-said]")?.textContent.trim() ?? "";
  });
})();
