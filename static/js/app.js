"use strict";
// Lets the site be installed, and be told news while it is closed.
if ("serviceWorker" in navigator) {
  addEventListener("load", () => {
    const { worker } = document.documentElement.dataset;
    navigator.serviceWorker.register(worker, { scope: "/" }).catch(() => {});
  });
}
