"use strict";
// The list of restaurants beyond what htmx does: the map, and where the focus goes when
// more of them come.
(() => {
  const results = document.querySelector("#results");
  const canvas = document.querySelector("#list-map");
  const toggle = document.querySelector("[data-map-toggle]");
  const filters = document.querySelector("[data-filters]");
  if (!results || !canvas || !toggle || !filters) return;

  // Whoever stands on "More restaurants" by keyboard goes on with the first new one.
  let goesOnAfter = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const more = event.detail.target;
    if (!more.matches?.("li") || !more.contains(document.activeElement)) return;
    goesOnAfter = more.previousElementSibling;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (goesOnAfter) {
      const next = goesOnAfter.nextElementSibling;
      goesOnAfter = null;
      next?.querySelector("a")?.focus({ preventScroll: true });
    }
    draw();
  });

  const tellFailed = () => {
    document.querySelector("#result-count").textContent = filters.dataset.failed;
  };
  document.addEventListener("htmx:sendError", tellFailed);
  document.addEventListener("htmx:responseError", tellFailed);

  let map = null;
  let pins = null;
  let loading = null;

  const load = () => {
    const wait = (element) =>
      new Promise((done, fail) => {
        element.addEventListener("load", done);
        element.addEventListener("error", fail);
        document.head.append(element);
      });
    const style = (href) =>
      wait(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
    const script = (src) => wait(Object.assign(document.createElement("script"), { src }));
    loading ??= Promise.all([
      ...canvas.dataset.styles.split(" ").map(style),
      ...canvas.dataset.scripts.split(" ").map(script),
    ]);
    return loading;
  };

  const open = async () => {
    try {
      await load();
    } catch {
      loading = null;
      return;
    }
    if (canvas.hidden) return;
    if (map) {
      map.invalidateSize();
      return draw();
    }
    const leaflet = window.L;
    const here = [Number(canvas.dataset.lat), Number(canvas.dataset.lng)];
    map = leaflet.map(canvas, { worldCopyJump: true, minZoom: 2, zoomControl: false });
    map.setView(here, 14);
    const zoomInTitle = canvas.dataset.zoomIn;
    const zoomOutTitle = canvas.dataset.zoomOut;
    leaflet.control.zoom({ zoomInTitle, zoomOutTitle }).addTo(map);
    if (canvas.dataset.tileUrl) {
      leaflet.tileLayer(canvas.dataset.tileUrl, { maxZoom: 19 }).addTo(map);
    } else {
      window.tiffinPlaces.drawGrid(map, canvas.dataset.aroundUrl);
    }
    const title = canvas.dataset.here;
    const icon = leaflet.divIcon({ className: "map-here", iconSize: [18, 18] });
    leaflet.marker(here, { icon, title, keyboard: false, zIndexOffset: 1000 }).addTo(map);
    pins = leaflet.featureGroup().addTo(map);
    draw();
  };

  const bubble = (card) => {
    const link = card.querySelector("h3 a").cloneNode(true);
    const words = document.createElement("p");
    const facts = card.querySelectorAll(".spot-when, .facts span");
    words.textContent = [...facts].map((fact) => fact.textContent.trim()).join(" · ");
    const box = document.createElement("div");
    box.append(link, words);
    return box;
  };

  const draw = () => {
    if (!map || canvas.hidden) return;
    const leaflet = window.L;
    pins.clearLayers();
    results.querySelectorAll("[data-lat]").forEach((card, number) => {
      const name = card.querySelector("h3 a").textContent;
      const isShut = card.matches(".is-unavailable");
      const icon = leaflet.divIcon({
        className: `map-spot${isShut ? " is-shut" : ""}`,
        iconSize: [28, 28],
        iconAnchor: [3, 28],
        popupAnchor: [11, -26],
        html: String(number + 1),
      });
      leaflet
        .marker([Number(card.dataset.lat), Number(card.dataset.lng)], { icon, title: name, zIndexOffset: -10 * number })
        .bindPopup(() => bubble(card))
        .addTo(pins);
    });
    if (!pins.getLayers().length) return;
    const here = [Number(canvas.dataset.lat), Number(canvas.dataset.lng)];
    map.fitBounds(pins.getBounds().extend(here), { padding: [30, 30], maxZoom: 15 });
  };

  const view = filters.querySelector("[name=view]");
  const show = (isOpen) => {
    canvas.hidden = !isOpen;
    toggle.setAttribute("aria-pressed", String(isOpen));
    view.disabled = !isOpen;
    view.value = isOpen ? "map" : "";
    if (isOpen) open();
  };
  toggle.addEventListener("click", () => {
    show(canvas.hidden);
    const url = new URL(location.href);
    if (canvas.hidden) url.searchParams.delete("view");
    else url.searchParams.set("view", "map");
    history.replaceState(history.state, "", url);
  });
  if (!canvas.hidden) open();
})();
