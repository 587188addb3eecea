// The chart's picture in the browser: rows, bars, days, who is in whose way. Hours count from the first day's midnight.
(() => {
  const NOT_OF_ROOMS = ["cot", "early", "late"];
  const root = () => document.querySelector("[data-chart]");
  const days = () => Number(root().dataset.days);
  const isSeen = (node) => node.offsetParent !== null;
  const rows = () => [...root().querySelectorAll(".cm, .cl")].filter(isSeen);
  const rooms = () => [...root().querySelectorAll(".cm")];
  const track = (row) => row.querySelector(".ct");
  const bars = (row) => [...track(row).querySelectorAll(".b")];
  const number = (row) => (row.matches(".cm") ? row.querySelector(".ch a").textContent : "");
  const find = (id) => root().querySelector(`.b > a[href$="/${id}"]`)?.closest(".b[data-v]");

  // Words of the page, with what stands in braces filled in.
  function word(name, values = {}) {
    return JSON.parse(root().dataset.words)[name].replace(/\{(\w+)\}/g, (_all, key) => values[key] ?? "");
  }
  function date(day) {
    const [year, month, first] = root().dataset.first.split("-").map(Number);
    return new Date(Date.UTC(year, month - 1, first + day));
  }
  const iso = (day) => date(day).toISOString().slice(0, 10);
  const dayOf = (text) => Math.round((Date.parse(text) - Date.parse(root().dataset.first)) / 86400000);
  const say_day = (day) => date(day).toLocaleDateString(document.documentElement.lang, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

  function read(bar) {
    const link = bar.querySelector("a");
    const { a, d, v, w, t } = bar.dataset;
    return {
      bar,
      id: link ? link.href.split("/").pop() : "",
      name: link ? link.getAttribute("aria-label").split(",")[0] : bar.textContent.trim(),
      begins: Number(a), ends: Number(d), version: v, type: t, wishes: (w || "").split(" ").filter(Boolean),
      isHere: "h" in bar.dataset, isDay: Math.floor(a / 24) === Math.floor((d - 1) / 24), isFixed: bar.classList.contains("fx"), isPast: v === undefined, isClosed: bar.classList.contains("cz"),
    };
  }
  const first = (stay) => Math.floor(stay.begins / 24);
  // Who leaves at 24:00 leaves on that day.
  const last = (stay) => Math.floor((stay.ends - 1) / 24);

  function barAt(row, day) {
    const found = bars(row).filter((bar) => {
      const stay = "a" in bar.dataset ? read(bar) : spanOf(bar);
      return first(stay) <= day && day < Math.max(last(stay), first(stay) + 1);
    });
    return found.pop();
  }
  // What a guest slept before a move has no hours of its own: its place on the grid says them.
  function spanOf(bar) {
    const hours = (days() * 24) / Number(getComputedStyle(root()).getPropertyValue("--steps"));
    const step = (name) => Number(getComputedStyle(bar).getPropertyValue(name));
    return { begins: step("--s") * hours, ends: (step("--s") + step("--n")) * hours };
  }

  // Who or what is in the way of a stay in that row from `begins` to `ends`; as a sentence, or nothing.
  function inTheWay(row, { id, begins, ends }) {
    const room = number(row);
    if (row.matches(".is-oo")) return word("broken", { room });
    for (const bar of bars(row)) {
      if (!("a" in bar.dataset)) continue;
      const other = read(bar);
      const overlaps = other.isPast && !other.isClosed ? first(other) < last({ ends }) && first({ begins }) < last(other) : other.begins < ends && begins < other.ends;
      if (other.id === id || !overlaps) continue;
      const span = { from: say_day(first(other)), until: say_day(last(other)) };
      return other.isClosed ? word("closed", { room, reason: other.name, ...span }) : word("taken", { room, guest: other.name, ...span });
    }
    return "";
  }

  function fits(row, stay) {
    const has = (row.dataset.f || "").split(" ");
    const isWished = stay.wishes.every((wish) => NOT_OF_ROOMS.includes(wish) || has.includes(wish));
    return row.dataset.t === stay.type && isWished && !inTheWay(row, stay);
  }

  // Puts an element over hours of a row; it may reach over both ends.
  function lay(node, row, begins, ends) {
    const whole = days() * 24;
    const from = Math.max(begins, 0);
    node.style.insetInlineStart = `${(100 * from) / whole}%`;
    node.style.inlineSize = `${(100 * Math.max(Math.min(ends, whole) - from, 3)) / whole}%`;
    if (node.parentNode !== track(row)) track(row).append(node);
  }

  function say(text, kind = "") {
    const line = document.getElementById("chart-say");
    if (!line) return;
    line.className = kind;
    line.textContent = text;
    clearTimeout(say.timer);
    if (text) say.timer = setTimeout(() => (line.textContent = ""), 8000);
  }

  function ask(path, values) {
    const url = new URL(path, new URL(root().dataset.chart, location.href));
    for (const [name, value] of Object.entries(values)) if (value !== null && value !== undefined) url.searchParams.set(name, value);
    htmx.ajax("GET", url.pathname + url.search, { target: "#dialog-body", swap: "innerHTML", source: root() });
  }

  window.latchkey = { ...window.latchkey, chart: { root, days, rows, rooms, track, number, find, word, iso, dayOf, sayDay: say_day, read, first, last, barAt, inTheWay, fits, lay, say, ask } };
})();
