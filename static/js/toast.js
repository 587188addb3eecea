// Short messages: those that came with the page, and those that an answer brings.
(() => {
  const STAY = 6000;

  function arm(toast, box) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "\u2715";
    button.setAttribute("aria-label", box.dataset.closeLabel);
    button.addEventListener("click", () => remove(toast, box));
    toast.append(button);
    if (!toast.classList.contains("bad")) setTimeout(() => remove(toast, box), STAY);
  }

  function remove(toast, box) {
    toast.remove();
    if (!box.children.length && box.matches(":popover-open")) box.hidePopover();
  }

  // In the top layer, so that a toast is seen above an open dialog.
  function raise(box) {
    if (!box.showPopover) return;
    if (box.matches(":popover-open")) box.hidePopover();
    box.showPopover();
  }

  document.addEventListener("DOMContentLoaded", () => {
    const box = document.getElementById("toasts");
    for (const toast of [...box.children]) arm(toast, box);
    if (box.children.length) raise(box);
  });

  document.addEventListener("toast", (event) => {
    const box = document.getElementById("toasts");
    const toast = document.createElement("div");
    toast.className = `toast ${event.detail.kind || ""}`;
    toast.textContent = event.detail.text;
    arm(toast, box);
    box.append(toast);
    raise(box);
  });

  document.addEventListener("htmx:sendError", () => {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: document.documentElement.lang.startsWith("zh") ? "\u670d\u52a1\u5668\u6ca1\u6709\u56de\u5e94\uff0c\u8bf7\u518d\u8bd5\u4e00\u6b21\u3002" : "The server does not answer. Try again.", kind: "bad" } }));
  });
})();
