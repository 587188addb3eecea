// Every request of HTMX carries the token of the page, and says so when the page asks by itself: a screen that renews
// itself does not keep a deserted desk logged in.
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]").content;
  if (event.detail.elt.closest("[data-quiet]")) event.detail.headers["X-Watching"] = "1";
});
