// A button that offers values puts them into the fields that it names.
document.addEventListener("click", (event) => {
  const offer = event.target.closest("[data-fill]");
  if (!offer) return;
  for (const [name, value] of Object.entries(JSON.parse(offer.dataset.fill))) {
    const field = offer.closest("form").elements[name];
    field.value = value;
    if (field.focus) field.focus();
  }
  // Whoever listens to the fields hears of it once, however many were filled.
  const first = offer.closest("form").elements[Object.keys(JSON.parse(offer.dataset.fill))[0]];
  if (offer.hasAttribute("data-fill-tells")) first.dispatchEvent(new Event("change", { bubbles: true }));
});
