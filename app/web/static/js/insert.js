// <p data-chips hidden><button type="button" data-insert="{{ name }}">: puts its text where somebody wrote last.
// Without JS: the chips stay hidden, and the columns are listed to be typed.
for (const chips of document.querySelectorAll("[data-chips]")) {
  const form = chips.closest("form")
  const isText = (field) => field.matches("textarea, input[name*=subject], input[name*=preheader]")
  let place = form.querySelector("textarea")
  chips.hidden = false

  form.addEventListener("focusin", (event) => {
    if (isText(event.target)) place = event.target
  })
  chips.addEventListener("click", (event) => {
    const text = event.target.closest("[data-insert]")?.dataset.insert
    if (!text) return
    place.focus()
    place.setRangeText(text, place.selectionStart, place.selectionEnd, "end")
    place.dispatchEvent(new Event("input", { bubbles: true }))
  })
}
