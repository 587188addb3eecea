// The chart by keyboard: a cursor over bars and free nights; what is picked up is moved by the same arrows.
(() => {
  const KEPT = "latchkey.chart";
  const chart = () => window.latchkey.chart;
  let at = null; // { row, day, nights }: where the cursor is
  let held = null; // { stay, row, begins, ends, ghost }: what is picked up
  let dropped = ""; // the stay that was dropped last: when it is there, the cursor goes to it
  let landing = false;
  let gone = 0; // when g was pressed: the next letter belongs to the rail

  const arrows = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-8, 0], PageDown: [8, 0] };
  const can = (what) => chart().root().classList.contains(`can-${what}`);

  function cell() {
    let node = chart().root().querySelector(".cell");
    if (!node) {
      node = document.createElement("div");
      node.className = "cell";
      node.setAttribute("role", "gridcell");
    }
    return node;
  }

  function lower() {
    chart().root().querySelectorAll('[tabindex="0"]').forEach((node) => (node.tabIndex = -1));
  }

  // The cursor stands on a bar where there is one, else on the night itself.
  function stand(row, day, { nights = 1, focus = true, scroll = focus } = {}) {
    const { root, barAt, lay, number, word, sayDay, read, last } = chart();
    at = { row, day, nights };
    lower();
    const bar = nights === 1 ? barAt(row, day) : null;
    const node = bar?.querySelector("a") || cell();
    if (bar?.querySelector("a")) root().querySelector(".cell")?.remove();
    else {
      const closed = bar && read(bar);
      // A free night has the shape of the stay that could be booked there.
      lay(node, row, day * 24 + Number(root().dataset.in), (day + nights) * 24 + Number(root().dataset.out));
      node.classList.toggle("is-wide", nights > 1);
      node.setAttribute("aria-colindex", day + 2);
      const values = { room: number(row), from: sayDay(day), until: sayDay(day + nights), count: nights };
      node.setAttribute("aria-label", closed ? `${number(row)}, ${sayDay(day)}, ${closed.name} – ${sayDay(last(closed))}` : word(nights > 1 ? "nights" : "free", values));
      if (nights > 1) chart().say(word("nights", values));
    }
    node.tabIndex = 0;
    if (focus) node.focus({ preventScroll: true });
    // A long bar must not pull its far end into view.
    if (scroll) (node.offsetWidth < root().clientWidth / 2 ? node : row.querySelector(".ch")).scrollIntoView({ block: "nearest", inline: "nearest" });
    remember();
  }

  function go([down, right], { isWide = false } = {}) {
    const { rows, barAt, read, first, last, days, root } = chart();
    const all = rows();
    const bar = at.nights === 1 ? barAt(at.row, at.day) : null;
    if (isWide && right && !bar) {
      const nights = Math.max(1, at.nights + right);
      const isFree = [...Array(nights).keys()].every((count) => !barAt(at.row, at.day + count) && at.day + count < days());
      return isFree && stand(at.row, at.day, { nights });
    }
    let day = at.day;
    if (right) {
      const stay = bar && "a" in bar.dataset ? read(bar) : null;
      day = right > 0 ? Math.max(stay ? last(stay) : 0, at.day + at.nights) : Math.min(stay ? first(stay) : at.day, at.day) - 1;
      if (day < 0 || day >= days()) return turn(right, day);
    }
    const place = Math.max(0, Math.min(all.length - 1, all.indexOf(at.row) + down));
    return all.length && root() && stand(all[place], day);
  }

  function turn(direction, day) {
    const { root, iso } = chart();
    remember({ on: iso(day), focus: true });
    document.querySelector(`[data-turn="${direction > 0 ? "." : ","}"]`)?.click();
    return Boolean(root());
  }

  // ------------------------------------------------------------------ picking up
  function refusal(stay) {
    const { word } = chart();
    if (!can("change") || stay.isPast) return word("past", { guest: stay.name });
    return "";
  }

  function pick(bar, { edge = false } = {}) {
    const { read, word, say, root, rooms, fits } = chart();
    const stay = read(bar);
    const why = refusal(stay) || (stay.isFixed && !edge ? word("fixed", { guest: stay.name }) : "");
    if (why) return say(why, "bad"), false;
    drop();
    const row = bar.closest(".cr");
    held = { stay, row, begins: stay.begins, ends: stay.ends, ghost: Object.assign(document.createElement("div"), { className: "ghost" }) };
    bar.classList.add("lifted");
    if (row.matches(".cl")) {
      const fitting = rooms().filter((room) => fits(room, stay));
      fitting.forEach((room) => room.classList.add("fits"));
      root().classList.add("is-picking");
      say(word(fitting.length ? "choose" : "nothing", { guest: stay.name, count: fitting.length }), fitting.length ? "" : "bad");
    } else say(word("picked", { guest: stay.name }));
    return true;
  }

  // Lets go of it without doing anything.
  function drop() {
    if (!held) return;
    held.ghost.remove();
    const root = chart().root();
    root.classList.remove("is-picking");
    root.querySelectorAll(".lifted, .fits").forEach((node) => node.classList.remove("lifted", "fits"));
    held = null;
  }

  function show() {
    const { lay, inTheWay, number, sayDay, word, say } = chart();
    const span = { room: number(held.row), from: sayDay(Math.floor(held.begins / 24)), until: sayDay(chart().last(held)) };
    held.why = held.row.matches(".cm") ? inTheWay(held.row, { id: held.stay.id, begins: held.begins, ends: held.ends }) : "";
    lay(held.ghost, held.row, held.begins, held.ends);
    held.ghost.classList.toggle("bad", Boolean(held.why));
    held.ghost.textContent = held.why || held.stay.name;
    say(held.why || word("at", span), held.why ? "bad" : "");
  }

  // Where the held stay would be; what cannot change about it is said.
  function put({ row = held.row, begins = held.begins, ends = held.ends }) {
    const { say, word } = chart();
    if (held.stay.isHere && begins !== held.stay.begins) return say(word("here", { guest: held.stay.name }), "bad");
    if (held.stay.isFixed && row !== held.row) return say(word("fixed", { guest: held.stay.name }), "bad");
    const nights = chart().last({ ends }) - chart().first({ begins });
    if (nights < (held.stay.isDay ? 0 : 1)) return undefined;
    Object.assign(held, { row, begins, ends });
    return show();
  }

  function settle() {
    const { say, ask, iso, first, word } = chart();
    const { stay, row, begins, ends } = held;
    if (row === stay.bar.closest(".cr") && begins === stay.begins && ends === stay.ends) return drop(), say(word("back"));
    if (held.why) return say(held.why, "bad");
    const span = { arrival_date: iso(first({ begins })), departure_date: iso(chart().last({ ends })) };
    dropped = stay.id;
    ask(`stays/${stay.id}/move`, { ...span, room_id: row.matches(".cm") ? row.id.slice(1) : "", version: stay.version });
    return undefined;
  }

  function step([down, right]) {
    const { rooms, root } = chart();
    if (right) return put({ begins: held.begins + right * 24, ends: held.ends + right * 24 });
    const isFromLane = root().classList.contains("is-picking");
    const all = rooms().filter((row) => !isFromLane || row.matches(".fits"));
    const here = all.indexOf(held.row);
    const row = all[Math.max(0, Math.min(all.length - 1, here < 0 ? 0 : here + down))];
    if (!row) return undefined;
    row.scrollIntoView({ block: "nearest" });
    return put({ row });
  }

  const EDGES = { "[": [0, -24], "]": [0, 24], "{": [-24, 0], "}": [24, 0] };
  function stretch([begins, ends], bar) {
    if (!held && !(bar && pick(bar, { edge: true }))) return;
    put({ begins: held.begins + begins, ends: held.ends + ends });
  }

  // ------------------------------------------------------------------ keys
  function book() {
    const { root, ask, iso, barAt } = chart();
    if (!at.row.matches(".cm") || barAt(at.row, at.day) || !can("book")) return;
    ask(root().dataset.book, {
      room_id: at.row.id.slice(1), room_type_id: at.row.dataset.t, arrival_date: iso(at.day), departure_date: iso(at.day + at.nights), back: "chart",
    });
  }

  function open(bar) {
    const stay = chart().read(bar);
    if (bar.closest(".cl") && can("change")) pick(bar);
    else chart().ask(`stays/${stay.id}`, {});
  }

  function whileHeld(event) {
    if (event.key === "Escape") return drop(), chart().say(chart().word("back")), true;
    if (event.key === "Enter") return settle(), true;
    if (event.key in EDGES) return stretch(EDGES[event.key]), true;
    if (event.key in arrows) {
      const [down, right] = arrows[event.key];
      if (event.shiftKey && right) put({ ends: held.ends + right * 24 });
      else step([down, right]);
      return true;
    }
    return false;
  }

  function press(event) {
    if (held) return whileHeld(event);
    if (!at) return false;
    const bar = at.nights === 1 ? chart().barAt(at.row, at.day) : null;
    const isLetter = !window.latchkey.lettersAreOff();
    if (event.key in arrows) {
      const [down, right] = arrows[event.key];
      if (event.shiftKey && right && bar?.dataset.v) return stretch([0, right * 24], bar), true;
      return go([down, right], { isWide: event.shiftKey }), true;
    }
    if (event.key === "Enter") return bar?.querySelector("a") ? open(bar) : book(), true;
    if (event.key === "Escape" && at.nights > 1) return stand(at.row, at.day), true;
    if (isLetter && bar && event.key in EDGES) return stretch(EDGES[event.key], bar), true;
    if (isLetter && bar && event.key === "m" && Date.now() - gone > 1200) return pick(bar) && show(), true;
    return false;
  }

  document.addEventListener("keydown", (event) => {
    const root = chart().root();
    if (!root || document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "g") gone = Date.now();
    const isInside = root.contains(document.activeElement) && !document.activeElement.closest("button, .ch");
    if (!isInside && !held) {
      // Outside of the grid the arrows turn the page, unless something there wants them.
      const isNowhere = document.activeElement === document.body;
      if (isNowhere && ["ArrowLeft", "ArrowRight"].includes(event.key)) document.querySelector(`[data-turn="${event.key === "ArrowLeft" ? "," : "."}"]`)?.click();
      return;
    }
    if (press(event)) event.preventDefault();
  }, true);

  document.addEventListener("focusin", (event) => {
    const bar = event.target.closest?.(".chart .b");
    if (!bar || (at && chart().barAt(at.row, at.day) === bar)) return;
    lower();
    event.target.tabIndex = 0;
    const span = "a" in bar.dataset ? chart().first(chart().read(bar)) : 0;
    at = { row: bar.closest(".cr"), day: Math.max(0, span), nights: 1 };
    remember();
  });

  // ------------------------------------------------------------------ the place is remembered
  function remember(more = {}) {
    const { root, iso } = chart();
    if (!root()) return;
    const place = { top: root().scrollTop, left: root().scrollLeft, row: at?.row.id, on: at ? iso(at.day) : null, ...more };
    sessionStorage.setItem(KEPT, JSON.stringify(place));
  }

  function begin() {
    const { root, rows, dayOf, days } = chart();
    if (!root() || root().dataset.begun) return;
    root().dataset.begun = "yes";
    root().querySelectorAll(".b > a").forEach((link) => (link.tabIndex = -1));
    held = null;
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
    root().scrollTo(kept.left || 0, kept.top || 0);
    const all = rows();
    const row = (kept.row && document.getElementById(kept.row)) || all.find((each) => each.matches(".cm")) || all[0];
    if (!row) return;
    const day = Math.max(0, Math.min(days() - 1, kept.on ? dayOf(kept.on) : dayOf(root().dataset.today)));
    stand(row, day, {
      focus: Boolean(kept.focus) || (document.activeElement === document.body && matchMedia("(min-width: 801px)").matches), scroll: false,
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const root = chart().root();
    // A phone shows three days until somebody chooses otherwise.
    if (root && "usual" in root.dataset && matchMedia("(max-width: 800px)").matches) return location.replace("?zoom=three");
    return begin();
  });
  document.addEventListener("htmx:afterSettle", () => chart().root() && begin());
  window.addEventListener("pagehide", () => chart().root() && remember());
  document.addEventListener("chart:moved", () => (landing = true));
  document.addEventListener("close", () => held && drop(), true);
  document.addEventListener("click", (event) => {
    if (event.target.closest(".lane-more")) chart().root().classList.add("all-lanes");
  });

  // A row was drawn anew: what stood in it is found again, and lost only where it is really gone.
  function refresh() {
    const { root, rows, find, word, say } = chart();
    root().querySelectorAll(".b > a:not([tabindex])").forEach((link) => (link.tabIndex = -1));
    if (held) {
      const bar = find(held.stay.id);
      if (!bar || bar.dataset.v !== held.stay.version) {
        say(word("changed", { guest: held.stay.name }), "bad");
        drop();
      } else {
        const row = held.row.id ? document.getElementById(held.row.id) : bar.closest(".cr");
        held.stay = { ...held.stay, bar };
        held.row = row || bar.closest(".cr");
        bar.classList.add("lifted");
        show();
      }
    }
    const there = landing && find(dropped);
    landing = false;
    if (there) at = { row: there.closest(".cr"), day: Math.max(0, chart().first(chart().read(there))), nights: 1 };
    if (!at) return;
    const row = (at.row.id && document.getElementById(at.row.id)) || (at.row.isConnected ? at.row : rows()[0]);
    const hadFocus = document.activeElement === document.body || root().contains(document.activeElement);
    if (row) stand(row, at.day, { nights: at.nights, focus: hadFocus && !document.querySelector("dialog[open]") });
  }

  window.latchkey = { ...window.latchkey, chartCursor: { pick, drop, put, show, settle, stand, book, open, refresh, held: () => held, at: () => at } };
})();
