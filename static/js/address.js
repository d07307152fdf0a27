// Finding a place: suggestions while typing, the browser's position, a point on a map.
// Every page that loads this works without it too.
"use strict";

(() => {
  const zone = document.querySelector("[data-time-zone] input[name=time_zone]");
  if (zone && !zone.value) {
    zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }

  const field = (form, name) => form.querySelector(`[name="${name}"]`);

  const fillPlace = (form, place) => {
    for (const name of ["locality", "postal_code", "country", "street_address"]) {
      const input = field(form, name);
      if (input && place[name]) input.value = place[name];
    }
    field(form, "latitude").value = place.latitude.toFixed(6);
    field(form, "longitude").value = place.longitude.toFixed(6);
  };

  // A field with a list of places under it: a combobox as the ARIA practices have it.
  let lists = 0;
  const suggest = (input, url, onChoose) => {
    lists += 1;
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.id = `suggestions-${lists}`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    if (input.labels[0]) list.setAttribute("aria-label", input.labels[0].textContent.trim());
    input.insertAdjacentElement("afterend", list);
    for (const [name, value] of [
      ["role", "combobox"],
      ["autocomplete", "off"],
      ["aria-autocomplete", "list"],
      ["aria-controls", list.id],
      ["aria-expanded", "false"],
    ]) {
      input.setAttribute(name, value);
    }
    let found = [];
    let active = -1;
    let timer = 0;
    let latest = 0;
    const mark = (number) => {
      active = number;
      [...list.children].forEach((option, position) => {
        option.setAttribute("aria-selected", String(position === number));
      });
      if (number < 0) return input.removeAttribute("aria-activedescendant");
      const option = list.children[number];
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    };
    const show = (places) => {
      found = places;
      list.replaceChildren(
        ...places.map((place, number) => {
          const option = document.createElement("li");
          option.id = `${list.id}-${number}`;
          option.setAttribute("role", "option");
          option.textContent = place.label;
          option.addEventListener("click", () => choose(number));
          return option;
        }),
      );
      list.hidden = places.length === 0;
      input.setAttribute("aria-expanded", String(!list.hidden));
      mark(-1);
    };
    const close = () => {
      clearTimeout(timer);
      latest += 1;
      show([]);
    };
    const choose = (number) => {
      const place = found[number];
      close();
      onChoose(place);
    };
    const ask = async () => {
      const text = input.value.trim();
      const turn = ++latest;
      if (text.length < 2) return show([]);
      try {
        const answer = await fetch(`${url}?q=${encodeURIComponent(text)}`);
        const places = answer.ok ? (await answer.json()).places : [];
        // An earlier question may be answered later.
        if (turn === latest) show(places);
      } catch {
        if (turn === latest) show([]);
      }
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 200);
    });
    input.addEventListener("keydown", (event) => {
      if (list.hidden || event.isComposing) return;
      const count = found.length;
      if (event.key === "ArrowDown") mark((active + 1) % count);
      else if (event.key === "ArrowUp") mark((active <= 0 ? count : active) - 1);
      else if (event.key === "Escape") close();
      else if (event.key === "Enter" && active >= 0) choose(active);
      else return;
      event.preventDefault();
    });
    // The field keeps the focus, so that leaving it is what closes the list.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    input.addEventListener("blur", close);
  };

  // What a map shows that has no tiles: a grid, and the names of the places around.
  const drawGrid = (map, aroundUrl) => {
    const leaflet = window.L;
    const Grid = leaflet.GridLayer.extend({
      createTile() {
        const tile = document.createElement("div");
        tile.className = "map-grid";
        return tile;
      },
    });
    new Grid().addTo(map);
    const names = leaflet.layerGroup().addTo(map);
    const writeNames = async () => {
      const { lat, lng } = map.getCenter().wrap();
      let places = [];
      try {
        const answer = await fetch(`${aroundUrl}?latitude=${lat}&longitude=${lng}`);
        if (answer.ok) places = (await answer.json()).places;
      } catch {
        return;
      }
      names.clearLayers();
      for (const place of places) {
        const at = [place.latitude, place.longitude];
        const label = document.createElement("span");
        label.textContent = place.label.split(",")[0];
        leaflet
          .circleMarker(at, { radius: 3, className: "map-dot", interactive: false })
          .bindTooltip(label, {
            permanent: true,
            direction: "right",
            className: "map-name",
          })
          .addTo(names);
      }
    };
    map.on("moveend", writeNames);
    writeNames();
  };
  window.tiffinPlaces = { drawGrid, suggest };

  const pointForm = document.querySelector("[data-point-form], [data-address-form]");
  let showPoint = () => {};

  const search = document.querySelector("[data-place-search]");
  if (search && pointForm) {
    suggest(field(search, "q"), search.dataset.suggestionsUrl, (place) => {
      for (const [name, value] of Object.entries(place)) {
        let input = field(pointForm, name);
        if (!input) {
          input = document.createElement("input");
          input.type = "hidden";
          input.name = name;
          pointForm.append(input);
        }
        input.value = value;
      }
      pointForm.requestSubmit();
    });
  }

  if (pointForm && pointForm.matches("[data-address-form]")) {
    for (const name of ["locality", "postal_code"]) {
      suggest(field(pointForm, name), pointForm.dataset.suggestionsUrl, (place) => {
        fillPlace(pointForm, place);
        showPoint(place.latitude, place.longitude);
      });
    }
    const street = field(pointForm, "street_address");
    suggest(street, pointForm.dataset.suggestionsUrl, (place) => {
      fillPlace(pointForm, place);
      showPoint(place.latitude, place.longitude);
    });
  }

  if (!pointForm) return;
  const status = document.querySelector("[data-map-status]");
  const say = (name) => {
    status.textContent = status.dataset[`text${name}`];
  };

  const setPoint = (latitude, longitude) => {
    field(pointForm, "latitude").value = latitude.toFixed(6);
    field(pointForm, "longitude").value = longitude.toFixed(6);
  };

  document.querySelector("[data-locate]")?.addEventListener("click", () => {
    if (!navigator.geolocation) return say("Denied");
    say("Locating");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        say("Located");
        setPoint(coords.latitude, coords.longitude);
        showPoint(coords.latitude, coords.longitude);
        if (pointForm.matches("[data-point-form]")) pointForm.requestSubmit();
      },
      () => say("Denied"),
      { enableHighAccuracy: true, timeout: 10000, maximumAge: 60000 },
    );
  });

  const box = document.querySelector("[data-map-box]");
  if (!box) return;
  box.hidden = false;
  const canvas = box.querySelector("#address-map");
  const toggle = box.querySelector("[data-map-toggle]");
  let map = null;

  const openMap = () => {
    const leaflet = window.L;
    if (!leaflet || map) return;
    const latitude = Number.parseFloat(field(pointForm, "latitude").value || canvas.dataset.latitude);
    const longitude = Number.parseFloat(field(pointForm, "longitude").value || canvas.dataset.longitude);
    const isKnown = Number.isFinite(latitude) && Number.isFinite(longitude);
    map = leaflet.map(canvas, { worldCopyJump: true, minZoom: 2 });
    map.setView(isKnown ? [latitude, longitude] : [37.7749, -122.4194], isKnown ? 15 : 12);
    if (canvas.dataset.tileUrl) {
      leaflet.tileLayer(canvas.dataset.tileUrl, { maxZoom: 19 }).addTo(map);
    } else {
      drawGrid(map, canvas.dataset.aroundUrl);
    }
    const icon = leaflet.divIcon({ className: "map-pin", iconSize: [22, 22], iconAnchor: [11, 22] });
    const pin = leaflet.marker(map.getCenter(), { icon, draggable: true, keyboard: false });
    if (isKnown) pin.addTo(map);
    const pick = (point) => {
      const { lat, lng } = point.wrap();
      pin.setLatLng([lat, lng]).addTo(map);
      setPoint(lat, lng);
      say("Picked");
    };
    map.on("click", (event) => pick(event.latlng));
    pin.on("dragend", () => pick(pin.getLatLng()));
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        pick(map.getCenter());
      }
    });
    showPoint = (lat, lng) => {
      pin.setLatLng([lat, lng]).addTo(map);
      map.setView([lat, lng], 15);
    };
  };

  toggle.addEventListener("click", () => {
    canvas.hidden = !canvas.hidden;
    toggle.setAttribute("aria-expanded", String(!canvas.hidden));
    if (!canvas.hidden) {
      openMap();
      canvas.focus();
    }
  });

  // The coordinates sit in a closed <details>; the map fills them in, and a browser
  // cannot point at an empty required field that it does not show.
  const submit = document.querySelector("[data-point-submit]");
  if (submit) {
    submit.addEventListener("click", () => {
      const details = document.querySelector("[data-coordinates]");
      if (!field(pointForm, "latitude").value) details.open = true;
    });
  }
})();
