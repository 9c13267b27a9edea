// <select data-submit> in a form sends the form when it changes. Without JS: the button beside it.
for (const field of document.querySelectorAll("[data-submit]")) {
  field.addEventListener("change", () => field.form.requestSubmit())
}
