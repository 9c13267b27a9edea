// <button data-settle>
// Takes no press before the page was seen for a moment: another site can bring the page under a click that was
// meant for something else (a double click whose first one closed a window). Without JS: it takes any press.
const MOMENT = 800
let seen = performance.now()

const again = () => { seen = performance.now() }

for (const button of document.querySelectorAll("button[data-settle]")) {
  button.addEventListener("click", (event) => {
    if (performance.now() - seen < MOMENT) event.preventDefault()
  })
}
for (const happened of ["focus", "pageshow", "resize"]) window.addEventListener(happened, again)
document.addEventListener("visibilitychange", again)
