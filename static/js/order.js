"use strict";
(() => {
  const box = document.querySelector("[data-poll]");
  if (!box) return;
  let last = "";
  const poll = async () => {
    try {
      const answer = await fetch(box.dataset.poll, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        const text = await answer.text();
        // Only a change is written, so that screen readers are not told every time.
        const told = text.replace(/\d\d:\d\d:\d\d/, "");
        if (told !== last) {
          box.innerHTML = text;
          // Once it has moved, it can no longer be cancelled.
          if (last) document.querySelector("[data-while-open]")?.remove();
        }
        last = told;
        const stamp = text.match(/[^>]*\d\d:\d\d:\d\d[^<]*/);
        const shown = [...box.querySelectorAll("p.muted")].pop();
        if (stamp && shown) {
          shown.setAttribute("aria-live", "off");
          shown.textContent = stamp[0];
        }
      }
    } catch { /* Offline: the next round tries again. */ }
    if (!box.querySelector("[data-ended]")) setTimeout(poll, 4000);
  };
  if (!box.querySelector("[data-ended]")) setTimeout(poll, 4000);
})();
