// Keeps a campaign's progress fresh, without a reload and without taking the focus away.
(() => {
  const live = document.getElementById("campaign-live");
  if (!live || !live.querySelector("[data-live]")) return;
  const interval = 5_000;

  // Tokens differ on every answer; without them, equal means nothing has changed.
  const plain = (html) => html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  let shown = "";
  const replace = (html) => {
    if (plain(html) === shown) return;
    shown = plain(html);
    const place = [...live.querySelectorAll("a, button")].indexOf(document.activeElement);
    live.innerHTML = html;
    if (place >= 0) live.querySelectorAll("a, button")[place]?.focus();
  };
  const refresh = async () => {
    if (!document.hidden) {
      try {
        const response = await fetch(live.dataset.refresh, { redirect: "error" });
        if (response.ok) replace(await response.text());
      } catch {
        // The network is away for a moment; the next round tries again.
      }
    }
    if (live.querySelector("[data-live]")) setTimeout(refresh, interval);
  };
  setTimeout(refresh, interval);
})();
