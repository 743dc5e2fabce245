/* The form: what is wished, and which lengths it can have. */

const offer = JSON.parse($("offer").textContent);
const CHOICES = { routine: offer.routines, voice: offer.voices, background: offer.backgrounds, style: offer.styles, pace: offer.paces, tail: offer.tails };
const MINUTE_MS = 60_000;

let lengths = null; // of the chosen routine, once they are known
let fixed = false; // a routine that no whole minute suits keeps its own length

function wishes() {
  const found = { avoid: pressed().join(",") };
  for (const name of Object.keys(CHOICES)) {
    const value = $(name).value;
    if (name === "routine" || value !== offer.usual[name]) found[name] = value;
  }
  if (!fixed) found.length = `${$("minutes").value}m`;
  return found;
}

function pressed() {
  return [...$("hurts").querySelectorAll('[aria-pressed="true"]')].map((button) => button.dataset.word);
}

function showNotes() {
  for (const [name, entries] of Object.entries(CHOICES)) {
    const chosen = entries.find((each) => each.name === $(name).value);
    $(`${name}-note`).textContent = chosen?.note || "";
  }
}

const askLengths = latest(async (asked) => {
  try {
    lengths = await ask("lengths", asked);
  } catch (error) {
    lengths = null;
    $("minutes-note").textContent = "";
    showRefusal(error);
    return;
  }
  showLengths();
  await askSketch(wishes());
});

/* Whole minutes that the routine can have. The estimates are good to some seconds, so that the ends keep a little back. */
function showLengths() {
  const least = Math.ceil((lengths.shortest_ms * 1.02) / MINUTE_MS);
  const most = Math.floor((lengths.longest_ms * 0.98) / MINUTE_MS);
  fixed = least > most;
  $("minutes").disabled = fixed;
  if (fixed) {
    $("minutes-shown").textContent = `always about ${clock(lengths.own_ms / 1000)}`;
    $("minutes-note").textContent = "";
    return;
  }
  $("minutes").min = least;
  $("minutes").max = Math.min(most, 180);
  showMinutes();
}

function showMinutes() {
  const minutes = Number($("minutes").value);
  const whole = Math.ceil((lengths.whole_ms * 1.02) / MINUTE_MS);
  $("minutes-shown").textContent = lengthOf(minutes * MINUTE_MS);
  $("minutes").setAttribute("aria-valuetext", lengthOf(minutes * MINUTE_MS));
  const ends = `${lengthOf($("minutes").min * MINUTE_MS)} to ${lengthOf($("minutes").max * MINUTE_MS)}`;
  $("minutes-note").textContent = `From ${ends}. ${minutes < whole ? `All of it fits from ${lengthOf(whole * MINUTE_MS)} on.` : "All of it fits."}`;
}

$("minutes").addEventListener("input", () => {
  if (lengths && !fixed) showMinutes();
  askSketch(wishes());
});
$("hurts").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  $("hurting").textContent = pressed().join(", ").replaceAll("-", " ") || "nothing";
  askLengths(wishes());
});
for (const name of Object.keys(CHOICES)) {
  $(name).addEventListener("change", () => {
    showNotes();
    if (name === "background" || name === "tail") askSketch(wishes());
    else askLengths(wishes());
  });
}
$("wishes").addEventListener("submit", (event) => event.preventDefault());
