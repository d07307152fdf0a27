// Draws the charts of the figures with Chart.js. Each canvas names the JSON it shows; the
// table under it says the same, so nothing is lost where this does not run.
(() => {
  "use strict";

  const charts = [];

  function colours() {
    const isDark = document.documentElement.classList.contains("dark");
    return isDark
      ? { now: "#4ade80", then: "#cbd5e1", text: "#d1d5db", grid: "#ffffff22" }
      : { now: "#166534", then: "#57534e", text: "#374151", grid: "#00000018" };
  }

  function written(currency) {
    const language = document.documentElement.lang || undefined;
    return new Intl.NumberFormat(
      language,
      currency ? { style: "currency", currency } : {},
    );
  }

  // The first set is solid; the second, to compare with, dashed or hollow.
  function dataset(set, index, kind, colour) {
    const isFirst = index === 0;
    const line = isFirst ? colour.now : colour.then;
    return {
      label: set.label,
      data: set.values,
      borderColor: line,
      backgroundColor: isFirst && kind === "bar" ? line : "transparent",
      borderDash: isFirst ? [] : [5, 4],
      borderWidth: 2,
      pointRadius: set.values.length > 31 ? 0 : 3,
      tension: 0,
    };
  }

  function options(drawn, colour) {
    const format = written(drawn.currency);
    const number = {
      beginAtZero: true,
      grid: { color: colour.grid },
      ticks: {
        color: colour.text,
        precision: drawn.currency ? undefined : 0,
        callback: (value) => format.format(value),
      },
    };
    const name = {
      grid: { display: false },
      ticks: { color: colour.text, maxRotation: 45, autoSkip: !drawn.isLying },
    };
    const shown = (item) =>
      `${item.dataset.label}: ${format.format(drawn.isLying ? item.parsed.x : item.parsed.y)}`;
    return {
      animation: false,
      maintainAspectRatio: false,
      indexAxis: drawn.isLying ? "y" : "x",
      scales: drawn.isLying ? { x: number, y: name } : { x: name, y: number },
      plugins: {
        legend: { labels: { color: colour.text, boxHeight: 8 } },
        tooltip: { callbacks: { label: shown } },
      },
    };
  }

  function draw(canvas) {
    const source = document.getElementById(canvas.dataset.figures);
    const drawn = JSON.parse(source.textContent);
    const colour = colours();
    return new window.Chart(canvas, {
      type: drawn.kind,
      data: {
        labels: drawn.labels,
        datasets: drawn.sets.map((set, index) => dataset(set, index, drawn.kind, colour)),
      },
      options: options(drawn, colour),
    });
  }

  function drawAll() {
    charts.splice(0).forEach((chart) => chart.destroy());
    document
      .querySelectorAll("canvas[data-figures]")
      .forEach((canvas) => charts.push(draw(canvas)));
  }

  if (window.Chart) {
    drawAll();
    // The theme's switch between light and dark changes the page's class.
    new MutationObserver(drawAll).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["class"],
    });
  }
})();
