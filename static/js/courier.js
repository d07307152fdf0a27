// Shares the courier's position while the page is open and the button is pressed.
(() => {
  const form = document.querySelector("[data-share-position]");
  if (!form || !("geolocation" in navigator)) return;
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");
  const interval = 10_000;
  let watch = null;
  let lastSent = 0;

  const say = (key) => {
    status.textContent = status.dataset[key];
  };
  const stop = (key) => {
    if (watch !== null) navigator.geolocation.clearWatch(watch);
    watch = null;
    button.setAttribute("aria-pressed", "false");
    say(key);
  };
  const send = async (position) => {
    if (Date.now() - lastSent < interval) return;
    lastSent = Date.now();
    const body = new FormData(form);
    body.set("latitude", position.coords.latitude);
    body.set("longitude", position.coords.longitude);
    try {
      const response = await fetch(form.action, { method: "POST", body });
      if (response.status === 409 || response.status === 404) location.reload();
    } catch {
      // No network on the way is normal; the next position tries again.
    }
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (watch !== null) return stop("stopped");
    button.setAttribute("aria-pressed", "true");
    say("shared");
    watch = navigator.geolocation.watchPosition(send, () => stop("refused"), {
      enableHighAccuracy: true,
      maximumAge: 5_000,
    });
  });
})();
