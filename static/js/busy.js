// A wait over 300 ms shows itself, and nothing is sent twice.
(() => {
  const waits = new Set();
  let timer = 0;
  let line = null;

  function begin(wait) {
    waits.add(wait);
    if (timer) return;
    timer = setTimeout(() => {
      line = document.createElement("div");
      line.className = "wait-line";
      document.body.append(line);
      document.body.setAttribute("aria-busy", "true");
    }, 300);
  }

  function end(wait) {
    waits.delete(wait);
    if (waits.size) return;
    clearTimeout(timer);
    timer = 0;
    if (line) line.remove();
    line = null;
    document.body.removeAttribute("aria-busy");
  }

  // Only forms that change something are held back: a filter may be asked again before its answer is there.
  const changes = (form) => form.hasAttribute("hx-post") || form.getAttribute("method")?.toLowerCase() === "post";
  const buttons = (form) => [...form.elements].filter((node) => node.type === "submit");

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!changes(form)) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (form.getAttribute("target")) return;
    form.dataset.sent = "yes";
    // After the browser has read the form: the pressed button belongs to what is sent.
    setTimeout(() => buttons(form).forEach((button) => button.setAttribute("aria-disabled", "true")));
    if (!form.hasAttribute("hx-post")) begin(form);
  }, true);

  function reopen(form) {
    delete form.dataset.sent;
    buttons(form).forEach((button) => button.removeAttribute("aria-disabled"));
    end(form);
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt.closest("[data-quiet]")) begin(event.detail.xhr);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    end(event.detail.xhr);
    const form = event.detail.requestConfig.verb === "get" ? null : event.detail.elt.closest("form");
    // An answer that leads elsewhere leaves the form shut until the next page is there.
    if (form && form.dataset.sent && !event.detail.xhr.getResponseHeader("HX-Redirect")) reopen(form);
  });
  // Back from history: the page stands as it was left.
  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(reopen));
})();
