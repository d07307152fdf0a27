"use strict";
// The address is still that of the page somebody wanted. A network that is back need not
// lead anywhere yet, so the site itself is asked.
(() => {
  const SECONDS = 3;
  const look = async () => {
    try {
      await fetch(location.href, { method: "HEAD", cache: "no-store" });
      location.reload();
    } catch {
      // Still offline: the next turn tries again.
    }
  };
  addEventListener("online", look);
  setInterval(look, SECONDS * 1000);
})();
