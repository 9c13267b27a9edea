// <input data-key="/">, <a data-key="e">: `/` goes to the field, `g` and a letter to a page, `?` shows
// the list of keys in a dialog. Not while somebody writes. Without JS: links, and /help/keys.
const KEYS = "/help/keys"
let going = 0  // when `g` was pressed

const shown = async () => {
  const answer = await fetch(KEYS)
  if (!answer.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), "text/html")
  const dialog = document.createElement("dialog")
  dialog.className = "keys"
  dialog.setAttribute("aria-label", "Keys")
  dialog.append(page.querySelector("[data-keys]"))
  dialog.addEventListener("close", () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}

document.addEventListener("keydown", (event) => {
  const writes = event.target.closest("input, textarea, select, [contenteditable], dialog[open]")
  if (writes || event.ctrlKey || event.metaKey || event.altKey || !document.querySelector("[data-key]")) return
  const place = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`)
  if (event.key === "/") {
    event.preventDefault()
    document.querySelector('input[data-key="/"]').focus()
  } else if (event.key === "?") shown()
  else if (place && event.timeStamp - going < 1500) place.click()
  going = event.key === "g" ? event.timeStamp : 0
})
