"use strict";
// The theme's button for the filters is a link without an address: the keyboard passes
// it by, and screen readers do not call it a button.
document.addEventListener("DOMContentLoaded", () => {
  const filters = document.querySelector("#changelist-filter");
  for (const button of document.querySelectorAll("#changelist a:not([href])")) {
    if (!button.getAttributeNames().some((name) => name.startsWith("x-on:click"))) continue;
    button.tabIndex = 0;
    button.setAttribute("role", "button");
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
      // The panel stands after the whole list: who came by keyboard is taken there.
      setTimeout(() => filters?.querySelector("a[href]")?.focus(), 100);
    });
    filters?.addEventListener("keydown", (event) => {
      if (event.key === "Escape") button.focus();
    });
  }
});
