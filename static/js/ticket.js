"use strict";
// Printing is claimed before it is done, so that every further copy says DUPLICATE.
(() => {
  const form = document.querySelector("form.tools");
  // Shown inside the board, which has claimed it and prints it.
  if (!form || window !== window.top) return;
  let isClaimed = "claimed" in form.dataset;

  const claim = () =>
    fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { Accept: "application/json" },
      keepalive: true,
    });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await (await claim()).json();
      for (const mark of document.querySelectorAll(".duplicate")) {
        mark.hidden = !answer.is_duplicate && !mark.dataset.always;
      }
      isClaimed = true;
      window.print();
    } catch {
      form.submit();
    }
    button.disabled = false;
  });
  // The browser's own menu prints too.
  addEventListener("beforeprint", () => {
    if (!isClaimed) claim().catch(() => {});
    isClaimed = false;
  });
})();
