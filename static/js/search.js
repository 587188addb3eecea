// The search box, without a mouse: arrows move through what was found, Enter does what comes next, Esc goes back to where one was.
// Answers come when they come: a late one neither takes the focus away nor loses what somebody has chosen, and Enter pressed
// too early waits for the answer to what was typed.
(() => {
  const box = () => document.querySelector("[data-search]");
  const field = () => box()?.querySelector("input[type=search]");
  const results = () => document.getElementById("search-results");
  const hits = () => [...results().querySelectorAll("[data-hit]")];
  const typed = () => field().value.trim();
  let answered = null;
  let awaited = null;
  let chosen = null;
  let before = null;
  let isComposing = false;

  function close() {
    htmx.trigger(field(), "htmx:abort");
    results().replaceChildren();
    answered = awaited = chosen = null;
  }

  function go(hit) {
    awaited = null;
    hit?.click();
  }

  function enter(at) {
    if (at !== field()) return at.click();
    if (answered === typed()) return go(hits().find((hit) => hit.classList.contains("hit")));
    awaited = typed();
    if (awaited) htmx.trigger(field(), "search:now");
  }

  function move(step) {
    const stops = [field(), ...hits()];
    const at = stops.indexOf(document.activeElement.closest(".found-line")?.querySelector("[data-hit]") || document.activeElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
  }

  function sideways(at, isForward) {
    const line = at.closest(".found-line");
    const aim = line?.querySelector(isForward ? "[data-hit-page]" : "[data-hit]");
    aim?.focus();
    return Boolean(aim);
  }

  function escape() {
    close();
    const back = before?.isConnected ? before : null;
    if (back) back.focus();
    else document.activeElement.blur();
  }

  const KEYS = {
    ArrowDown: () => hits().length > 0 && (move(1), true),
    ArrowUp: () => hits().length > 0 && (move(-1), true),
    ArrowRight: (at) => at !== field() && sideways(at, true),
    ArrowLeft: (at) => at !== field() && sideways(at, false),
    Enter: (at) => (enter(at), true),
    Escape: () => (escape(), true),
  };

  document.addEventListener("keydown", (event) => {
    const at = document.activeElement;
    if (!box()?.contains(at) || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (KEYS[event.key]?.(at)) event.preventDefault();
  }, true);

  // What is chosen is known by its link: the same one in a new answer keeps the focus, else the first one has it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.target !== results()) return;
    chosen = results().contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== results()) return;
    answered = String(event.detail.requestConfig.parameters.q ?? "").trim();
    if (chosen !== null) {
      const same = results().querySelector(`a[href="${CSS.escape(chosen)}"]`);
      (same || hits().find((hit) => hit.classList.contains("hit")) || field()).focus();
    } else if (awaited !== null && answered === typed()) enter(field());
  });

  // While a word is being put together from sounds or strokes, nothing is asked.
  document.addEventListener("compositionstart", (event) => {
    isComposing = isComposing || event.target === field();
  });
  document.addEventListener("compositionend", (event) => {
    if (event.target !== field()) return;
    isComposing = false;
    htmx.trigger(field(), "search:now");
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === field() && isComposing) event.preventDefault();
  });

  document.addEventListener("input", (event) => {
    if (event.target !== field()) return;
    awaited = null;
    if (!typed()) close();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target === field() && !box().contains(event.relatedTarget)) before = event.relatedTarget;
  });
  document.addEventListener("click", (event) => {
    if (!box() || !results().children.length) return;
    if (!box().contains(event.target)) close();
  });
  document.addEventListener("dialog:open", () => box() && close());
})();
