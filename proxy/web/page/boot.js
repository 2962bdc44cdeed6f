// Before the first paint: style, light or dark, kiosk. A classic script; modules would be late.
(function () {
  "use strict";
  var root = document.documentElement;
  var asked = new URLSearchParams(location.search);
  var styles = ["clear", "black", "dakboard", "white", "grafana", "grafana-dark", "solar"];
  var fixed = { black: "dark", dakboard: "dark", "grafana-dark": "dark", white: "light", grafana: "light" };
  var wanted = (asked.get("style") || "").replace(/\.js$/, "");
  if (styles.indexOf(wanted) >= 0) root.dataset.style = wanted;
  if (asked.has("kiosk") && asked.get("kiosk") !== "0") root.classList.add("kiosk");
  if (window.self !== window.top) root.classList.add("framed");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  function paint() {
    var theme = asked.get("theme");
    if (theme !== "light" && theme !== "dark") theme = fixed[root.dataset.style];
    root.dataset.theme = theme || (dark.matches ? "dark" : "light");
  }
  paint();
  if (dark.addEventListener) dark.addEventListener("change", paint);
})();
