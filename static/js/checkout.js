"use strict";

// The checkout without this works all the same: one order for two clicks is the server's
// doing, and amounts follow a press of "Update".
(() => {
  const form = document.querySelector("[data-checkout]");
  if (!form) return;
  let isOrdering = false;

  const placeButton = () => form.querySelector("[data-place]");

  form.addEventListener("submit", (event) => {
    if (isOrdering) {
      event.preventDefault();
      return;
    }
    const button = event.submitter;
    if (!button || !button.matches("[data-place]")) return;
    isOrdering = true;
    // After the form's values were read: what is disabled is not sent.
    setTimeout(() => {
      button.disabled = true;
      button.dataset.words = button.textContent;
      button.textContent = button.dataset.busy;
    });
  });

  // Back to this page as it was left: it can be sent again.
  window.addEventListener("pageshow", () => {
    isOrdering = false;
    const button = placeButton();
    if (!button || !button.disabled) return;
    button.disabled = false;
    if (button.dataset.words) button.textContent = button.dataset.words;
  });

  // Not ordered by amounts that are just being asked for.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (isOrdering) event.detail.shouldSwap = false;
  });

  // What is shown is as it was before: not to be mistaken for the answer.
  const failed = document.querySelector("[data-failed]");
  const fail = () => {
    failed.hidden = false;
    failed.textContent = failed.dataset.text;
  };
  document.body.addEventListener("htmx:responseError", fail);
  document.body.addEventListener("htmx:sendError", fail);
  document.body.addEventListener("htmx:afterSwap", () => {
    failed.hidden = true;
    failed.textContent = "";
  });

  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-tip-amount]")) return;
    const own = form.querySelector("[data-own-tip]");
    if (own && event.target.value) own.checked = true;
  });

  form.addEventListener(
    "change",
    (event) => {
      if (event.target.name !== "tip_choice") return;
      const amount = form.querySelector("[data-tip-amount]");
      if (!event.target.matches("[data-own-tip]")) amount.value = "";
      else amount.focus();
    },
    true,
  );
})();
