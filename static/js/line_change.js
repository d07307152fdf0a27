"use strict";
(() => {
  const search = document.querySelector("[data-search-items]");
  const price = document.querySelector("[data-price]");
  const options = [...document.querySelectorAll("[data-item]")];
  if (!search || !price) return;
  const none = document.querySelector("[data-none]");
  // Without scripts the whole list is there; the box to search it would do nothing.
  search.closest("[hidden]")?.removeAttribute("hidden");
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const option of options) {
      const text = option.dataset.item.toLowerCase();
      const fits = words.every((word) => text.includes(word));
      option.hidden = !fits;
      if (fits) shown += 1;
    }
    none.hidden = shown > 0;
  });
  search.addEventListener("keydown", (event) => {
    // Enter looks; it does not send.
    if (event.key === "Enter") event.preventDefault();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "item") price.value = event.target.dataset.amount ?? "";
  });
})();
