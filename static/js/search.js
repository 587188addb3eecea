// The search box: arrows move through what was found, Enter opens the first one, but only if it answers what is typed now.
(() => {
  let answered = null;
  const typed = (box) => box.querySelector("input[type=search]").value.trim();
  const results = (box) => box.querySelector(".search-results");

  function close(box) {
    results(box).replaceChildren();
    answered = null;
  }

  function move(box, step) {
    const stops = [box.querySelector("input[type=search]"), ...box.querySelectorAll(".hit")];
    const at = stops.indexOf(document.activeElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + step))].focus();
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "search-results") answered = String(event.detail.requestConfig.parameters.q ?? "").trim();
  });

  document.addEventListener("keydown", (event) => {
    const box = document.activeElement?.closest("[data-search]");
    if (!box || event.isComposing) return;
    const hit = box.querySelector(".hit");
    if (event.key === "ArrowDown" && hit) move(box, 1);
    else if (event.key === "ArrowUp" && hit) move(box, -1);
    else if (event.key === "Enter" && document.activeElement.type === "search" && hit && answered === typed(box)) hit.click();
    else if (event.key === "Escape") {
      close(box);
      document.activeElement.blur();
    } else return;
    event.preventDefault();
  }, true);

  document.addEventListener("click", (event) => {
    const box = document.querySelector("[data-search]");
    if (box && !box.contains(event.target)) close(box);
  });
})();
