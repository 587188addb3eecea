// data-submit-on-change: selects and radio groups that ask the server at once, without a button.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});
