"use strict";
(() => {
  const box = document.querySelector("[data-poll]");
  if (!box) return;
  let last = "";
  const firstTotal = box.querySelector("[data-total]")?.dataset.total;
  const poll = async () => {
    try {
      const answer = await fetch(box.dataset.poll, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        const text = await answer.text();
        const fresh = document.createElement("template");
        fresh.innerHTML = text;
        const stamp = fresh.content.querySelector("[data-updated]")?.textContent;
        // Only a change is written, so that screen readers are not told every time.
        const told = stamp ? text.replace(stamp, "") : text;
        if (told !== last) box.innerHTML = text;
        // Once it has moved, it can no longer be cancelled.
        if (!box.querySelector("[data-status=placed]"))
          document.querySelector("[data-while-open]")?.remove();
        // What it comes to stands outside of the box: an answer given elsewhere moved it.
        const total = box.querySelector("[data-total]")?.dataset.total;
        if (total !== firstTotal) location.reload();
        last = told;
        const shown = box.querySelector("[data-updated]");
        if (stamp && shown) shown.textContent = stamp;
      }
    } catch { /* Offline: the next round tries again. */ }
    if (!box.querySelector("[data-ended]")) setTimeout(poll, 4000);
  };
  if (!box.querySelector("[data-ended]")) setTimeout(poll, 4000);
})();
