// <form data-preview="/experiments/plan" data-target="#plan">
// Re-renders the plan on the server while the author types. Without JS: it is shown when the draft is saved.
for (const form of document.querySelectorAll("form[data-preview]")) {
  const target = document.querySelector(form.dataset.target)
  let latest = 0
  let timer = 0

  const ask = async () => {
    const turn = ++latest
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null)
    if (!answer || !answer.ok) return
    const html = await answer.text()
    if (turn === latest) target.innerHTML = html
  }

  form.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(ask, 350)
  })
}
