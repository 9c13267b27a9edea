// <section data-refresh="/experiments/1/progress" data-every="3">
// Fetches the fragment again while the page is in view, until the fragment says data-done. Without JS: reload.
// What did not change is left alone, so that nobody hears it again; once data-standing differs, so does the
// rest of the page, and all of it is drawn again.
for (const place of document.querySelectorAll("[data-refresh]")) {
  const pause = Number(place.dataset.every || 3) * 1000
  const standing = () => place.querySelector("[data-standing]")?.dataset.standing
  const first = standing()
  let last = ""

  const show = (fragment) => {
    if (fragment === last) return
    place.innerHTML = last = fragment
    if (standing() !== first) location.replace(location.pathname)
  }

  const again = async () => {
    if (document.hidden || place.contains(document.activeElement)) return setTimeout(again, pause)
    const answer = await fetch(place.dataset.refresh, { headers: { "X-Fragment": "1" } }).catch(() => null)
    if (answer && answer.redirected) return // logged out meanwhile: what stands here stays
    if (answer && answer.ok) show(await answer.text())
    if (!place.querySelector("[data-done]")) setTimeout(again, pause)
  }

  setTimeout(again, pause)
}
