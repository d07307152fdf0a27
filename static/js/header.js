"use strict";
// The menu in the header closes as menus do; without this it opens and closes by itself.
(() => {
  const menu = document.querySelector("details.account");
  if (!menu) return;
  const summary = menu.querySelector("summary");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    summary.focus();
  });
  const closeOutside = (target) => {
    if (menu.open && target && !menu.contains(target)) menu.open = false;
  };
  document.addEventListener("pointerdown", (event) => closeOutside(event.target));
  menu.addEventListener("focusout", (event) => closeOutside(event.relatedTarget));
})();
