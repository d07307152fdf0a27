"use strict";
// What is shown is about to change by itself; look again once it has.
for (const box of document.querySelectorAll("[data-reload-in]"))
  setTimeout(() => location.reload(), Number(box.dataset.reloadIn) * 1000);
