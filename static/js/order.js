"use strict";
// The page of an order: asks how it stands whenever the stream rings and now and then,
// changes only what has changed, and says since when it has not heard anything.
(() => {
  const SECOND = 1_000;
  const POLL_STREAMING = 30 * SECOND;
  const POLL = 10 * SECOND;
  const POLL_ALONE = 4 * SECOND;
  const PATIENCE = 8 * SECOND;
  const MOST_FAILURES = 3;

  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }

  const box = document.querySelector("[data-order]");
  if (!box) return;
  const texts = box.dataset;
  const now = box.querySelector("[data-now]");
  const numbers = new Intl.NumberFormat(document.documentElement.lang || "en");

  // ---- Whose clock: said only where it is another than the reader's.
  const zone = document.querySelector("[data-zone]");
  if (zone) zone.hidden = Number(zone.dataset.zone) === -new Date().getTimezoneOffset();

  // ---- The server's clock, since those of phones are wrong.
  let ahead = Number(texts.clock) * SECOND - Date.now();
  const write = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  const since = (name, milliseconds) => {
    const seconds = Math.max(0, Math.floor(milliseconds / SECOND));
    const isLong = seconds >= 120;
    const text = texts[isLong ? `${name}Minutes` : name];
    return text.replace("{n}", numbers.format(isLong ? Math.floor(seconds / 60) : seconds));
  };

  // ---- Is what is shown true?
  const live = box.querySelector("[data-live]");
  const said = box.querySelector("[data-said]");
  let heardAt = Date.now();
  let failures = 0;
  let wasOffline = false;
  const isEnded = () => "ended" in now.dataset;
  const tick = () => {
    for (const age of now.querySelectorAll("[data-ago]")) {
      write(age, since("textAgo", Date.now() + ahead - Number(age.dataset.ago) * SECOND));
    }
    if (!live) return;
    const isOffline = !navigator.onLine || failures >= 2;
    const name = navigator.onLine ? "textUnreachable" : "textOffline";
    write(live, since(isOffline ? name : "textUpdated", Date.now() - heardAt));
    live.classList.toggle("is-offline", isOffline);
    if (isOffline !== wasOffline) write(said, isOffline ? texts.textWentOffline : texts.textBack);
    wasOffline = isOffline;
  };

  // ---- The map, loaded once somebody is on the way.
  let map = null;
  let courier = null;
  let line = null;
  let isLoading = false;
  const point = (text) => text.split(",").map(Number);
  const marks = {
    home: "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
    restaurant: "M7 3v7m-3-7v4a3 3 0 0 0 6 0V3M7 10v11M17 3c-2 1-3 4-3 7h3v11",
    courier: "M5 17m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M19 17m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M5 17l4-7h6l4 7M9 10l-1-3H6M15 10l-1-4h3",
  };
  const mark = (leaflet, name, at) =>
    leaflet
      .marker(at, {
        icon: leaflet.divIcon({
          className: `map-mark map-${name}`,
          html: `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${marks[name]}"/></svg>`,
          iconSize: [32, 32],
        }),
        keyboard: false,
        title: texts[`text${name[0].toUpperCase()}${name.slice(1)}`],
        zIndexOffset: name === "courier" ? 1000 : 0,
      })
      .addTo(map);
  // Without tiles the names of places tell where it is.
  const writeNames = async (leaflet) => {
    const { lat, lng } = map.getCenter();
    let places = [];
    try {
      const answer = await fetch(`${texts.aroundUrl}?latitude=${lat}&longitude=${lng}`);
      if (answer.ok) places = (await answer.json()).places;
    } catch {
      return;
    }
    for (const place of places) {
      const label = document.createElement("span");
      label.textContent = place.label.split(",")[0];
      leaflet
        .circleMarker([place.latitude, place.longitude], { radius: 2, color: "#6b5549", interactive: false })
        .bindTooltip(label, { permanent: true, direction: "right", className: "map-name" })
        .addTo(map);
    }
  };
  const openMap = (canvas, at) => {
    const leaflet = window.L;
    canvas.hidden = false;
    canvas.setAttribute("role", "group");
    canvas.setAttribute("aria-label", texts.textMap);
    map = leaflet.map(canvas, { minZoom: 3, scrollWheelZoom: false, zoomControl: false, keyboard: false });
    leaflet.control.zoom({ zoomInTitle: texts.textZoomIn, zoomOutTitle: texts.textZoomOut }).addTo(map);
    map.attributionControl.setPrefix(false);
    const home = point(canvas.dataset.home);
    map.fitBounds([home, at], { padding: [40, 40], maxZoom: 16, animate: false });
    if (texts.tileUrl) {
      leaflet.tileLayer(texts.tileUrl, { maxZoom: 19 }).addTo(map);
    } else {
      const Grid = leaflet.GridLayer.extend({
        createTile() {
          const tile = document.createElement("div");
          tile.className = "map-grid";
          return tile;
        },
      });
      new Grid().addTo(map);
      writeNames(leaflet);
    }
    mark(leaflet, "restaurant", point(canvas.dataset.restaurant));
    mark(leaflet, "home", home);
    line = leaflet.polyline([at, home], { color: "#b93c0a", weight: 3, dashArray: "2 8", interactive: false }).addTo(map);
    courier = mark(leaflet, "courier", at);
  };
  const load = () =>
    new Promise((resolve, reject) => {
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = texts.leafletCss;
      const script = document.createElement("script");
      script.src = texts.leaflet;
      // Laid out before its look is there, a map is torn.
      style.addEventListener("load", () => {
        script.addEventListener("load", resolve);
        script.addEventListener("error", reject);
        document.head.append(script);
      });
      style.addEventListener("error", reject);
      document.head.append(style);
    });
  const showMap = async () => {
    const canvas = now.querySelector("[data-map]");
    const place = now.querySelector("[data-position]");
    if (!canvas) return;
    if (!place) {
      canvas.hidden = true;
      return;
    }
    const at = [Number(place.dataset.latitude), Number(place.dataset.longitude)];
    if (!map) {
      if (isLoading) return;
      isLoading = true;
      try {
        await load();
        openMap(canvas, at);
      } catch {
        // Without it the words say how far it is; the next position tries again.
      }
      isLoading = false;
      return;
    }
    canvas.hidden = false;
    courier.setLatLng(at);
    line.setLatLngs([at, point(canvas.dataset.home)]);
    if (!map.getBounds().pad(-0.1).contains(at)) {
      map.fitBounds([point(canvas.dataset.home), at], { padding: [40, 40], maxZoom: 16 });
    }
  };

  // ---- Putting what is new into place, part by part.
  const parts = (scope) => scope.querySelectorAll("[data-part]");
  const known = new Map();
  for (const part of parts(now)) known.set(part.dataset.part, part.innerHTML);
  const FOCUSABLE = "a, button, input, select, textarea, summary";
  const replace = (part, html) => {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const isSame = (it) =>
      it.tagName === focused.tagName && it.name === focused.name && it.value === focused.value && it.href === focused.href;
    part.innerHTML = html;
    if (!focused) return;
    const again = [...part.querySelectorAll(FOCUSABLE)].find(isSame);
    if (!again) part.tabIndex = -1;
    (again ?? part).focus({ preventScroll: true });
  };
  const show = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.querySelector("[data-now]");
    if (!fresh) throw new Error("no order");
    // What stands outside of the parts changes seldom: the whole page is asked for.
    if (fresh.dataset.total !== now.dataset.total || ("ended" in fresh.dataset) !== isEnded()) {
      location.reload();
      return;
    }
    for (const name of ["status", "canCancel"]) {
      if (name in fresh.dataset) now.dataset[name] = fresh.dataset[name];
      else delete now.dataset[name];
    }
    for (const part of parts(fresh)) {
      const name = part.dataset.part;
      if (known.get(name) === part.innerHTML) continue;
      known.set(name, part.innerHTML);
      replace(now.querySelector(`[data-part=${name}]`), part.innerHTML);
    }
    if (!("canCancel" in now.dataset)) document.querySelector("[data-while-open]")?.remove();
    showMap();
  };

  // ---- Asking, one answer at a time: none can overtake another.
  let version = "";
  let isAsking = false;
  let isWanted = false;
  let timer = null;
  let source = null;
  let isStreaming = false;
  let streamFailures = 0;
  const ask = async () => {
    const headers = version ? { "If-None-Match": version } : {};
    const answer = await fetch(texts.url, {
      headers,
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    // Signed out meanwhile, or signed in as somebody else.
    if (answer.type === "opaqueredirect" || answer.status === 404) {
      box.querySelector("[data-signed-out]").hidden = false;
      return;
    }
    if (!answer.ok && answer.status !== 304) throw new Error(answer.status);
    box.querySelector("[data-signed-out]").hidden = true;
    const clock = Number(answer.headers.get("X-Order-Now"));
    if (clock) ahead = clock * SECOND - Date.now();
    heardAt = Date.now();
    failures = 0;
    if (answer.status === 304) return;
    show(await answer.text());
    version = answer.headers.get("ETag") ?? "";
  };
  const refresh = async () => {
    if (isAsking) {
      isWanted = true;
      return;
    }
    isAsking = true;
    clearTimeout(timer);
    try {
      do {
        isWanted = false;
        await ask();
      } while (isWanted);
    } catch {
      failures += 1;
    } finally {
      isAsking = false;
      tick();
      schedule();
    }
  };
  const schedule = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    const pause = texts.stream ? POLL : POLL_ALONE;
    timer = setTimeout(refresh, isStreaming && !failures ? POLL_STREAMING : pause);
  };

  // ---- Being rung. Only a page that is seen listens.
  const stopListening = () => {
    source?.close();
    source = null;
    isStreaming = false;
  };
  const listen = () => {
    if (!texts.stream || source || streamFailures >= MOST_FAILURES) return;
    source = new EventSource(texts.stream, { withCredentials: true });
    source.addEventListener("open", () => {
      isStreaming = true;
      streamFailures = 0;
    });
    source.addEventListener("order", () => refresh());
    source.addEventListener("error", () => {
      isStreaming = false;
      streamFailures += 1;
      if (streamFailures >= MOST_FAILURES || source?.readyState === EventSource.CLOSED) stopListening();
      schedule();
    });
  };
  const wake = () => {
    streamFailures = 0;
    listen();
    refresh();
  };

  tick();
  showMap();
  if (isEnded()) return;
  setInterval(tick, SECOND);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) return wake();
    stopListening();
    clearTimeout(timer);
  });
  addEventListener("online", wake);
  addEventListener("offline", tick);
  addEventListener("pagehide", stopListening);
  addEventListener("pageshow", (event) => {
    if (event.persisted) wake();
  });
  if (!document.hidden) listen();
  schedule();
})();
