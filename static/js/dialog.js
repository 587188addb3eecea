// One dialog for the whole page: links with data-dialog fill it, the server opens and closes it.
(() => {
  const dialog = () => document.getElementById("dialog");
  let opener = null;

  function focusInside(box) {
    const target =
      box.querySelector("[aria-invalid=true]") ||
      box.querySelector("[data-autofocus]") ||
      box.querySelector("input:not([type=hidden]):not([disabled]), select, textarea") ||
      box.querySelector(".dialog-foot .primary") ||
      box.querySelector("#dialog-title");
    if (target) target.focus();
  }

  function show() {
    const box = dialog();
    if (!box) return;
    if (!box.open) {
      opener = document.activeElement;
      box.showModal();
    }
    // A part that only renews itself (the progress of a key) must not steal the focus.
    if (!box.contains(document.activeElement) || document.activeElement === box) focusInside(box);
  }

  function close() {
    const box = dialog();
    if (box && box.open) box.close();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && dialog() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      htmx.ajax("GET", link.href, { target: "#dialog-body", swap: "innerHTML", source: link });
      return;
    }
    const closing = event.target.closest("[data-close]");
    if (closing && closing.closest("dialog")) {
      event.preventDefault();
      closing.closest("dialog").close();
    }
    const back = event.target.closest("[data-back], button[data-close]");
    if (back && !back.closest("dialog")) history.back();
  });

  document.addEventListener("dialog:open", show);
  document.addEventListener("dialog:close", close);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "dialog-body" && dialog() && dialog().open && !dialog().contains(document.activeElement)) {
      focusInside(dialog());
    }
    const wrong = event.target.querySelector && event.target.querySelector("[aria-invalid=true]");
    if (wrong && event.target.id === "dialog-body") wrong.focus();
  });

  document.addEventListener("DOMContentLoaded", () => {
    const box = dialog();
    if (!box) return;
    box.addEventListener("close", () => {
      const body = document.getElementById("dialog-body");
      const stale = body.querySelector("[data-reload-on-close]");
      body.replaceChildren();
      if (stale) {
        location.reload();
        return;
      }
      if (opener && opener.isConnected) opener.focus();
      opener = null;
    });
    const first = document.querySelector("main [data-autofocus], main [aria-invalid=true]");
    if (first) first.focus();
  });
})();
