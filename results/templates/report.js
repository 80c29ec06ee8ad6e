"use strict";
(() => {
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const root = document.documentElement;
  const languages = ["zh", "en"];
  const titles = { en: root.dataset.titleEn, zh: root.dataset.titleZh };
  let language = "zh", anchor = "";

  const parse = () => {
    const parts = decodeURIComponent(location.hash.slice(1)).split(",").filter(Boolean);
    anchor = parts.find(part => !languages.includes(part)) || "";
    return parts.find(part => languages.includes(part)) || "";
  };
  const remember = () => history.replaceState(null, "", "#" + [anchor, language].filter(Boolean).join(","));
  const narrow = () => innerWidth < 560;

  const figure = name => {
    const chart = structuredClone({ data: charts[name].data, layout: charts[name].layout });
    const place = language === "zh" ? 2 : 1;
    for (const word of charts[name].words) {
      const path = word[0].slice(), last = path.pop();
      path.reduce((part, key) => part[key], chart)[last] = word[place];
    }
    if (narrow()) {
      chart.layout.font.size = 11;
      chart.layout.margin.l = 40;
      chart.layout.margin.r = 6;
      chart.layout.legend.font.size = 11;
      chart.layout.xaxis.nticks = 5;
    }
    return chart;
  };

  // The legend stands below the plot and adds its own height, so that it never eats into the picture.
  const draw = async element => {
    const { data, layout } = figure(element.dataset.chart);
    const base = layout.height;
    layout.legend.maxheight = 4000;  // never one that scrolls: names would hide below its edge
    const config = { displaylogo: false, responsive: true, modeBarButtons: [["toImage", "resetScale2d"]] };
    await Plotly.react(element, data, layout, config);
    const legend = element.querySelector(".legend .bg");
    const extra = legend ? Math.ceil(legend.getBoundingClientRect().height) : 0;
    await Plotly.relayout(element, { height: base + extra, "margin.b": layout.margin.b + extra });
    const bottom = element.querySelector(".legend .bg")?.getBoundingClientRect().bottom;
    const gap = bottom ? Math.floor(element.getBoundingClientRect().bottom - bottom) - 10 : 0;
    if (gap > 6) await Plotly.relayout(element, { height: base + extra - gap, "margin.b": layout.margin.b + extra - gap });
  };
  const drawAll = () => document.querySelectorAll(".chart").forEach(draw);

  const speak = chosen => {
    language = chosen;
    root.lang = chosen === "zh" ? "zh-CN" : "en";
    root.dataset.lang = chosen;
    document.title = titles[chosen];
    document.querySelectorAll(".switch button").forEach(b => b.setAttribute("aria-pressed", String(b.value === chosen)));
    drawAll();
  };
  const show = () => { const target = anchor && document.getElementById(anchor); if (target) target.scrollIntoView(); };

  document.querySelectorAll(".switch button").forEach(button =>
    button.addEventListener("click", () => { speak(button.value); remember(); }));
  document.querySelectorAll("nav a").forEach(link => link.addEventListener("click", event => {
    event.preventDefault();
    anchor = link.hash.slice(1);
    remember();
    show();
  }));
  addEventListener("hashchange", () => { const asked = parse(); if (asked && asked !== language) speak(asked); show(); });
  let wasNarrow = narrow();
  addEventListener("resize", () => { if (narrow() !== wasNarrow) { wasNarrow = narrow(); drawAll(); } });
  speak(parse() || "zh");
  if (anchor) setTimeout(show, 300);
})();
