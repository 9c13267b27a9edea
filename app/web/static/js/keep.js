// <form data-keep> saves itself while somebody types; each part of the answer replaces the one of its id.
// While the network is away it keeps trying, and says so. Without JS: each step's buttons save.
for (const form of document.querySelectorAll("form[data-keep]")) {
  const away = form.querySelector("[data-away]")
  const refused = form.querySelector("[data-refused]")
  let timer = 0
  let [saving, changed] = [false, false]
  let pressed = null // a button, while something is on its way: it waits for that

  const say = (note) => {
    away.hidden = note !== away
    refused.hidden = note !== refused
    form.querySelector("#saved").hidden = note !== null
  }

  const later = (pause) => {
    clearTimeout(timer)
    timer = setTimeout(save, pause)
  }

  const show = async (answer) => {
    const parts = document.createElement("template")
    parts.innerHTML = await answer.text()
    for (const part of parts.content.querySelectorAll("[id]")) document.getElementById(part.id)?.replaceWith(part)
    const address = answer.headers.get("Content-Location")
    if (address && form.getAttribute("action") !== address) {
      form.setAttribute("action", address) // the first word made a draft: from now on it is this one
      history.replaceState(null, "", address)
    }
  }

  async function save() {
    if (saving) return later(300)
    saving = true
    changed = false
    const body = new URLSearchParams(new FormData(form))
    const sent = { method: "POST", body, signal: AbortSignal.timeout(20000), headers: { "X-Fragment": "1" } }
    const answer = await fetch(form.action, sent).catch(() => null)
    const isSaved = answer && answer.ok && !answer.redirected
    if (isSaved) await show(answer)
    saving = false
    changed ||= !isSaved
    say(isSaved ? null : answer && answer.status < 500 ? refused : away)
    if (pressed) return form.requestSubmit(pressed)
    if (!isSaved) later(5000)
  }

  form.addEventListener("input", () => {
    changed = true
    later(900)
  })
  form.addEventListener("submit", (event) => {
    clearTimeout(timer)
    pressed = saving ? event.submitter : null
    if (saving) return event.preventDefault()
    changed = false
  })
  addEventListener("online", () => changed && later(0))
  addEventListener("beforeunload", (event) => changed && event.preventDefault())
}
