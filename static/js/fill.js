// A button that offers a value puts it into the field that it names.
document.addEventListener("click", (event) => {
  const offer = event.target.closest("[data-fill]");
  if (!offer) return;
  const field = offer.closest("form").elements[offer.dataset.fill];
  field.value = offer.dataset.value;
  field.focus();
});
