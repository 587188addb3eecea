// One dialog for the whole page: links with data-dialog fill it, the server opens and closes it.
(() => {
  const BACK_TO = "latchkey.back-to";
  const dialog = () => document.getElementById("dialog");
  let opener = null;

  function focusInside(box) {
    const target =
      box.querySelector("[aria-invalid=true]") ||
      box.querySelector("[data-autofocus]") ||
      box.querySelector("input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea:not([disabled])") ||
      box.querySelector(".dialog-foot .primary") ||
      box.querySelector("#dialog-title");
    if (target) target.focus();
  }

  function show() {
    const box = dialog();
    if (!box) return;
    if (!box.open) {
      opener = document.activeElement;
      opener.setAttribute("data-opener", "");
      box.showModal();
    }
    keepFocus(box);
  }

  // A part that only renews itself (the progress of a key) must not steal the focus, but what it had is not lost.
  function keepFocus(box) {
    const at = document.activeElement;
    // The browser puts the focus on the title when the dialog opens; the first field is meant.
    if (!box.contains(at) || at === box || ["dialog-body", "dialog-title"].includes(at.id)) focusInside(box);
  }

  function close() {
    const box = dialog();
    if (box && box.open) box.close();
  }

  // A list may have been renewed beneath the dialog: then whatever has taken the opener's place (live.js marks it), else the
  // same link elsewhere, takes the focus back.
  function find(href) {
    return href && document.querySelector(`main a[href="${CSS.escape(href)}"]`);
  }
  function goBack() {
    const marked = document.querySelector("[data-opener]");
    const again = opener && (marked || find(opener.getAttribute("href")));
    marked?.removeAttribute("data-opener");
    opener = null;
    if (again) again.focus();
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
    const box = dialog();
    if (!box?.open || !box.contains(event.target)) return;
    if (event.target.id === "dialog-body" && box.querySelector("[aria-invalid=true]")) focusInside(box);
    else keepFocus(box);
  });

  document.addEventListener("DOMContentLoaded", () => {
    const box = dialog();
    if (!box) return;
    box.addEventListener("close", () => {
      const body = document.getElementById("dialog-body");
      const isStale = Boolean(body.querySelector("[data-reload-on-close]"));
      body.replaceChildren();
      if (!isStale) return goBack();
      const row = opener?.closest("[data-row]");
      const link = row ? row.querySelector("[data-primary], a[href]") : opener;
      sessionStorage.setItem(BACK_TO, link?.getAttribute("href") || "");
      location.reload();
    });
    const href = sessionStorage.getItem(BACK_TO);
    sessionStorage.removeItem(BACK_TO);
    const before = find(href);
    const first = document.querySelector("main [aria-invalid=true], main [data-autofocus]") || (before && (before.closest("[data-row]") || before));
    if (first) first.focus();
  });
})();
