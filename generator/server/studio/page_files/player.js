/* The one player of the page: samples, previews, finished tracks. */

const audio = $("audio");
let pressedButton = null; // whose sound is loaded

function listen(address, name, button = null) {
  pressedButton = button;
  audio.src = address;
  $("playing").textContent = name;
  $("bar").hidden = false;
  audio.play().catch((error) => {
    if (error.name === "NotAllowedError") say("Tap Play once more: the browser asks for it.");
    else if (error.name !== "AbortError") say(`${name} can't be played.`);
  });
}

function showPlaying() {
  const sounds = !audio.paused;
  $("play").classList.toggle("on", sounds);
  $("play").setAttribute("aria-label", sounds ? "Pause" : "Play");
  for (const button of document.querySelectorAll(".hear")) button.classList.toggle("on", sounds && button === pressedButton);
}

$("play").addEventListener("click", () => (audio.paused ? audio.play() : audio.pause()));
$("place").addEventListener("input", () => {
  audio.currentTime = Number($("place").value);
});
for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, showPlaying);
audio.addEventListener("loadedmetadata", () => {
  $("place").max = Math.round(audio.duration) || 1;
});
audio.addEventListener("timeupdate", () => {
  $("place").value = Math.floor(audio.currentTime);
  $("place").setAttribute("aria-valuetext", spokenClock(audio.currentTime));
  $("elapsed").textContent = clock(audio.currentTime);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") audio.pause();
});

/* A button that asks for a sound, and plays it when it is made. Pressed while it plays, it stops it. */
for (const button of document.querySelectorAll(".hear")) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    if (button === pressedButton && !audio.paused) {
      audio.pause();
      return;
    }
    button.disabled = true;
    button.textContent = "One moment …";
    say("");
    try {
      const { address } = await ask(button.dataset.asks, wishes());
      listen(address, `You hear ${button.dataset.name}.`, button);
    } catch (error) {
      say(error.message);
    }
    button.textContent = label;
    button.disabled = button.id === "preview" && $("build").disabled;
  });
}
