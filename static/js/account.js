"use strict";
// The browser knows its time zone: a new account gets it, a profile is offered it.
(() => {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const hidden = document.querySelector("[data-time-zone] input[name=time_zone]");
  if (hidden && !hidden.value) {
    hidden.value = name;
  }
  const form = document.querySelector("[data-zone-hint]");
  const select = form?.querySelector("select[name=time_zone]");
  const known = select && Array.from(select.options).some((option) => option.value === name);
  if (!known || select.value === name) {
    return;
  }
  const offer = form.querySelector("[data-zone-offer]");
  offer.querySelector("[data-zone-name]").textContent = name.replaceAll("_", " ");
  offer.querySelector("[data-zone-use]").addEventListener("click", () => {
    select.value = name;
    offer.hidden = true;
    select.focus();
  });
  offer.hidden = false;
})();
