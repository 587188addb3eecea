// The chart by mouse and finger: drag a bar, drag its edge, drag over free nights. A finger picks up by resting on the bar.
(() => {
  const EDGE = 7; // pixels at the end of a bar that change its dates
  const FAR = 5; // pixels until a press is a drag
  const REST = 380; // milliseconds until a finger picks up
  const chart = () => window.latchkey.chart;
  const cursor = () => window.latchkey.chartCursor;
  let pressed = null; // { bar | row, x, y, day, edge, timer, isOn }
  let swallow = false; // the click that a drag ends with

  const can = (what) => chart().root().classList.contains(`can-${what}`);

  function dayAt(x) {
    const box = chart().track(chart().rooms()[0]).getBoundingClientRect();
    return Math.floor(((x - box.left) / box.width) * chart().days());
  }

  function edgeAt(bar, x) {
    if (!bar?.dataset.v || !can("change")) return "";
    const box = bar.getBoundingClientRect();
    const reach = Math.min(EDGE, box.width / 4);
    if (box.right - x <= reach) return "end";
    return x - box.left <= reach && !("h" in bar.dataset) ? "start" : "";
  }

  function rowAt(event) {
    return document.elementFromPoint(event.clientX, event.clientY)?.closest(".cm, .cl");
  }

  function lift() {
    if (!cursor().pick(pressed.bar, { edge: Boolean(pressed.edge) })) return void (pressed = null);
    pressed.isOn = true;
    chart().root().classList.add("is-dragging");
    const { id } = chart().read(pressed.bar);
    pressed.id = id;
    return cursor().show();
  }

  function drag(event) {
    const held = cursor().held();
    if (!held) return void stop();
    const by = (dayAt(event.clientX) - pressed.day) * 24;
    const { begins, ends, isHere } = held.stay;
    if (pressed.edge === "end") cursor().put({ ends: ends + by });
    else if (pressed.edge === "start") cursor().put({ begins: begins + by });
    else {
      const row = held.stay.isFixed ? held.row : rowAt(event) || held.row;
      cursor().put({ row, begins: begins + (isHere ? 0 : by), ends: ends + (isHere ? 0 : by) });
    }
    return follow(event);
  }

  // Near its edges the chart scrolls on.
  function follow({ clientX, clientY }) {
    const box = chart().root().getBoundingClientRect();
    const down = clientY > box.bottom - 36 ? 14 : clientY < box.top + 90 ? -14 : 0;
    const right = clientX > box.right - 24 ? 14 : clientX < box.left + 130 ? -14 : 0;
    if (down || right) chart().root().scrollBy(right, down);
  }

  function stop() {
    clearTimeout(pressed?.timer);
    chart().root()?.classList.remove("is-dragging");
    pressed = null;
  }

  document.addEventListener("pointerdown", (event) => {
    const root = event.button === 0 && chart().root();
    if (!root || !root.contains(event.target) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = event.target.closest(".cm, .cl");
    const bar = event.target.closest(".b");
    if (!row || event.target.closest(".ch") || cursor().held()) return;
    swallow = false;
    pressed = { row, bar, x: event.clientX, y: event.clientY, day: dayAt(event.clientX), edge: edgeAt(bar, event.clientX), isTouch: event.pointerType === "touch" };
    if (bar && pressed.isTouch) pressed.timer = setTimeout(() => pressed && lift(), REST);
  });

  document.addEventListener("pointermove", (event) => {
    const root = chart().root();
    if (!root) return;
    if (!pressed) {
      const bar = event.target.closest?.(".chart .b");
      const edge = bar && event.pointerType === "mouse" ? edgeAt(bar, event.clientX) : "";
      if (bar) bar.toggleAttribute("data-edge", Boolean(edge));
      if (bar && !bar.title) bar.title = bar.querySelector("[aria-label]")?.getAttribute("aria-label") || "";
      return;
    }
    const isFar = Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > FAR;
    if (pressed.isTouch && !pressed.isOn) return void (isFar && stop());
    if (!pressed.isOn && !isFar) return;
    if (pressed.bar) {
      if (!pressed.isOn && !pressed.bar.dataset.a) return void stop();
      if (!pressed.isOn) lift();
      if (pressed) drag(event);
    } else if (can("book") && pressed.row.matches(".cm")) {
      pressed.isOn = true;
      const [from, until] = [pressed.day, dayAt(event.clientX)].sort((one, other) => one - other);
      const isFree = [...Array(until - from + 1).keys()].every((count) => !chart().barAt(pressed.row, from + count));
      if (isFree) cursor().stand(pressed.row, from, { nights: until - from + 1, focus: false });
    }
  });

  document.addEventListener("pointerup", () => {
    if (!pressed) return;
    const { isOn, bar } = pressed;
    stop();
    if (!isOn) return;
    swallow = true;
    if (!bar) return void cursor().book();
    // Where somebody else is in the way it goes back, and the sentence says who.
    if (cursor().held()?.why) return void cursor().drop();
    cursor().settle();
  });
  document.addEventListener("pointercancel", () => pressed && stop());
  document.addEventListener("touchmove", (event) => pressed?.isOn && event.preventDefault(), { passive: false });
  document.addEventListener("contextmenu", (event) => pressed?.isTouch && event.preventDefault());
  document.addEventListener("dragstart", (event) => event.target.closest?.(".chart") && event.preventDefault());

  document.addEventListener("click", (event) => {
    const root = chart().root();
    if (!root?.contains(event.target) || event.target.closest(".ch")) return;
    const bar = event.target.closest(".b");
    const row = event.target.closest(".cm, .cl");
    if (swallow) {
      swallow = false;
      return void event.preventDefault();
    }
    if (event.ctrlKey || event.metaKey || event.shiftKey || !row) return;
    const held = cursor().held();
    if (held && row.matches(".cm")) {
      event.preventDefault();
      cursor().put({ row });
      if (!cursor().held().why) cursor().settle();
    } else if (held && bar !== held.stay.bar && !bar) cursor().drop();
    else if (bar?.querySelector("a")) {
      event.preventDefault();
      cursor().open(bar);
    } else if (!bar && row.matches(".cm") && can("book")) {
      cursor().stand(row, dayAt(event.clientX));
      cursor().book();
    }
  });
})();
