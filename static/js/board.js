"use strict";
// The order board: fetches the cards whenever something rings and every few seconds,
// changes only what has changed, sounds the alarm, and never pretends to be up to date.
(() => {
  const board = document.getElementById("board");
  if (!board) return;
  const $ = (id) => document.getElementById(id);
  const texts = JSON.parse($("board-texts").textContent);
  const cardsPlace = $("board-cards");
  const title = document.title;
  const SECOND = 1_000;
  const POLL = 10 * SECOND;
  const POLL_ALONE = 5 * SECOND;
  const PATIENCE = 8 * SECOND;
  const STALE = 20;
  const ALARM = 4 * SECOND;
  const PRINTS_SINCE = "tiffin-board-prints-since";

  const say = (text, values = {}) =>
    text.replace(/%\((\w+)\)(0\d)?[ds]/g, (_all, name, width) =>
      String(values[name]).padStart(width ? Number(width) : 0, "0"),
    );
  const announce = (text) => {
    $("board-said").textContent = text;
  };

  // ---- The server's clock: tablets' own are wrong.
  let ahead = Number(board.dataset.now) * SECOND - Date.now();
  const now = () => Date.now() + ahead;
  const span = (minutes) => {
    const rest = { hours: Math.floor(minutes / 60), minutes: minutes % 60 };
    return say(rest.hours ? texts.hours : texts.minutes, rest);
  };
  const tickClocks = () => {
    for (const left of board.querySelectorAll("[data-until]")) {
      const seconds = Number(left.dataset.until) - now() / SECOND;
      const late = Math.floor(-seconds / 60);
      let text = say(texts.left, { span: span(Math.ceil(seconds / 60)) });
      if (seconds <= 0) text = late ? say(texts.late, { span: span(late) }) : texts.due;
      write(left.querySelector("[data-clock]"), text);
      left.classList.toggle("is-late", seconds <= -60);
    }
    for (const pending of board.querySelectorAll("[data-pending]")) {
      const seconds = Math.ceil(Number(pending.dataset.pending) - now() / SECOND);
      const text = seconds > 0 ? say(texts.seconds, { seconds }) : texts.telling;
      write(pending.querySelector("[data-clock]"), text);
      pending.querySelector("button").hidden = seconds <= 0;
    }
  };
  const write = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };

  // ---- Is what is shown true?
  let updatedAt = Date.now();
  let isOffline = false;
  let isSignedOut = false;
  const tickState = () => {
    const seconds = Math.floor((Date.now() - updatedAt) / SECOND);
    const was = isOffline;
    isOffline = seconds >= STALE || (!navigator.onLine && hasFailed);
    $("board-bar").classList.toggle("is-offline", isOffline || isSignedOut);
    write($("board-live"), isOffline ? texts.offline : texts.live);
    const text = isOffline ? texts.offline_since : texts.updated;
    write($("board-updated"), isSignedOut ? "" : say(text, { seconds }));
    if (isOffline && !was) announce(texts.offline);
  };
  const signedOut = () => {
    if (isSignedOut) return;
    isSignedOut = true;
    const link = document.createElement("a");
    link.href = board.dataset.login;
    link.textContent = texts.sign_in;
    $("board-alerts").replaceChildren(texts.signed_out, link);
    tickState();
  };

  // ---- Fetching the cards.
  let version = board.dataset.version;
  let isFetching = false;
  let isWanted = false;
  let hasFailed = false;
  let isStreaming = false;
  let timer = null;

  const ask = async (url, options = {}) => {
    const ending = AbortSignal.timeout(PATIENCE);
    return fetch(url, { redirect: "manual", cache: "no-store", signal: ending, ...options });
  };
  const refresh = async ({ whole = false } = {}) => {
    if (whole) version = "";
    if (isFetching) {
      isWanted = true;
      return;
    }
    isFetching = true;
    clearTimeout(timer);
    try {
      do {
        isWanted = false;
        await look();
      } while (isWanted);
      hasFailed = false;
    } catch {
      hasFailed = true;
    } finally {
      isFetching = false;
      timer = setTimeout(refresh, isStreaming && !hasFailed ? POLL : POLL_ALONE);
      tickState();
    }
  };
  const look = async () => {
    const response = await ask(board.dataset.cards, {
      headers: version ? { "If-None-Match": `W/"${version}"` } : {},
    });
    if (response.type === "opaqueredirect" || response.status === 403) return signedOut();
    if (!response.ok && response.status !== 304) throw new Error(response.status);
    const html = response.status === 304 ? "" : await response.text();
    ahead = Number(response.headers.get("X-Board-Now")) - Date.now();
    updatedAt = Date.now();
    if (isSignedOut) {
      isSignedOut = false;
      $("board-alerts").replaceChildren();
    }
    if (html) {
      version = (response.headers.get("ETag") || "").replace(/^W\/|"/g, "");
      show(html);
    }
    tickClocks();
  };

  // ---- Putting them in place, one by one.
  const FOCUSABLE = "a, button, input, select, textarea, summary";
  const known = new Map();
  // Equal means nothing to see has changed: tokens and minutes differ every time.
  const plain = (element) => {
    const copy = element.cloneNode(true);
    for (const token of copy.querySelectorAll("[name=csrfmiddlewaretoken]")) token.remove();
    for (const clock of copy.querySelectorAll("[data-clock]")) clock.textContent = "";
    for (const late of copy.querySelectorAll(".is-late")) late.classList.remove("is-late");
    return copy.outerHTML;
  };
  const keyOf = (element) =>
    [
      element.tagName,
      element.closest("form")?.getAttribute("action") ?? element.getAttribute("href") ?? "",
      element.tagName === "SUMMARY" ? foldOf(element.parentElement) : "",
      element.name ?? "",
      element.tagName === "BUTTON" ? element.value : "",
    ].join("|");
  const foldOf = (details) => details.dataset.keep ?? details.dataset.switches ?? "";
  const remember = (card) => {
    const fields = [...card.querySelectorAll("details input:not([type=hidden]), details select")];
    return {
      open: [...card.querySelectorAll("details[open]")].map(foldOf),
      typed: fields.map((field) => [keyOf(field), field.value]),
      focus: card.contains(document.activeElement) ? keyOf(document.activeElement) : null,
    };
  };
  const restore = (card, kept) => {
    for (const details of card.querySelectorAll("details")) {
      details.open = kept.open.includes(foldOf(details));
    }
    const typed = new Map(kept.typed);
    for (const field of card.querySelectorAll("details input, details select")) {
      if (typed.has(keyOf(field))) field.value = typed.get(keyOf(field));
    }
    if (kept.focus === null) return;
    const found = [...card.querySelectorAll(FOCUSABLE)].find((it) => keyOf(it) === kept.focus);
    (found ?? card).focus({ preventScroll: true });
  };
  const place = (list, element) => {
    const active = element.contains(document.activeElement) ? document.activeElement : null;
    list.append(element);
    active?.focus({ preventScroll: true });
  };
  const showCard = (fresh) => {
    const shown = $(fresh.id);
    const text = plain(fresh);
    if (shown && known.get(fresh.id) === text) return shown;
    known.set(fresh.id, text);
    if (!shown) return fresh;
    const kept = remember(shown);
    shown.replaceWith(fresh);
    restore(fresh, kept);
    return fresh;
  };
  const showPart = (fresh) => {
    const shown = cardsPlace.querySelector(`[data-part="${fresh.dataset.part}"]`);
    const text = plain(fresh);
    if (!shown || known.get(fresh.dataset.part) === text) return;
    known.set(fresh.dataset.part, text);
    const kept = remember(shown);
    shown.replaceWith(fresh);
    restore(fresh, kept);
  };
  const show = (html) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!page.querySelector(".board-columns")) throw new Error("not the board");
    const before = cardsOf(cardsPlace);
    const hadFocus = before.find((card) => card.contains(document.activeElement));
    const coming = new Set(cardsOf(page).map((card) => card.id));
    const next = hadFocus && !coming.has(hadFocus.id) ? neighbourOf(hadFocus, coming) : null;
    for (const card of before) {
      if (!coming.has(card.id)) {
        known.delete(card.id);
        card.remove();
      }
    }
    for (const fresh of page.querySelectorAll("[data-part]")) showPart(fresh);
    for (const freshList of page.querySelectorAll("[data-list]")) showList(freshList);
    next?.focus({ preventScroll: true });
    after(new Set(before.map((card) => card.id)));
  };
  const showList = (freshList) => {
    const list = cardsPlace.querySelector(`[data-list="${freshList.dataset.list}"]`);
    const column = list.closest("section");
    const fresh = freshList.closest("section");
    column.querySelector(".board-empty").hidden = fresh.querySelector(".board-empty").hidden;
    write(column.querySelector(".board-count"), fresh.querySelector(".board-count").textContent);
    [...freshList.children].forEach((one, index) => {
      const card = showCard(one);
      if (list.children[index] === card) return;
      if (index >= list.children.length) return place(list, card);
      const active = card.contains(document.activeElement) ? document.activeElement : null;
      list.insertBefore(card, list.children[index]);
      active?.focus({ preventScroll: true });
    });
  };
  const cardsOf = (root) => [...root.querySelectorAll("[data-order]")];
  const neighbourOf = (card, coming) => {
    const all = cardsOf(card.closest("section"));
    const rest = [...all.slice(all.indexOf(card) + 1), ...all.slice(0, all.indexOf(card)).reverse()];
    return rest.find((it) => coming.has(it.id)) ?? card.closest("section").querySelector("h2");
  };

  // ---- What follows from what is new.
  const newsKnown = new Set();
  const after = (before) => {
    const fresh = cardsOf(cardsPlace).filter((it) => "unopened" in it.dataset && !before.has(it.id));
    for (const card of fresh) {
      const text = say(texts.new_order, { number: card.dataset.number });
      announce(text);
      note(text, card.id);
    }
    const news = [...cardsPlace.querySelectorAll("[data-news]")];
    const unheard = news.filter((it) => !newsKnown.has(it.dataset.news));
    for (const it of unheard) newsKnown.add(it.dataset.news);
    if (unheard.length) {
      play(changeSound);
      announce(unheard.map((it) => it.innerText).join(" "));
      note(unheard[0].innerText, unheard[0].dataset.news);
    }
    paintProblems();
    ring(fresh.length > 0);
    printAccepted();
  };

  // ---- Sound. The alarm repeats until every new order has been opened.
  const chime = $("board-chime");
  const changeSound = $("board-change");
  let alarm = null;
  let isShiftOn = false;
  const play = async (sound) => {
    try {
      sound.currentTime = 0;
      await sound.play();
      soundIs(true);
    } catch (error) {
      // Begun anew before it had ended: that is no refusal.
      if (error.name !== "AbortError") soundIs(false);
    }
  };
  const soundIs = (isOn) => {
    $("board-silent").hidden = isOn;
    mark("board-sound", isOn, texts.sound_on, texts.sound_off);
  };
  const mark = (id, isOn, on, off) => {
    $(id).classList.toggle("is-off", !isOn);
    write($(id), isOn ? on : off);
  };
  const countUnopened = () => cardsPlace.querySelectorAll("[data-unopened]").length;
  const ring = (isNew) => {
    const count = countUnopened();
    document.title = count ? `(${count}) ${title}` : title;
    if (!count) {
      clearInterval(alarm);
      alarm = null;
    } else if (!alarm || isNew) {
      clearInterval(alarm);
      play(chime);
      alarm = setInterval(() => play(chime), ALARM);
    }
  };
  const unlock = async () => {
    // iPads unlock each sound by itself, and only under a finger.
    changeSound.muted = true;
    const quiet = changeSound.play().then(
      () => changeSound.pause(),
      () => {},
    );
    await play(chime);
    await quiet;
    changeSound.muted = false;
  };
  const note = (text, tag) => {
    if (!document.hidden || !("Notification" in window)) return;
    if (Notification.permission !== "granted") return;
    try {
      new Notification(text, { tag });
    } catch {
      // Some browsers notify from service workers only; the alarm sounds all the same.
    }
  };
  let lock = null;
  const stayAwake = async () => {
    if (!isShiftOn || document.hidden || lock) return;
    try {
      lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => {
        lock = null;
        mark("board-awake", false, texts.awake_on, texts.awake_off);
      });
    } catch {
      lock = null;
    }
    mark("board-awake", Boolean(lock), texts.awake_on, texts.awake_off);
  };
  const startShift = async () => {
    isShiftOn = true;
    $("board-shift").hidden = true;
    $("board-marks").hidden = false;
    // Asked for first: browsers want the finger's press to be fresh.
    const sounding = unlock();
    stayAwake();
    let permission = "denied";
    if ("Notification" in window) permission = await Notification.requestPermission();
    mark("board-notes", permission === "granted", texts.notes_on, texts.notes_off);
    await sounding;
  };
  $("board-shift").hidden = false;
  $("board-start").addEventListener("click", startShift);
  $("board-again").addEventListener("click", unlock);

  // ---- Buttons: every one is a form, sent from here.
  const problems = new Map();
  const dismissible = (text, forget) => {
    const box = document.createElement("div");
    box.className = "board-problem";
    const words = document.createElement("span");
    words.textContent = text;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = texts.dismiss;
    button.addEventListener("click", forget);
    box.append(words, button);
    return box;
  };
  const problem = (card, text) => {
    problems.set(card?.id ?? "", text);
    paintProblems();
    $("board-urgent").textContent = text;
  };
  // Kept until somebody has read them, at the card while there is one.
  const paintProblems = () => {
    for (const box of board.querySelectorAll(".board-problem")) box.remove();
    for (const [id, text] of problems) {
      const box = dismissible(text, () => {
        problems.delete(id);
        paintProblems();
        $(id)?.focus({ preventScroll: true });
      });
      const header = id && $(id)?.querySelector("header");
      if (header) header.after(box);
      else $("board-toasts").append(box);
    }
  };
  const send = (form, button) => {
    const fields = new FormData(form);
    if (button?.name) fields.set(button.name, button.value);
    return ask(form.action, {
      method: "POST",
      body: fields,
      headers: { Accept: "application/json", "X-Requested-With": "fetch" },
    });
  };
  const submit = async (form, button) => {
    const card = form.closest("[data-order]");
    const buttons = [...(card ?? form).querySelectorAll("button")];
    for (const it of buttons) it.disabled = true;
    card?.setAttribute("aria-busy", "true");
    try {
      let response = await send(form, button);
      if (response.status === 403) {
        // Signed in anew elsewhere: the forms' tokens are of the last session.
        const answer = await ask(board.dataset.cards);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const token = page.querySelector("[name=csrfmiddlewaretoken]")?.value;
        for (const it of board.querySelectorAll("[name=csrfmiddlewaretoken]")) it.value = token ?? "";
        if (token) response = await send(form, button);
      }
      await answered(card, form, response);
    } catch {
      problem(card, texts.failed);
    } finally {
      for (const it of buttons) it.disabled = false;
      card?.removeAttribute("aria-busy");
    }
  };
  const answered = async (card, form, response) => {
    if (response.type === "opaqueredirect") return signedOut();
    const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
    if (!isJson) return problem(card, texts.refused);
    const answer = await response.json();
    if (!response.ok) {
      problem(card, answer.message);
    } else {
      if (card) problems.delete(card.id);
      if (answer.message) announce(answer.message);
      if (answer.panel) showPanel(answer.panel);
      if (form.closest(".board-lead")) form.replaceWith(answer.message);
    }
    if (card) {
      // Focus stays at the card, whatever its buttons become.
      for (const details of card.querySelectorAll("details[open]")) {
        if (response.ok) details.open = false;
      }
      if (card.isConnected) card.focus({ preventScroll: true });
    }
    await refresh({ whole: true });
  };
  const showPanel = (html) => {
    const panel = $("board-panel");
    panel.innerHTML = html;
    for (const close of panel.querySelectorAll("[data-dismiss]")) close.hidden = false;
    panel.querySelector("h2")?.scrollIntoView({ block: "nearest" });
  };
  board.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || "plain" in form.dataset) return;
    event.preventDefault();
    if ("ticket" in form.dataset) printTicket(form.closest("[data-order]"), { always: true });
    else submit(form, event.submitter);
  });
  board.addEventListener("click", (event) => {
    if (event.target.closest("[data-dismiss]")) return $("board-panel").replaceChildren();
    const card = event.target.closest("[data-unopened]");
    if (!card || event.target.closest("a, button, input, select, label, summary")) return;
    const form = card.querySelector("form[data-open]");
    if (form && !form.querySelector("button").disabled) submit(form, null);
  });

  // ---- Tickets: whichever tablet claims an order first prints it.
  const printed = new Set();
  const tokenOf = () => board.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const printTicket = async (card, { always }) => {
    try {
      const fields = new FormData();
      fields.set("csrfmiddlewaretoken", tokenOf());
      const response = await ask(card.dataset.print, {
        method: "POST",
        body: fields,
        headers: { Accept: "application/json" },
      });
      if (response.type === "opaqueredirect") return signedOut();
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      if (always || !answer.is_duplicate) printHtml(answer.html);
      refresh();
    } catch {
      printed.delete(card.id);
      problem(card, texts.not_printed);
    }
  };
  const printHtml = (html) => {
    const frame = document.createElement("iframe");
    frame.className = "board-hidden";
    frame.title = texts.ticket;
    frame.srcdoc = html;
    frame.addEventListener("load", () => {
      frame.contentWindow.addEventListener("afterprint", () => setTimeout(() => frame.remove(), SECOND));
      frame.contentWindow.print();
    });
    document.body.append(frame);
  };
  const printAccepted = () => {
    const since = Number(localStorage.getItem(PRINTS_SINCE));
    if (!since) return;
    for (const card of cardsOf(cardsPlace)) {
      const isMine = "accepted" in card.dataset && !("printed" in card.dataset);
      if (!isMine || printed.has(card.id) || Number(card.dataset.accepted) < since) continue;
      printed.add(card.id);
      printTicket(card, { always: false });
    }
  };
  $("board-printing").hidden = false;
  $("board-print").checked = Boolean(localStorage.getItem(PRINTS_SINCE));
  $("board-print").addEventListener("change", (event) => {
    // What was accepted before is not printed all at once.
    if (event.target.checked) localStorage.setItem(PRINTS_SINCE, Math.floor(now() / SECOND));
    else localStorage.removeItem(PRINTS_SINCE);
  });

  // ---- Being rung.
  const listen = () => {
    if (!board.dataset.stream) return;
    const source = new EventSource(board.dataset.stream, { withCredentials: true });
    source.addEventListener("open", () => {
      isStreaming = true;
      refresh();
    });
    source.addEventListener("board", () => refresh());
    source.addEventListener("error", () => {
      isStreaming = false;
      // Refused, the browser gives up; a board does not.
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, POLL);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  };
  for (const name of ["online", "focus", "pageshow"]) {
    addEventListener(name, (event) => {
      if (event.persisted) listen();
      refresh({ whole: true });
    });
  }
  addEventListener("offline", () => refresh());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    refresh({ whole: true });
    stayAwake();
  });

  for (const card of cardsOf(cardsPlace)) known.set(card.id, plain(card));
  for (const part of cardsPlace.querySelectorAll("[data-part]")) known.set(part.dataset.part, plain(part));
  for (const it of cardsPlace.querySelectorAll("[data-news]")) newsKnown.add(it.dataset.news);
  for (const close of board.querySelectorAll("[data-dismiss]")) close.hidden = false;
  setInterval(() => {
    tickClocks();
    tickState();
  }, SECOND);
  tickClocks();
  tickState();
  ring(true);
  printAccepted();
  listen();
  timer = setTimeout(refresh, POLL_ALONE);
})();
