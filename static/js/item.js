// An item's form, in a dialog or on its own page, and the cart beside it.
// Prices shown here are for the eye: the server counts again.
"use strict";

(() => {
  document.documentElement.classList.add("has-script");
  const said = document.getElementById("cart-said");
  const dialog = document.getElementById("dish-dialog");

  const fill = (text, values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const language = document.documentElement.lang || "en";
  const money = (cents, currency) => {
    const format = new Intl.NumberFormat(language === "en" ? "en-US" : language, { style: "currency", currency });
    const text = format.format(cents / 100);
    // As the server writes it: among letters from right to left "US$" would come apart.
    return text.startsWith("\u200f") ? `\u2066${text.slice(1)}\u2069` : text;
  };
  const cents = (text) => Math.round(Number.parseFloat(text || "0") * 100);

  // Whether a field counts: not within what another choice asks for that is not made.
  const counts = (input) => !input.closest("[data-nested][hidden]");

  const showNested = (form) => {
    for (const nested of form.querySelectorAll("[data-nested]")) {
      const parent = form.querySelector(`input[value="${nested.dataset.nested}"]`);
      const isWanted = Boolean(parent && parent.checked);
      nested.hidden = !isWanted;
      for (const input of nested.querySelectorAll("input")) {
        input.disabled = !isWanted || "soldOut" in input.dataset;
      }
    }
  };

  const own = (group) =>
    [...group.querySelectorAll("input")].filter((input) => input.closest("[data-group]") === group);

  const checkGroup = (form, group) => {
    const inputs = own(group);
    const chosen = inputs.filter((input) => input.checked && input.value).length;
    const most = Number(group.dataset.most);
    if (most > 1) {
      const isFull = chosen >= most;
      for (const input of inputs) {
        if (input.type !== "checkbox" || "soldOut" in input.dataset || !counts(input)) continue;
        input.disabled = isFull && !input.checked;
      }
      group.querySelector(":scope > [data-full]").hidden = !isFull || chosen === inputs.length;
      const words = group.querySelector(":scope > .choice-rule [data-said]");
      words.textContent = fill(form.dataset.textChosen, { count: chosen, most });
    }
    return chosen >= Number(group.dataset.least);
  };

  const quantityOf = (form) => {
    const number = Number.parseInt(form.elements.quantity.value, 10);
    return Math.min(99, Math.max(1, number || 1));
  };

  const update = (form) => {
    showNested(form);
    const missing = [...form.querySelectorAll("[data-group]")].filter(
      (group) => !checkGroup(form, group) && !group.closest("[data-nested][hidden]"),
    );
    const chosen = [...form.querySelectorAll("[data-price]")].filter(
      (input) => input.checked && counts(input),
    );
    const unit = chosen.reduce((sum, input) => sum + cents(input.dataset.price), cents(form.dataset.price));
    const count = quantityOf(form);
    const button = form.querySelector("[data-add]");
    button.textContent = fill(form.dataset.textAdd, {
      count,
      amount: money(Math.max(0, unit) * count, form.dataset.currency),
    });
    const why = form.querySelector("[data-missing]");
    why.hidden = !missing.length;
    button.toggleAttribute("aria-disabled", false);
    if (missing.length) {
      why.textContent = fill(form.dataset.textMissing, { group: missing[0].dataset.name });
      button.setAttribute("aria-disabled", "true");
      button.setAttribute("aria-describedby", why.id);
    } else {
      button.removeAttribute("aria-describedby");
    }
    const box = form.querySelector("[data-warnings]");
    const warnings = chosen.map((input) => input.dataset.warning).filter(Boolean);
    // Said once, not again with every other choice.
    if (box.dataset.now !== warnings.join("\n")) {
      box.dataset.now = warnings.join("\n");
      box.replaceChildren(
        ...warnings.map((words) => {
          const line = document.createElement("p");
          line.textContent = `⚠ ${words}`;
          return line;
        }),
      );
    }
    return missing;
  };

  const countNote = (form) => {
    const place = form.querySelector("[data-note-count]");
    place.textContent = fill(place.dataset.text, { count: form.elements.note.value.length });
  };

  const start = (root) => {
    const form = root.querySelector("[data-dish-form]");
    if (!form) return;
    form.noValidate = true;
    for (const button of form.querySelectorAll("[data-step]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const wanted = quantityOf(form) + Number(button.dataset.step);
        form.elements.quantity.value = Math.min(99, Math.max(1, wanted));
        update(form);
      });
    }
    form.addEventListener("input", (event) => {
      if (event.target === form.elements.note) countNote(form);
      else update(form);
    });
    form.addEventListener("change", () => update(form));
    // Before htmx hears of it.
    form.addEventListener(
      "submit",
      (event) => {
        const missing = update(form);
        if (!missing.length) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const first = own(missing[0]).find((input) => !input.disabled);
        if (first) first.focus();
        missing[0].scrollIntoView({ block: "nearest" });
      },
      { capture: true },
    );
    countNote(form);
    update(form);
  };

  if (!dialog) {
    start(document);
    return;
  }

  // The dialog and the cart: answers of the server are put into the page by htmx.
  let quiet = 0;
  const hush = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => said.replaceChildren(), 6000);
  };
  const fail = () => {
    const words = document.createElement("span");
    words.textContent = said.dataset.textFailed;
    said.replaceChildren(words);
    hush();
  };

  // An answer replaces the cart with its buttons, and htmx drops what those asked
  // meanwhile: steps taken before it comes wait, and go together. Each by the button
  // that takes away, which is never disabled.
  const steps = new Map();
  const isAsking = () => Boolean(document.querySelector("#cart .htmx-request"));
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("[data-cart-step]");
      if (!button || !isAsking()) return;
      event.preventDefault();
      event.stopPropagation();
      const name = button.dataset.cartStep;
      steps.set(name, (steps.get(name) || 0) + Number(button.value));
    },
    { capture: true },
  );
  document.addEventListener("htmx:afterSettle", () => {
    const [name, step] = steps.entries().next().value || [];
    if (!name || isAsking()) return;
    steps.delete(name);
    const button = document.getElementById(name);
    if (!button || !step) return;
    button.value = step;
    button.click();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) steps.clear();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    // Refused, or asked back: the answer says why and keeps what was typed.
    if ([409, 422].includes(event.detail.xhr.status)) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("htmx:responseError", fail);
  document.addEventListener("htmx:sendError", fail);

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "dish") {
      start(dialog);
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
      const error = dialog.querySelector("[data-error]");
      if (error) error.focus();
    }
  });
  document.addEventListener("cart-changed", () => {
    if (dialog.open) dialog.close();
    hush();
    // What had the focus may be gone with its line.
    requestAnimationFrame(() => {
      const cart = document.getElementById("cart");
      if (document.activeElement === document.body && cart.offsetParent) {
        cart.focus({ preventScroll: true });
      }
    });
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-dialog-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => document.getElementById("dish").replaceChildren());
})();
