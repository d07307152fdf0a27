"use strict";
// Keeps the number of unread notifications in the header: from a stream where there is
// one, else by asking once a minute. Only a tab that is seen does either.
(() => {
  const badge = document.querySelector("[data-unread]");
  if (!badge) return;
  const MINUTE = 60_000;
  const MOST_FAILURES = 3;
  let source = null;
  let timer = null;
  let failures = 0;

  const show = (unread) => {
    badge.textContent = unread;
    badge.hidden = unread === 0;
  };
  const poll = async () => {
    try {
      const answer = await fetch(badge.dataset.unread, { credentials: "same-origin" });
      if (answer.redirected) return stopPolling(); // Signed out meanwhile.
      if (answer.ok) show((await answer.json()).unread);
    } catch {
      // Offline: the next minute tries again.
    }
  };
  const startPolling = () => {
    timer ??= setInterval(poll, MINUTE);
  };
  const stopPolling = () => {
    clearInterval(timer);
    timer = null;
  };
  const stopListening = () => {
    source?.close();
    source = null;
  };
  const listen = () => {
    source = new EventSource(badge.dataset.stream, { withCredentials: true });
    source.addEventListener("open", () => {
      failures = 0;
      stopPolling();
    });
    source.addEventListener("unread", (event) => show(Number(event.data)));
    // The browser tries again by itself; that is given up where there is no stream.
    source.addEventListener("error", () => {
      failures += 1;
      if (failures >= MOST_FAILURES) stopListening();
      startPolling();
    });
  };
  const stop = () => {
    stopListening();
    stopPolling();
  };
  const start = () => {
    stop();
    if (badge.dataset.stream && failures < MOST_FAILURES) listen();
    else startPolling();
  };

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return stop();
    if (!badge.dataset.stream || failures >= MOST_FAILURES) poll();
    start();
  });
  // A page kept for "back" must not hold its stream.
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => {
    if (event.persisted) start();
  });
  if (!document.hidden) start();
})();
