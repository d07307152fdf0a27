// The menu editor: order by pointer and by keyboard, prices and switches without
// loading the page again, so that nothing typed is lost.
"use strict";

(() => {
  const editor = document.querySelector("[data-order-url]");

  // The photo that was chosen, before it is saved.
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.type !== "file") return;
    if (field.name !== "photo") return;
    const file = field.files[0];
    let preview = document.querySelector(".photo-preview");
    if (!file) {
      if (preview) preview.remove();
      return;
    }
    if (!preview) {
      preview = document.createElement("img");
      preview.className = "photo-preview";
      const name = document.querySelector("[name=name]");
      preview.alt = name ? name.value : "";
      (field.closest(".field-photo") || field.parentElement).append(preview);
    } else {
      URL.revokeObjectURL(preview.src);
    }
    preview.src = URL.createObjectURL(file);
  });

  if (!editor) return;
  const status = editor.querySelector(".menu-status");
  const said = editor.dataset;
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  let hiding = 0;

  function say(text, isWrong) {
    clearTimeout(hiding);
    status.textContent = text;
    status.hidden = false;
    status.classList.toggle("is-wrong", Boolean(isWrong));
    if (!isWrong) hiding = setTimeout(() => { status.hidden = true; }, 6000);
  }

  async function post(url, body) {
    const answer = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "X-CSRFToken": token() },
      body,
    });
    const isJson = (answer.headers.get("content-type") || "").includes("json");
    const content = isJson ? await answer.json() : {};
    return { isDone: answer.ok && isJson, content };
  }

  // ---- Order -----------------------------------------------------------------

  const listsOf = (list) => {
    if (list.dataset.order === "sections") return [list];
    return [...list.closest("[data-menu]").querySelectorAll("ol[data-order=items]")];
  };
  const keysOf = (list) => [...list.children].map((row) => row.dataset.pk).join(",");
  const fill = (text, words) =>
    text.replace(/%\((\w+)\)s/g, (_all, name) => words[name]);

  function place(row) {
    const list = row.parentElement;
    return {
      name: row.dataset.name,
      place: [...list.children].indexOf(row) + 1,
      count: list.children.length,
      section: list.dataset.name,
    };
  }

  // One at a time, in the order in which they were asked for.
  let last = Promise.resolve();

  function save(row, from) {
    const list = row.parentElement;
    const words = place(row);
    const isMoved = from.list !== list;
    const body = new FormData();
    body.set("kind", list.dataset.order);
    body.set("parent", list.dataset.parent);
    body.set("keys", keysOf(list));
    say(fill(isMoved ? said.saidSection : said.saidPlace, words));
    if (list.dataset.order === "sections") arrangeSections(list);
    last = last.then(async () => {
      let answer;
      try {
        answer = await post(editor.dataset.orderUrl, body);
      } catch {
        answer = { isDone: false, content: {} };
      }
      if (answer.isDone) return;
      putBack(row, from);
      if (list.dataset.order === "sections") arrangeSections(list);
      say(answer.content.message || said.saidFailed, true);
    });
    showSaves(list, from.list);
  }

  function arrangeSections(list) {
    const menu = list.closest("[data-menu]");
    const ending = [...menu.children].at(-1);
    for (const row of list.children) {
      menu.insertBefore(document.getElementById(`section-${row.dataset.pk}`), ending);
    }
  }

  function showSaves(...lists) {
    for (const list of lists) {
      const line = list.parentElement.querySelector(".menu-save");
      if (line) line.hidden = !list.children.length;
    }
  }

  const whereIs = (row) => ({ list: row.parentElement, next: row.nextElementSibling });

  function putBack(row, from) {
    const isThere = from.next && from.next.parentElement === from.list;
    from.list.insertBefore(row, isThere ? from.next : null);
    showSaves(from.list);
  }

  function move(button) {
    const row = button.closest("li");
    const from = whereIs(row);
    const isUp = button.dataset.move === "up";
    const beside = isUp ? row.previousElementSibling : row.nextElementSibling;
    if (!beside) {
      say(fill(said.saidPlace, place(row)));
      return;
    }
    from.list.insertBefore(row, isUp ? beside : beside.nextElementSibling);
    button.focus();
    row.scrollIntoView({ block: "nearest" });
    save(row, from);
  }

  function askSection(button) {
    const row = button.closest("li");
    const menu = button.closest("[data-menu]");
    const select = menu
      .querySelector("template[data-sections]")
      .content.querySelector("select")
      .cloneNode(true);
    const own = row.parentElement.dataset.parent;
    select.querySelector(`[value="${own}"]`).remove();
    let isOver = false;
    const close = () => {
      // Taking it away takes the focus from it, and that would close it again.
      isOver = true;
      select.remove();
      button.hidden = false;
    };
    // By keyboard the arrows pass over sections that are not meant.
    const choose = () => {
      if (!select.value || isOver) return;
      const target = menu.querySelector(
        `ol[data-order=items][data-parent="${select.value}"]`,
      );
      const from = whereIs(row);
      close();
      target.append(row);
      row.scrollIntoView({ block: "nearest" });
      button.focus();
      save(row, from);
    };
    let isByKey = false;
    select.addEventListener("keydown", (event) => {
      isByKey = true;
      if (event.key === "Enter") {
        event.preventDefault();
        choose();
      }
      if (event.key === "Escape") {
        close();
        button.focus();
      }
    });
    select.addEventListener("pointerdown", () => { isByKey = false; });
    select.addEventListener("change", () => { if (!isByKey) choose(); });
    select.addEventListener("blur", () => {
      if (isByKey) choose();
      if (!isOver) close();
    });
    button.hidden = true;
    button.after(select);
    select.focus();
  }

  editor.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    if (button.dataset.move === "to") askSection(button);
    else move(button);
  });

  let drag = null;

  editor.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".menu-grip");
    if (!grip || event.button !== 0 || drag) return;
    event.preventDefault();
    const row = grip.closest("li");
    drag = { row, grip, from: whereIs(row), lists: listsOf(row.parentElement), y: 0 };
    row.classList.add("is-moving");
    grip.setPointerCapture(event.pointerId);
    drag.timer = setInterval(scroll, 30);
    drag.x = event.clientX;
    drag.y = event.clientY;
  });

  function scroll() {
    const edge = 70;
    const below = drag.y - (window.innerHeight - edge);
    const step = drag.y < edge ? drag.y - edge : Math.max(below, 0);
    if (step) {
      window.scrollBy(0, step / 3);
      hover();
    }
  }

  function hover() {
    const under = document.elementFromPoint(drag.x, drag.y);
    const list = under && drag.lists.find((one) => one.contains(under));
    if (!list) return;
    const row = under.closest("li");
    if (row === drag.row) return;
    if (!row) {
      if (!list.children.length) list.append(drag.row);
      return;
    }
    const box = row.getBoundingClientRect();
    // Half of the row passed: a taller one would else jump back and forth.
    const isBelow = drag.y > box.top + box.height / 2;
    list.insertBefore(drag.row, isBelow ? row.nextElementSibling : row);
  }

  editor.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.x = event.clientX;
    drag.y = event.clientY;
    hover();
  });

  function drop(isKept) {
    if (!drag) return;
    const { row, from, timer } = drag;
    clearInterval(timer);
    row.classList.remove("is-moving");
    drag = null;
    const now = whereIs(row);
    const isSame = now.list === from.list && now.next === from.next;
    if (!isKept) putBack(row, from);
    else if (!isSame) save(row, from);
  }

  editor.addEventListener("pointerup", () => drop(true));
  editor.addEventListener("pointercancel", () => drop(false));
  // Taking a row out of its place ends the capture: it is taken again.
  editor.addEventListener("lostpointercapture", (event) => {
    if (drag) drag.grip.setPointerCapture(event.pointerId);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") drop(false);
  });

  // ---- Prices and switches ---------------------------------------------------

  const was = (field) => field.parentElement.querySelector("[type=hidden]");
  const isChanged = (field) => field.value.trim() !== was(field).value;
  const fieldsOf = (form) => [...form.querySelectorAll("[name^=price-]")];

  editor.addEventListener("input", (event) => {
    const cell = event.target.closest(".menu-price");
    if (cell) cell.classList.toggle("is-changed", isChanged(event.target));
  });

  function showErrors(form, errors) {
    for (const field of fieldsOf(form)) {
      const key = field.name.slice("price-".length);
      const line = document.getElementById(`error-${key}`);
      line.textContent = errors[key] || "";
      if (errors[key]) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", line.id);
      } else {
        field.removeAttribute("aria-invalid");
        field.removeAttribute("aria-describedby");
      }
    }
    const first = form.querySelector("[aria-invalid]");
    if (first) first.focus();
  }

  async function savePrices(form) {
    const sent = fieldsOf(form).map((field) => [field, field.value]);
    const { isDone, content } = await post(form.action, new FormData(form));
    showErrors(form, content.errors || {});
    say(content.message || said.saidFailed, !isDone);
    if (!isDone) return;
    for (const [field, value] of sent) {
      was(field).value = value;
      field.parentElement.classList.toggle("is-changed", isChanged(field));
    }
  }

  async function flip(button, form) {
    const body = new FormData(form);
    body.set(button.name, button.value);
    const { isDone, content } = await post(form.action, body);
    say(content.message || said.saidFailed, !isDone);
    if (!isDone) return;
    const isShown = button.name === "show";
    button.name = isShown ? "hide" : "show";
    button.setAttribute("aria-checked", String(isShown));
    button.closest("li").classList.toggle("is-hidden", !isShown);
  }

  const failed = () => say(said.saidFailed, true);

  editor.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(".menu-prices")) {
      event.preventDefault();
      savePrices(form).catch(failed);
    } else if (event.submitter && event.submitter.matches(".menu-switch")) {
      event.preventDefault();
      flip(event.submitter, form).catch(failed);
    }
  });

  window.addEventListener("beforeunload", (event) => {
    const fields = [...editor.querySelectorAll("[name^=price-]")];
    if (fields.some(isChanged)) event.preventDefault();
  });

  // After something was added the next one can be typed at once.
  const next = document.getElementById(location.hash.slice(1));
  if (next instanceof HTMLInputElement) next.focus();
})();
