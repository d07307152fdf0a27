// Keeps the orders of now fresh, without a reload and without taking the focus away.
(() => {
  const board = document.getElementById("orders-now");
  if (!board) return;
  const interval = 4_000;

  const isBusy = () => {
    const active = document.activeElement;
    return board.contains(active) && active.matches("input, select");
  };
  const refresh = async () => {
    if (!document.hidden && !isBusy()) {
      try {
        const response = await fetch(board.dataset.refresh, { redirect: "error" });
        if (response.ok) replace(await response.text());
      } catch {
        // The network is away for a moment; the next round tries again.
      }
    }
    setTimeout(refresh, interval);
  };
  const key = (element) => {
    const card = element.closest(".order-card");
    return card && { card: card.id, index: [...card.querySelectorAll("a, button")].indexOf(element) };
  };
  // Tokens differ on every answer; without them, equal means nothing has changed.
  const plain = (html) => html.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  let shown = "";
  const replace = (html) => {
    if (isBusy() || plain(html) === shown) return;
    shown = plain(html);
    const focused = board.contains(document.activeElement) ? key(document.activeElement) : null;
    board.innerHTML = html;
    if (focused) {
      const card = document.getElementById(focused.card);
      card?.querySelectorAll("a, button")[focused.index]?.focus();
    }
  };
  setTimeout(refresh, interval);
})();
