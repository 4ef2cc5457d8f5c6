// Draws the interactive charts of a page with plotly, in the colours of the theme, and again when the theme changes.
// A figure's colours may be names of design tokens ("mark-blue"); everything else is passed through.

const TOKENS = ["mark-blue", "mark-orange", "mark-grey", "mark-ink", "mark-band", "mark-grid", "ink", "ink-soft", "surface", "line"];

function themeColours() {
  // A custom property holds light-dark(…) as written; only a real property of an element holds the colour itself.
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const colours = {};
  for (const name of TOKENS) {
    probe.style.setProperty("color", `var(--${name})`);
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

function coloured(value, colours) {
  if (typeof value === "string") return colours[value] ?? value;
  if (Array.isArray(value)) return value.map((item) => coloured(item, colours));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, colours)]));
  }
  return value;
}

function draw() {
  const colours = themeColours();
  const family = getComputedStyle(document.body).fontFamily;
  for (const place of document.querySelectorAll("[data-chart]")) {
    const figure = coloured(JSON.parse(document.getElementById(place.dataset.chart).textContent), colours);
    const axis = { gridcolor: colours["mark-grid"], linecolor: colours["line"], zerolinecolor: colours["mark-grid"], automargin: true };
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family, size: 13, color: colours["ink"] },
      colorway: [colours["mark-blue"], colours["mark-orange"], colours["mark-grey"]],
      margin: { l: 48, r: 16, t: 16, b: 40 },
      hoverlabel: { bgcolor: colours["surface"], bordercolor: colours["ink-soft"], font: { family, color: colours["ink"] } },
      ...figure.layout,
      xaxis: { ...axis, ...figure.layout?.xaxis },
      yaxis: { ...axis, ...figure.layout?.yaxis },
    };
    const config = { responsive: true, displaylogo: false, displayModeBar: false };
    window.Plotly.react(place, figure.data, layout, config);
  }
}

if (document.querySelector("[data-chart]")) {
  draw();
  document.addEventListener("themechange", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
