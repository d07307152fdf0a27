"use strict";
// For who is signed in: signing out ends this browser's news, and the menu in the header
// closes as menus do; without this it opens and closes by itself.
(() => {
  // Who uses the browser next must not be shown what is meant for who leaves.
  const endNews = async () => {
    const worker = await navigator.serviceWorker?.getRegistration();
    const known = await worker?.pushManager?.getSubscription();
    await known?.unsubscribe();
  };
  const patience = () => new Promise((done) => setTimeout(done, 2000));
  for (const form of document.querySelectorAll('form[action$="/sign-out/"]')) {
    const leave = async (event) => {
      event.preventDefault();
      await Promise.race([endNews().catch(() => {}), patience()]);
      form.submit();
    };
    form.addEventListener("submit", leave, { once: true });
  }

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
