// Short messages: those that came with the page, and those that an answer brings.
(() => {
  const STAY = 6000;
  const STAY_WITH_LINK = 15000;
  const timers = new WeakMap();
  const box = () => document.getElementById("toasts");

  // Behind a modal dialog nothing can be pressed or is read aloud: the messages live inside the one that is open.
  function raise() {
    const open = [...document.querySelectorAll("dialog:modal")].pop();
    const host = open || document.body;
    const toasts = box();
    if (toasts.parentNode !== host) host.append(toasts);
    if (!toasts.showPopover) return;
    if (toasts.matches(":popover-open")) toasts.hidePopover();
    toasts.showPopover();
  }

  function remove(toast) {
    toast.remove();
    if (!box().children.length && box().matches(":popover-open")) box().hidePopover();
  }

  function hold(toast) {
    clearTimeout(timers.get(toast));
  }

  // What went wrong stays until it is closed; the rest goes by itself, but not while somebody reads it.
  function release(toast) {
    hold(toast);
    if (!toast.classList.contains("bad")) timers.set(toast, setTimeout(() => remove(toast), toast.querySelector("a") ? STAY_WITH_LINK : STAY));
  }

  function arm(toast) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "\u2715";
    button.setAttribute("aria-label", box().dataset.closeLabel);
    button.addEventListener("click", () => remove(toast));
    toast.append(button);
    toast.addEventListener("pointerenter", () => hold(toast));
    toast.addEventListener("pointerleave", () => release(toast));
    toast.addEventListener("focusin", () => hold(toast));
    toast.addEventListener("focusout", () => release(toast));
    release(toast);
  }

  function say(text, kind, url, label) {
    const same = [...box().children].find((toast) => toast.firstChild.textContent === text);
    if (same) return void release(same);
    raise();
    const toast = document.createElement("div");
    toast.className = `toast ${kind || ""}`;
    const words = document.createElement("span");
    words.textContent = text;
    toast.append(words);
    if (url) {
      const link = document.createElement("a");
      Object.assign(link, { href: url, textContent: label });
      link.dataset.dialog = "";
      toast.append(link);
    }
    arm(toast);
    // One frame later, so that a screen reader sees the region first and then the news in it.
    requestAnimationFrame(() => box().append(toast));
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const toast of [...box().children]) arm(toast);
    if (box().children.length) raise();
  });
  document.addEventListener("close", () => {
    if (box().children.length) raise();
  }, true);

  document.addEventListener("toast", (event) => say(event.detail.text, event.detail.kind, event.detail.url, event.detail.label));
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => say(box().dataset.unreachable, "bad"));
  // Ours bring their own words; what stands between us and the browser does not.
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (!xhr.getResponseHeader("HX-Trigger") && !xhr.getResponseHeader("HX-Redirect")) say(box().dataset.unreachable, "bad");
  });
})();
