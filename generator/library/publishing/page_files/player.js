/* The track that plays, and what is shown of it. */

const SKIP_S = 10;
const SAVE_S = 5;

let current = null;
let now = { chapters: [], words: [] };
let wanted_s = null; // the place to begin at, until the browser knows the track
let saved_s = 0;
let ticking = 0;

const heard_s = () => (wanted_s === null ? audio.currentTime : wanted_s);

function addressOf(file) {
  return `./${file.split("/").map(encodeURIComponent).join("/")}`;
}

function open(track, at_s) {
  if (current !== track) {
    keepPlace();
    current = track;
    now = spokenOf(track);
    audio.src = addressOf(track.file);
    wanted_s = at_s;
    showTrack();
  }
  aim();
  showPlace();
  showResume();
  showTonight();
}

function play() {
  say("");
  level.wake();
  const begun = audio.play();
  if (begun) begun.catch((error) => error.name === "NotAllowedError" && say("Tap Play once more: the browser asks for it."));
}

function toggle() {
  if (!current) return;
  if (audio.paused) play();
  else audio.pause();
}

function start(track) {
  open(track, placeOf(track));
  showPlayer();
  play();
}

function jump(to_s) {
  if (!current) return;
  const end_s = audio.duration || current.ms / 1000;
  const target_s = Math.min(Math.max(0, to_s), Math.max(0, end_s - 0.2));
  if (audio.readyState) audio.currentTime = target_s;
  else wanted_s = target_s;
  if (timer.kind) {
    level.set(1);
    aim();
  }
  showPlace();
}

function toChapter(step) {
  const at = Math.max(0, indexAt(now.chapters, heard_s()));
  const again = step < 0 && heard_s() - now.chapters[at].start_s > 3; // first to the beginning of this one
  const chapter = now.chapters[again ? at : at + step];
  if (chapter) jump(chapter.start_s);
}

audio.addEventListener("loadedmetadata", () => {
  if (wanted_s === null) return;
  audio.currentTime = wanted_s;
  wanted_s = null;
});
audio.addEventListener("play", () => {
  ticked = performance.now();
  clearInterval(ticking);
  ticking = setInterval(tick, 100);
  level.set(1);
  memory.kept.evenings[current.file] = evening();
  memory.kept.last = current.file;
  memory.save();
  showState();
});
audio.addEventListener("pause", () => {
  clearInterval(ticking);
  keepPlace();
  showState();
});
audio.addEventListener("seeked", () => {
  keepPlace();
  showPlace();
});
audio.addEventListener("ended", () => {
  if (timer.kind) fallAsleep();
  keepPlace();
  showState();
});
audio.addEventListener("error", () => {
  if (!current) return;
  const reason = audio.error && audio.error.code === 2 ? "the connection broke off" : "it isn't there, or this browser can't play its format";
  say(`${current.title} can't be played: ${reason}.`);
  showState();
});
audio.addEventListener("timeupdate", tick); // it comes behind a locked screen too, where an interval may not

function tick() {
  const at_ms = performance.now();
  const passed_ms = at_ms - ticked;
  ticked = at_ms;
  if (!current || audio.paused) return;
  runTimer(passed_ms);
  showPlace();
  if (Math.abs(audio.currentTime - saved_s) > SAVE_S) {
    saved_s = audio.currentTime;
    keepPlace();
  }
}

addEventListener("pagehide", keepPlace);
document.addEventListener("visibilitychange", () => document.hidden && keepPlace());

// --- what is shown ----------------------------------------------------------------------------------

let shownChapter = -1;
let shownWords = -2;
let shownSecond = -1;

function showTrack() {
  shownChapter = -1;
  shownWords = -2;
  shownSecond = -1;
  $("playing-title").textContent = current.title;
  $("playing-facts").textContent = [factsOf(current), several.routine ? "" : library.title].filter(Boolean).join(" · ");
  $("place").max = Math.round(current.ms / 1000);
  $("chapters").replaceChildren(...now.chapters.map((chapter, number) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.chapter = number;
    button.append(make("span", chapter.title), make("span", clock(chapter.start_s), "clock"));
    row.append(button);
    return row;
  }));
  $("bar-title").textContent = current.title;
  $("bar-title").setAttribute("aria-label", `Show the player: ${current.title}`);
  showWordsSwitch();
  tellSystem();
  showState();
}

function showState() {
  for (const id of ["play", "bar-play"]) {
    $(id).classList.toggle("on", !audio.paused);
    $(id).setAttribute("aria-label", audio.paused ? "Play" : "Pause");
  }
  if ("mediaSession" in navigator) navigator.mediaSession.playbackState = audio.paused ? "paused" : "playing";
  showPlace();
}

function showPlace() {
  if (!current) return;
  const time_s = heard_s();
  const second = Math.floor(time_s);
  if (second !== shownSecond) {
    shownSecond = second;
    $("elapsed").textContent = clock(time_s);
    $("left").textContent = `−${clock(current.ms / 1000 - time_s)}`;
    $("place").value = second;
    $("place").setAttribute("aria-valuetext", spokenClock(time_s));
    $("timer-left").textContent = timer.kind ? `, ${Math.ceil(leftMs() / 60_000)} min left` : "";
    tellSystemPlace();
  }
  const chapter = Math.max(0, indexAt(now.chapters, time_s));
  if (chapter !== shownChapter) {
    const buttons = $("chapters").querySelectorAll("button");
    if (buttons[shownChapter]) buttons[shownChapter].removeAttribute("aria-current");
    if (buttons[chapter]) {
      buttons[chapter].setAttribute("aria-current", "true");
      if (!$("scroll").contains(document.activeElement)) buttons[chapter].scrollIntoView({ block: "nearest" });
    }
    shownChapter = chapter;
    tellSystem();
  }
  if (memory.kept.words) {
    const at = indexAt(now.words, time_s);
    if (at !== shownWords) {
      shownWords = at;
      $("words-before").textContent = at > 0 ? now.words[at - 1].text : "";
      $("words-now").textContent = at >= 0 ? now.words[at].text : "";
    }
  }
}

function showWordsSwitch() {
  $("show-words").setAttribute("aria-pressed", String(memory.kept.words));
  $("words").hidden = !memory.kept.words;
}
