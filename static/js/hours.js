// Opening hours, delivery terms and preparation times: rows to add and remove, a
// preview while typing, help with the grid. The pages work without it too.
"use strict";

(() => {
  for (const element of document.querySelectorAll(".hours [data-js]")) {
    if (!element.matches("[data-closed-note]")) element.hidden = false;
  }

  const inputsOf = (row) => [...row.querySelectorAll("input")];
  const rowsOf = (place) => [...place.querySelectorAll("[data-row]")];
  const isEmpty = (row) => inputsOf(row).every((input) => !input.value && !input.validity.badInput);

  const clear = (row) => {
    for (const input of inputsOf(row)) {
      input.value = "";
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
    for (const error of row.querySelectorAll(".error")) error.remove();
    return row;
  };

  // The preview of a form that is not saved: asked for when typing pauses.
  const watch = (form, show) => {
    const place = document.querySelector("[data-preview]");
    let timer = 0;
    let latest = 0;
    const ask = async () => {
      const turn = ++latest;
      try {
        const answer = await fetch(form.dataset.previewUrl, {
          method: "POST",
          body: new FormData(form),
          credentials: "same-origin",
        });
        // An earlier question may be answered later.
        if (!answer.ok || answer.redirected || turn !== latest) return;
        place.innerHTML = await answer.text();
        show(place);
      } catch {
        // Saving still says what is wrong.
      }
    };
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 300);
    };
    form.addEventListener("input", changed);
    return changed;
  };

  const leaveWarning = (form) => {
    let isChanged = false;
    form.addEventListener("input", () => {
      isChanged = true;
    });
    form.addEventListener("submit", () => {
      isChanged = false;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isChanged) event.preventDefault();
    });
    return () => {
      isChanged = true;
    };
  };

  const week = document.querySelector("[data-week]");
  if (week) {
    const most = Number(week.dataset.most);
    const status = week.querySelector("[data-status]");
    const pattern = clear(week.querySelector("[data-row]").cloneNode(true));
    const ask = watch(week, (place) => {
      for (const template of place.querySelectorAll("template[data-bar-of]")) {
        const bar = week.querySelector(`[data-day="${template.dataset.barOf}"] [data-bar]`);
        bar.replaceChildren(template.content.cloneNode(true));
        template.remove();
      }
    });
    const touched = leaveWarning(week);
    const days = [...week.querySelectorAll("[data-day]")];
    const placeOf = (day) => day.querySelector("[data-rows]");
    const settle = (day) => {
      const count = rowsOf(day).length;
      day.querySelector("[data-closed-note]").hidden = count > 0;
      day.querySelector("[data-add]").disabled = count >= most;
    };
    const changed = (day) => {
      settle(day);
      touched();
      ask();
    };
    const addRow = (day, values = ["", ""]) => {
      const row = pattern.cloneNode(true);
      const name = day.querySelector("legend").textContent.trim();
      const from = days[0].querySelector("legend").textContent.trim();
      inputsOf(row).forEach((input, index) => {
        input.name = `${index ? "closes" : "opens"}-${day.dataset.day}`;
        input.value = values[index];
      });
      for (const labelled of row.querySelectorAll("[aria-label]")) {
        const label = labelled.getAttribute("aria-label");
        labelled.setAttribute("aria-label", label.replace(from, name));
      }
      placeOf(day).append(row);
      return row;
    };
    for (const day of days) {
      rowsOf(day).filter(isEmpty).forEach((row) => row.remove());
      settle(day);
    }
    week.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      const day = event.target.closest("[data-day]");
      if (!button || !day) return;
      if (button.matches("[data-add]")) {
        inputsOf(addRow(day))[0].focus();
        settle(day);
      } else if (button.matches("[data-remove]")) {
        button.closest("[data-row]").remove();
        changed(day);
        day.querySelector("[data-add]").focus();
      } else if (button.matches("[data-close]")) {
        rowsOf(day).forEach((row) => row.remove());
        changed(day);
      } else if (button.matches("[data-copy]")) {
        const times = rowsOf(day).map((row) => inputsOf(row).map((input) => input.value));
        for (const other of days.filter((one) => one !== day)) {
          rowsOf(other).forEach((row) => row.remove());
          times.forEach((values) => addRow(other, values));
          settle(other);
        }
        status.textContent = status.dataset.copied;
        changed(day);
      }
    });
  }

  const terms = document.querySelector("[data-terms]");
  if (terms) {
    const steps = terms.querySelector("[data-steps]");
    const place = steps.querySelector("[data-rows]");
    const pattern = clear(place.querySelector("[data-row]").cloneNode(true));
    const ask = watch(terms, () => {});
    const touched = leaveWarning(terms);
    const add = steps.querySelector("[data-add]");
    const settle = () => {
      add.disabled = rowsOf(place).length >= Number(terms.dataset.most);
    };
    rowsOf(place).filter(isEmpty).forEach((row) => row.remove());
    settle();
    steps.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button === add) {
        const row = pattern.cloneNode(true);
        place.append(row);
        inputsOf(row)[0].focus();
      } else if (button.matches("[data-remove]")) {
        button.closest("[data-row]").remove();
        add.focus();
        touched();
        ask();
        terms.dispatchEvent(new CustomEvent("steps"));
      }
      settle();
    });
  }

  const grid = document.querySelector("[data-preparation]");
  if (grid) {
    const touched = leaveWarning(grid);
    const status = grid.querySelector("[data-status]");
    const cell = (hour, day) => grid.querySelector(`[data-hour="${hour}"][data-weekday="${day}"]`);
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-1, 0], PageDown: [1, 0] };
    grid.addEventListener("keydown", (event) => {
      if (!(event.key in steps) || !event.target.matches("[data-hour]")) return;
      const [down, right] = steps[event.key];
      let hour = Number(event.target.dataset.hour) + down;
      let day = Number(event.target.dataset.weekday) + right;
      while (hour >= 0 && hour < 24 && day >= 0 && day < 7 && !cell(hour, day)) {
        hour += down;
        day += right;
      }
      event.preventDefault();
      const next = cell(hour, day);
      if (next) {
        next.focus();
        next.select();
      }
    });
    const fill = grid.querySelector("[data-fill]");
    // What stands in the helper is no change of the grid, and Enter there saves nothing.
    fill.addEventListener("input", (event) => event.stopPropagation());
    const run = () => {
      const number = (name) => Number(fill.querySelector(`[data-fill-${name}]`).value);
      for (const tick of fill.querySelectorAll("[data-fill-day]:checked")) {
        for (let hour = number("from"); hour < number("to"); hour += 1) {
          const input = cell(hour, tick.value);
          if (input) input.value = number("minutes");
        }
      }
      touched();
      status.textContent = status.dataset.filled;
    };
    fill.querySelector("[data-fill-do]").addEventListener("click", run);
    fill.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input")) {
        event.preventDefault();
        run();
      }
    });
  }
})();
