// A restaurant's page: where in the menu one is, finding in it, the map.
"use strict";

(() => {
  const tabs = document.querySelector(".menu-tabs");
  const parts = [...document.querySelectorAll(".menu-part")];

  const markCurrent = () => {
    if (!tabs || !("IntersectionObserver" in window)) return;
    const inView = new Set();
    let current = null;
    const mark = () => {
      const first = parts.find((part) => inView.has(part));
      if (!first || first === current) return;
      current = first;
      for (const tab of tabs.children) {
        const isCurrent = tab.hash === `#${first.id}`;
        if (isCurrent) tab.setAttribute("aria-current", "true");
        else tab.removeAttribute("aria-current");
        if (!isCurrent) continue;
        const [here, whole] = [tab, tabs].map((one) => one.getBoundingClientRect());
        tabs.scrollBy({ left: here.x + here.width / 2 - whole.x - whole.width / 2 });
      }
    };
    const observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) inView.add(entry.target);
          else inView.delete(entry.target);
        }
        mark();
      },
      { rootMargin: "-80px 0px -40% 0px" },
    );
    parts.forEach((part) => observer.observe(part));
  };

  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  const findInMenu = () => {
    const form = document.querySelector("[data-menu-search]");
    const found = document.querySelector("[data-menu-found]");
    if (!form || !found) return;
    // What the server has left out cannot be found here.
    const isWhole = !form.elements.q.value;
    const texts = new Map();
    for (const card of document.querySelectorAll(".dish-card")) {
      const told = card.querySelectorAll("h3, h3 + p, .tag-good");
      texts.set(card, plain([...told].map((one) => one.textContent).join(" ")));
    }
    let timer = 0;
    const show = () => {
      const text = form.elements.q.value.trim();
      const words = plain(text).split(/\s+/).filter(Boolean);
      let count = 0;
      for (const part of parts) {
        let here = 0;
        for (const card of part.querySelectorAll(".dish-card")) {
          card.hidden = !words.every((word) => texts.get(card).includes(word));
          if (!card.hidden) here += 1;
        }
        part.hidden = here === 0;
        const tab = tabs.querySelector(`a[href="#${part.id}"]`);
        if (tab) tab.hidden = here === 0;
        count += here;
      }
      const wording = ["textNone", "textOne"][count] || "textMany";
      const sentence = found.dataset[wording].replace("{count}", count).replace("{text}", text);
      found.textContent = words.length ? sentence : "";
    };
    const look = () => {
      clearTimeout(timer);
      timer = setTimeout(show, 120);
    };
    if (!isWhole) return;
    form.elements.q.addEventListener("input", look);
    form.elements.q.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !form.elements.q.value) return;
      event.preventDefault();
      form.elements.q.value = "";
      show();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      show();
    });
  };

  const closeOnEscape = () => {
    for (const details of document.querySelectorAll(".diet")) {
      details.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !details.open) return;
        details.open = false;
        details.querySelector("summary").focus();
      });
    }
  };

  const load = (canvas) =>
    new Promise((resolve, reject) => {
      const style = document.createElement("link");
      style.rel = "stylesheet";
      style.href = canvas.dataset.leafletCss;
      const script = document.createElement("script");
      script.src = canvas.dataset.leaflet;
      script.addEventListener("load", () => resolve(window.L));
      script.addEventListener("error", reject);
      style.addEventListener("load", () => document.head.append(script));
      style.addEventListener("error", reject);
      document.head.append(style);
    });

  const drawMap = (leaflet, canvas) => {
    const data = canvas.dataset;
    canvas.replaceChildren();
    const spot = leaflet.latLng(Number(data.latitude), Number(data.longitude));
    const map = leaflet.map(canvas, { minZoom: 2, scrollWheelZoom: false });
    map.setView(spot, 14);
    if (data.tileUrl) {
      leaflet.tileLayer(data.tileUrl, { maxZoom: 19 }).addTo(map);
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
    const pin = leaflet.divIcon({ className: "map-pin", iconSize: [22, 22], iconAnchor: [11, 22] });
    leaflet
      .marker(spot, { icon: pin, keyboard: false, title: data.name, alt: data.name })
      .bindTooltip(data.name, { permanent: true, direction: "top", offset: [0, -22] })
      .addTo(map);
    const colour = getComputedStyle(canvas).getPropertyValue("--accent").trim();
    let bounds = null;
    if (data.radius) {
      const circle = leaflet.circle(spot, { radius: Number(data.radius), color: colour, weight: 2, fillOpacity: 0.08, interactive: false });
      circle.addTo(map);
      bounds = circle.getBounds();
    }
    if (data.placeLatitude) {
      const place = leaflet.latLng(Number(data.placeLatitude), Number(data.placeLongitude));
      leaflet
        .circleMarker(place, { radius: 8, color: colour, weight: 4, fill: false })
        .bindTooltip(data.placeName)
        .addTo(map);
      bounds = leaflet.latLngBounds([spot, place]);
    }
    if (bounds) map.fitBounds(bounds, { padding: [40, 40], maxZoom: 15, animate: false });
    const inMiles = /^en-?(US|GB)?$/.test(document.documentElement.lang);
    leaflet.control.scale({ metric: !inMiles, imperial: inMiles }).addTo(map);
  };

  const openMap = () => {
    const details = document.querySelector("[data-where]");
    if (!details) return;
    const canvas = details.querySelector("[data-map]");
    details.addEventListener(
      "toggle",
      async () => {
        try {
          drawMap(await load(canvas), canvas);
        } catch {
          details.open = false;
        }
      },
      { once: true },
    );
  };

  markCurrent();
  findInMenu();
  closeOnEscape();
  openMap();
})();
