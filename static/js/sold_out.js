// Filters what is sold out while one types, and switches without loading the page anew.
(() => {
  const form = document.getElementById("sold-out-form");
  const list = document.getElementById("sold-out-list");
  const said = document.getElementById("sold-out-said");
  const search = document.getElementById("q");
  if (!form || !list || !search) return;

  // Without accents and case, as people type in a hurry.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  // What the server has left out of the page cannot be shown again by the script.
  const asked = search.value.trim();
  const filter = () => {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of list.querySelectorAll(".sold-out-row")) {
      const text = plain(row.dataset.find);
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    list.querySelector("#sold-out-none").hidden = shown > 0 || !words.length;
  };
  search.addEventListener("input", filter);
  search.form.addEventListener("submit", (event) => {
    if (asked) return;
    event.preventDefault();
    filter();
  });

  const say = (message, isProblem) => {
    said.textContent = message;
    said.classList.toggle("is-problem", isProblem);
  };
  const refresh = async (focus) => {
    const answer = await fetch(location.href, { redirect: "error" });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.getElementById("sold-out-list").childNodes);
    filter();
    document.getElementById(focus)?.querySelector("button")?.focus({ preventScroll: true });
  };
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.formAction) return;
    event.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    try {
      const answer = await fetch(button.formAction, {
        method: "POST",
        body: new FormData(form, button),
        headers: { "X-Requested-With": "fetch" },
        redirect: "error",
      });
      const told = await answer.json();
      say(told.message, !told.ok);
      await refresh(button.closest("li")?.id);
    } catch {
      say(said.dataset.failed, true);
    } finally {
      form.ariaBusy = "false";
    }
  });
  filter();
})();
