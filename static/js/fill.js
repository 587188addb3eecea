// A button that offers values puts them into the fields that it names.
document.addEventListener("click", (event) => {
  const offer = event.target.closest("[data-fill]");
  if (!offer) return;
  for (const [name, value] of Object.entries(JSON.parse(offer.dataset.fill))) {
    const field = offer.closest("form").elements[name];
    field.value = value;
    field.focus();
  }
});
