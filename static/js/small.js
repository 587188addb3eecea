// Copy, print, and seconds that count down.
(() => {
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      document.dispatchEvent(new CustomEvent("toast", { detail: { text: copy.dataset.copied || "\u2713", kind: "ok" } }));
    }
    if (event.target.closest("[data-print]")) window.print();
  });

  setInterval(() => {
    for (const node of document.querySelectorAll("[data-seconds]")) {
      const left = Math.max(0, Number(node.dataset.seconds) - 1);
      node.dataset.seconds = String(left);
      node.textContent = String(left);
    }
  }, 1000);

  // Selects and radio groups that ask the server at once, without a button.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });
})();
