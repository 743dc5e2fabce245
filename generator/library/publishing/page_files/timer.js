/* The sleep timer: it fades the sound out and stops. */

const FADE_MS = 30_000; // how long the sleep timer takes to fade the sound out, at its end
const BACK_S = 10; // how much is heard again after the sleep timer

// --- the level: the element's volume, or a gain where that can't be set -----------------------------

/* iOS keeps an element's volume at 1. There the sound goes through a gain as soon as a timer is set, which is the tap
   that lets it begin. From a file the browser would make it silent, so that there a timer ends without a fade. */
const level = (() => {
  const trial = new Audio();
  trial.volume = 0.5;
  let settable = trial.volume === 0.5;
  setTimeout(() => {
    settable = settable && trial.volume === 0.5;
  }, 100);
  let gain = null;
  let context = null;
  return {
    prepare() {
      if (settable || context || !window.AudioContext || !location.protocol.startsWith("http")) return;
      context = new AudioContext();
      context.resume().then(() => {
        gain = context.createGain(); // only now: through a context that doesn't run, nothing would be heard
        context.createMediaElementSource(audio).connect(gain).connect(context.destination);
      }, () => {});
    },
    wake() {
      if (context && context.state !== "running") context.resume().catch(() => {});
    },
    set(value) {
      if (gain) gain.gain.setTargetAtTime(value, context.currentTime, 0.1);
      else audio.volume = value;
    },
  };
})();

// --- the timer --------------------------------------------------------------------------------------

const timer = { kind: "", left_ms: 0, end_s: 0, fade_ms: FADE_MS };
let ticked = performance.now();

function setTimer(kind) {
  timer.kind = kind;
  $("timer").value = kind;
  if (!audio.paused) level.set(1); // else with the next play: what has just stopped must not be heard once more
  if (kind) level.prepare();
  if (/^\d+$/.test(kind)) timer.left_ms = Number(kind) * 60_000;
  aim();
  shownSecond = -1;
  showPlace();
}

/* Where the end of the chapter or track is, from the present place on. */
function aim() {
  if (!current || !timer.kind) return;
  if (timer.kind === "chapter") {
    const next = indexAt(now.chapters, heard_s()) + 1;
    timer.end_s = next < now.chapters.length ? now.chapters[next].start_s : current.ms / 1000;
  } else if (timer.kind === "track") timer.end_s = current.ms / 1000;
  timer.fade_ms = Math.max(1, Math.min(FADE_MS, leftMs()));
}

function leftMs() {
  return /^\d+$/.test(timer.kind) ? timer.left_ms : (timer.end_s - heard_s()) * 1000;
}

function runTimer(passed_ms) {
  if (!timer.kind || audio.paused || wanted_s !== null) return;
  timer.left_ms -= passed_ms;
  const left_ms = leftMs();
  if (left_ms <= 0) fallAsleep();
  else level.set(left_ms < timer.fade_ms ? (left_ms / timer.fade_ms) ** 2 : 1);
}

function fallAsleep() {
  audio.pause();
  setTimer("");
  jump(heard_s() - BACK_S);
  say("The sleep timer has stopped the track. It goes on ten seconds earlier.");
}
