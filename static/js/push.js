"use strict";
// Offers notifications of this browser, and turns them on and off (Push API). Asked on
// a button only: a browser that is asked unbidden says no for good.
(() => {
  const box = document.querySelector("[data-push]");
  if (!box) return;
  const LATER = "push-asked-at";
  const WEEK = 7 * 24 * 3600_000;
  const isOffer = box.dataset.push === "offer";
  const on = box.querySelector("[data-push-on]");
  const off = box.querySelector("[data-push-off]");
  const later = box.querySelector("[data-push-later]");
  const status = box.querySelector("[data-push-status]");
  const say = (name) => {
    status.textContent = status.dataset[name];
  };
  const isApple = /iPhone|iPad/.test(navigator.userAgent);

  const bytes = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  };
  const send = (method, url, body) =>
    fetch(url, {
      method,
      credentials: "same-origin",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": box.querySelector("[name=csrfmiddlewaretoken]").value,
      },
      body: body && JSON.stringify(body),
    });
  const browser = () => {
    const agent = navigator.userAgent;
    if (agent.includes("Firefox/")) return "firefox";
    if (agent.includes("Edg/")) return "edge";
    if (agent.includes("OPR/")) return "opera";
    return agent.includes("Chrome/") ? "chrome" : "safari";
  };
  const register = async (subscription) => {
    const { endpoint, keys } = subscription.toJSON();
    const name = `${browser()[0].toUpperCase()}${browser().slice(1)}`;
    const answer = await send("POST", box.dataset.url, {
      name,
      registration_id: endpoint,
      p256dh: keys.p256dh,
      auth: keys.auth,
      browser: browser(),
    });
    if (!answer.ok) throw new Error(String(answer.status));
  };
  // What the server knows of this browser as the reader's own.
  const find = async (subscription) => {
    const devices = await (await send("GET", box.dataset.url)).json();
    return devices.results.find((one) => one.registration_id === subscription.endpoint);
  };
  const isSameKey = (subscription) => {
    const used = subscription.options.applicationServerKey;
    if (!used) return true;
    const wanted = bytes(box.dataset.key);
    return new Uint8Array(used).every((one, index) => one === wanted[index]);
  };
  const show = (isOn) => {
    on.hidden = isOn;
    off.hidden = !isOn || isOffer;
    later.hidden = isOn || !isOffer;
    box.hidden = false;
  };

  const turnOn = async (worker) => {
    if ((await Notification.requestPermission()) !== "granted") return say("denied");
    try {
      const known = await worker.pushManager.getSubscription();
      if (known && !isSameKey(known)) await known.unsubscribe();
      await register(
        await worker.pushManager.subscribe({
          userVisibleOnly: true,
          applicationServerKey: bytes(box.dataset.key),
        }),
      );
    } catch {
      return say("failed");
    }
    show(true);
    say("on");
  };
  const turnOff = async (worker) => {
    const known = await worker.pushManager.getSubscription();
    try {
      const own = known && (await find(known));
      if (own) await send("DELETE", `${box.dataset.url}/${own.id}`);
      await known?.unsubscribe();
    } catch {
      return say("failed");
    }
    show(false);
    say("off");
  };

  const start = async () => {
    if (!("PushManager" in window) || !("serviceWorker" in navigator)) {
      // Apple's phones have it for what is on the home screen only.
      if (isApple && !isOffer) {
        show(false);
        on.hidden = true;
        say("install");
      }
      return;
    }
    const worker = await navigator.serviceWorker.ready;
    const known = await worker.pushManager.getSubscription();
    const isOwn = Boolean(known && (await find(known)));
    // It is of who was here before: their news is not for this reader to see.
    if (known && !isOwn) await known.unsubscribe();
    const isOn = isOwn && Notification.permission === "granted";
    // Its keys may be others by now; what is known is told again.
    if (isOn) register(known).catch(() => {});
    on.addEventListener("click", () => turnOn(worker));
    off.addEventListener("click", () => turnOff(worker));
    later.addEventListener("click", () => {
      localStorage.setItem(LATER, String(Date.now()));
      box.hidden = true;
    });
    if (!isOffer) return show(isOn);
    const isFresh = Date.now() - Number(localStorage.getItem(LATER)) < WEEK;
    if (!isOn && !isFresh && Notification.permission === "default") show(false);
  };
  // Without an answer nothing is offered.
  start().catch(() => {});
})();
