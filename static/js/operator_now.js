"use strict";
// Keeps the operators' figures fresh, without a reload and without taking the focus away.
(() => {
  const figures = document.getElementById("op-now");
  if (!figures) return;
  const TEN_SECONDS = 10_000;

  const isBusy = () => figures.contains(document.activeElement);
  const refresh = async () => {
    if (!document.hidden && !isBusy()) {
      try {
        const answer = await fetch(figures.dataset.refresh, { redirect: "error" });
        const html = await answer.text();
        if (answer.ok && !isBusy()) figures.innerHTML = html;
      } catch {
        // The network is away for a moment; the next round tries again.
      }
    }
    setTimeout(refresh, TEN_SECONDS);
  };
  setTimeout(refresh, TEN_SECONDS);
})();
