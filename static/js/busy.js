// A wait over 300 ms shows itself, and nothing is sent twice.
(() => {
  let running = 0;
  let timer = 0;
  let line = null;

  function begin() {
    running += 1;
    if (!timer) {
      timer = setTimeout(() => {
        line = document.createElement("div");
        line.className = "wait-line";
        document.body.append(line);
      }, 300);
    }
  }

  function end() {
    running = Math.max(0, running - 1);
    if (running) return;
    clearTimeout(timer);
    timer = 0;
    if (line) line.remove();
    line = null;
  }

  const quiet = (event) => event.detail.elt && event.detail.elt.closest("[data-quiet]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!quiet(event)) begin();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!quiet(event)) end();
  });

  // A form is sent once; it opens again when the answer leaves it on the page, or the page comes back from history.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "dialog") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "yes";
    setTimeout(() => {
      for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
    });
    if (!form.hasAttribute("hx-post") && !form.hasAttribute("hx-get")) begin();
  }, true);

  function reopen(root) {
    for (const form of root.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
    }
  }
  document.addEventListener("htmx:afterRequest", (event) => {
    const leaving = event.detail.xhr && event.detail.xhr.getResponseHeader("HX-Redirect");
    if (!leaving) reopen(document);
  });
  window.addEventListener("pageshow", () => reopen(document));
})();
