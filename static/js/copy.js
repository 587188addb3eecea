// data-copy="text": to the clipboard, also where the hotel's network has no TLS and the browser hides its own way.
(() => {
  function copyByHand(text, host) {
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "visually-hidden";
    host.append(box);
    box.select();
    const copied = document.execCommand("copy");
    box.remove();
    return copied;
  }

  async function copy(text, host) {
    if (!navigator.clipboard) return copyByHand(text, host);
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyByHand(text, host);
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button || !(await copy(button.dataset.copy, button.parentElement))) return;
    button.focus();
    const text = button.dataset.copied || document.getElementById("toasts").dataset.copied;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, kind: "ok" } }));
  });
})();
