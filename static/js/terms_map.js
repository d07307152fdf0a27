// The delivery radius as a circle on a map. The fields lead; dragging writes into them.
"use strict";

(() => {
  const canvas = document.querySelector("[data-map]");
  const form = document.querySelector("[data-terms]");
  const leaflet = window.L;
  if (!canvas || !form || !leaflet) return;

  const unit = Number(form.dataset.unitMetres);
  const field = form.querySelector("[name=delivery_radius]");
  const centre = leaflet.latLng(Number(canvas.dataset.latitude), Number(canvas.dataset.longitude));
  const farthest = 50000;
  const green = "#166534";

  const metresOf = (input) => {
    const number = Number.parseFloat(input.value.trim().replace(",", "."));
    return Number.isFinite(number) && number > 0 ? Math.min(number * unit, farthest) : 0;
  };

  const map = leaflet.map(canvas, { minZoom: 2, scrollWheelZoom: false });
  map.setView(centre, 12);
  if (canvas.dataset.tileUrl) {
    leaflet.tileLayer(canvas.dataset.tileUrl, { maxZoom: 19 }).addTo(map);
  } else {
    const Grid = leaflet.GridLayer.extend({
      createTile() {
        const tile = document.createElement("div");
        tile.className = "map-grid";
        return tile;
      },
    });
    new Grid().addTo(map);
  }
  const inMiles = unit > 1500;
  leaflet.control.scale({ metric: !inMiles, imperial: inMiles }).addTo(map);
  const pin = leaflet.divIcon({ className: "map-pin", iconSize: [22, 22], iconAnchor: [11, 22] });
  leaflet
    .marker(centre, { icon: pin, keyboard: false, title: canvas.dataset.name, alt: canvas.dataset.name })
    .addTo(map);
  const circle = leaflet.circle(centre, { radius: 1, color: green, fillOpacity: 0.12, interactive: false });
  const steps = leaflet.layerGroup().addTo(map);

  const eastOf = (metres) => {
    const width = (metres / (Math.cos((centre.lat * Math.PI) / 180) * 6371000)) * (180 / Math.PI);
    return [centre.lat, centre.lng + width];
  };
  const handle = leaflet.marker(centre, {
    icon: leaflet.divIcon({ className: "map-handle", iconSize: [28, 28] }),
    draggable: true,
    keyboard: false,
    title: canvas.dataset.handle,
    alt: canvas.dataset.handle,
  });

  const draw = ({ fit = false, moveHandle = true } = {}) => {
    const radius = metresOf(field);
    steps.clearLayers();
    if (!radius) {
      circle.remove();
      handle.remove();
      return;
    }
    circle.setRadius(radius).addTo(map);
    if (moveHandle) handle.setLatLng(eastOf(radius)).addTo(map);
    for (const input of form.querySelectorAll("[name=step_from]")) {
      const metres = metresOf(input);
      if (!metres || metres >= radius) continue;
      leaflet
        .circle(centre, { radius: metres, color: green, weight: 2, dashArray: "6 6", fill: false, interactive: false })
        .addTo(steps);
    }
    if (fit) map.fitBounds(circle.getBounds(), { padding: [16, 16], animate: false });
  };

  handle.on("drag", () => {
    const metres = Math.min(map.distance(centre, handle.getLatLng()), farthest);
    field.value = String(Number((Math.max(metres / unit, 0.1)).toFixed(1)));
    draw({ moveHandle: false });
  });
  handle.on("dragend", () => {
    draw({ fit: true });
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  form.addEventListener("input", (event) => {
    if (event.target === field) draw({ fit: true });
    else if (event.target.name === "step_from") draw();
  });
  form.addEventListener("steps", () => draw());
  draw({ fit: true });
})();
