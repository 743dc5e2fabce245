const audio = $("audio"); // the only one, so that one sound plays at a time
const buttons = [...document.querySelectorAll("button[data-sound]")];
let current = null; // the button whose sound is loaded

function show() {
  for (const button of buttons) {
    const sounds = button === current && !audio.paused;
    button.classList.toggle("on", sounds);
    button.setAttribute("aria-label", `${sounds ? "Pause" : "Play"} ${button.dataset.name}`);
  }
}

function toggle(button) {
  say("");
  if (button === current && !audio.paused) {
    audio.pause();
    return;
  }
  if (button !== current) {
    current = button;
    audio.src = button.dataset.sound;
  }
  audio.play().catch((error) => {
    if (error.name === "AbortError" || button !== current) return; // it was paused, or another one was pressed
    say(`${button.dataset.name} can't be played: ${decodeURIComponent(button.dataset.sound)} isn't beside this page, or is damaged.`);
    current = null;
    show();
  });
}

for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, show);
for (const button of buttons) button.addEventListener("click", () => toggle(button));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") audio.pause();
});
