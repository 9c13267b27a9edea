// <form data-keep> saves itself while somebody types; each part of the answer replaces the one of its id.
// A button waits for that: offline or logged out, the page stays, says so and keeps trying.
// Without JS: each step's buttons save.
for (const form of document.querySelectorAll("form[data-keep]")) {
  let timer = 0
  let [saving, changed, mayLeave, pressed] = [false, false, false, null]

  const say = (why) => {
    for (const note of form.querySelectorAll("[data-unsaved]")) note.hidden = note.dataset.unsaved !== why
    form.querySelector("#saved").hidden = why !== ""
  }

  const later = (pause) => {
    clearTimeout(timer)
    timer = setTimeout(save, pause)
  }

  const show = async (answer) => {
    const parts = document.createElement("template")
    parts.innerHTML = await answer.text()
    for (const part of parts.content.querySelectorAll("[id]")) document.getElementById(part.id)?.replaceWith(part)
    form.setAttribute("action", answer.headers.get("Content-Location")) // the first word makes a draft
    history.replaceState(null, "", form.action)
  }

  const renew = async () => { // whoever logged in again has another token
    const page = await fetch(location.href).then((answer) => answer.text(), () => "")
    const token = new DOMParser().parseFromString(page, "text/html").querySelector("[data-keep] [name=csrf]")
    if (token) form.elements.csrf.value = token.value
  }

  async function save() {
    if (saving) return later(300)
    ;[saving, changed] = [true, false]
    const sent = { method: "POST", body: new URLSearchParams(new FormData(form)), signal: AbortSignal.timeout(20000) }
    const answer = await fetch(form.action, { ...sent, headers: { "X-Fragment": "1" } }).catch(() => null)
    const why = !answer || answer.status >= 500 ? "away" : answer.redirected ? "out" : answer.ok ? "" : "refused"
    if (why === "") await show(answer)
    if (answer?.status === 403) await renew()
    const button = why === "" || answer?.status === 422 ? pressed : null // 422: the page itself says it best
    ;[saving, changed, pressed, mayLeave] = [false, changed || why !== "", null, button !== null]
    say(why)
    if (button) form.requestSubmit(button.isConnected ? button : form.elements[button.name]) // it may be a new one by now
    else if (why !== "" && answer?.status !== 422) later(5000)
  }

  form.addEventListener("input", () => {
    changed = true
    later(900)
  })
  form.addEventListener("submit", (event) => {
    clearTimeout(timer)
    if (mayLeave || (!saving && !changed)) return (changed = false)
    event.preventDefault()
    pressed = event.submitter
    if (!saving) save()
  })
  addEventListener("online", () => changed && later(0))
  addEventListener("beforeunload", (event) => changed && event.preventDefault())
}
