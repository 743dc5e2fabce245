/* Fingers and keys; and the beginning. */

/* The address after # says which of the two is shown, so that the phone's way back works. */
function showView({ focus }) {
  const playing = location.hash === "#playing" && current !== null;
  $("shelf").hidden = playing;
  $("player").hidden = !playing;
  $("bar").hidden = playing || !current;
  document.title = playing ? `${current.title} · ${library.title}` : library.title;
  if (!focus) return;
  if (playing) {
    scrollTo(0, 0);
    $("play").focus();
  } else {
    const row = current && $("tracks").querySelector(`[data-file="${CSS.escape(current.file)}"]`);
    (row || $("tracks-heading")).focus();
  }
}

const showPlayer = () => {
  if (location.hash === "#playing") showView({ focus: true }); // as after a reload
  else location.hash = "playing";
};
const leavePlayer = () => {
  location.hash = "";
};
addEventListener("hashchange", () => showView({ focus: true }));
$("back").addEventListener("click", leavePlayer);
$("bar-title").addEventListener("click", showPlayer);
$("play").addEventListener("click", toggle);
$("bar-play").addEventListener("click", toggle);
$("rewind").addEventListener("click", () => jump(heard_s() - SKIP_S));
$("forward").addEventListener("click", () => jump(heard_s() + SKIP_S));
$("place").addEventListener("input", () => jump(Number($("place").value)));
$("timer").addEventListener("change", () => setTimer($("timer").value));
$("tonight-button").addEventListener("click", () => start(tonight));
$("resume-button").addEventListener("click", () => start(stopped()));
$("more").addEventListener("click", () => showMore().querySelector("button").focus());
$("tracks").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) start(byFile.get(button.dataset.file));
});
$("chapters").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  jump(now.chapters[Number(button.dataset.chapter)].start_s);
  if (audio.paused) play();
});
$("show-words").addEventListener("click", () => {
  memory.kept.words = !memory.kept.words;
  memory.save();
  showWordsSwitch();
  showPlace();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !current) return;
  const own = event.target.closest("input, select"); // these have a use of their own for arrows and the space bar
  if (event.key === "Escape" && !$("player").hidden) leavePlayer();
  else if (own) return;
  else if (event.key === " " && !event.target.closest("button")) toggle();
  else if (event.key === "ArrowLeft") jump(heard_s() - SKIP_S);
  else if (event.key === "ArrowRight") jump(heard_s() + SKIP_S);
  else return;
  event.preventDefault();
});

fillFilters();
filter();
showTonight();
showResume();
showView({ focus: false });
document.addEventListener("DOMContentLoaded", () => {
  showResume();
  if (!current) return;
  now = spokenOf(current);
  showTrack();
});
if (!tracks.length) say("There is no track in this library yet.");
