// Several nights of a row become one booking: drawn over with the mouse, or chosen with Shift and the arrow keys.
(() => {
  let from = null;
  let to = null;
  let isDrawn = false;

  const cells = (link) => [...link.closest("tr").querySelectorAll("a[data-night]")];
  const nextDay = (night) => new Date(Date.parse(`${night}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);

  // Only nights that follow one another: a full one in between ends the choice.
  function chosen() {
    if (!from || !to) return [];
    const row = cells(from);
    const [first, last] = [row.indexOf(from), row.indexOf(to)].sort((a, b) => a - b);
    const found = row.slice(first, last + 1);
    const isRow = found.every((link, place) => !place || nextDay(found[place - 1].dataset.night) === link.dataset.night);
    return isRow ? found : [];
  }

  function show() {
    document.querySelectorAll("[data-range] .is-chosen").forEach((cell) => cell.classList.remove("is-chosen"));
    chosen().forEach((link) => link.parentElement.classList.add("is-chosen"));
  }

  function clear() {
    from = to = null;
    isDrawn = false;
    show();
  }

  function open(link) {
    const found = chosen();
    if (found.length < 2) return false;
    const url = new URL(link.href);
    url.searchParams.set("arrival_date", found[0].dataset.night);
    url.searchParams.set("departure_date", nextDay(found.at(-1).dataset.night));
    clear();
    const opened = link.cloneNode(false);
    opened.href = url.href;
    opened.hidden = true;
    link.after(opened);
    opened.click();
    opened.remove();
    link.focus();
    return true;
  }

  const at = (event) => event.target.closest?.("[data-range] a[data-night]");

  document.addEventListener("pointerdown", (event) => {
    const link = at(event);
    if (!link || event.pointerType === "touch" || event.button) return;
    clear();
    from = to = link;
    isDrawn = true;
  });
  document.addEventListener("dragstart", (event) => {
    if (at(event)) event.preventDefault();
  });
  document.addEventListener("pointerover", (event) => {
    const link = isDrawn && at(event);
    if (!link || link.closest("tr") !== from.closest("tr")) return;
    to = link;
    show();
  });
  document.addEventListener("pointerup", (event) => {
    if (!isDrawn) return;
    isDrawn = false;
    if (!at(event) || !open(to)) clear();
  });

  document.addEventListener("keydown", (event) => {
    const link = at(event);
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (link && by) {
      const row = cells(link);
      const next = row[row.indexOf(link) + by];
      if (!next) return;
      event.preventDefault();
      if (event.shiftKey) {
        from = from?.closest("tr") === link.closest("tr") ? from : link;
        to = next;
      } else {
        from = to = null;
      }
      next.focus();
      show();
    } else if (link && event.key === "Enter" && open(link)) {
      event.preventDefault();
    } else if (event.key === "Escape" && from) {
      clear();
    }
  });
})();
