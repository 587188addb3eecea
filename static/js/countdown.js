// data-seconds="20": counts down by the clock, so that a tab in the background is right when it is looked at again.
(() => {
  const ends = new WeakMap();

  function tick() {
    for (const node of document.querySelectorAll("[data-seconds]")) {
      if (!ends.has(node)) ends.set(node, Date.now() + Number(node.dataset.seconds) * 1000);
      const left = String(Math.max(0, Math.ceil((ends.get(node) - Date.now()) / 1000)));
      if (node.textContent !== left) node.textContent = left;
    }
  }

  setInterval(tick, 250);
})();
