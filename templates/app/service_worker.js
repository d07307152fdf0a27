"use strict";
// Shows a page of its own when there is no connection, and the news that is pushed.
// Nothing of anybody's is kept: other people may use this browser.
const CACHE = "tiffin-{{ version }}";
const OFFLINE = "{{ offline }}";
const KEPT = [OFFLINE, {% for url in assets %}"{{ url }}"{% if not forloop.last %}, {% endif %}{% endfor %}];

self.addEventListener("install", (event) => {
  const fresh = KEPT.map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(fresh))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("tiffin-") && name !== CACHE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  const path = new URL(request.url).pathname;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  } else if (KEPT.includes(path)) {
    event.respondWith(
      fetch(request).catch(async () => (await caches.match(path)) ?? Response.error()),
    );
  }
});

self.addEventListener("push", (event) => {
  let news = {};
  try {
    news = event.data.json();
  } catch {
    // Whatever it was, the browser wants something shown.
  }
  event.waitUntil(
    self.registration.showNotification(news.title || "Tiffin", {
      body: news.body || "",
      tag: news.tag || undefined,
      // Later news of the same replaces what is shown, and is heard again.
      renotify: Boolean(news.tag),
      icon: "{{ icon }}",
      badge: "{{ badge }}",
      data: { url: news.url || "/" },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  // Only pages of this site are opened.
  const target = url.origin === self.location.origin ? url.href : self.location.origin;
  const open = async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = pages.find((page) => page.url === target);
    return there ? there.focus() : self.clients.openWindow(target);
  };
  event.waitUntil(open());
});
