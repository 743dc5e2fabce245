/* The form: what is wished, and which lengths it can have. Everything that is shown is sent. */

const offer = JSON.parse($("offer").textContent);
const CHOICES = { voice: offer.voices, background: offer.backgrounds, style: offer.styles, pace: offer.paces, tail: offer.tails };
const MINUTE_MS = 60_000;
const WITH_A_RESERVE = 1.02; // the estimates are good to some seconds

const touched = new Set(); // what was chosen by hand, and stays when another routine is chosen
let settled = false; // whether the controls show what is usual for the chosen routine
let lengths = null; // of the chosen routine, once they are known

function wishes() {
  const found = { routine: $("routine").value, avoid: pressed().join(",") || "none" };
  for (const name of Object.keys(CHOICES)) found[name] = $(name).value;
  found.length = asWritten() ? "" : `${$("minutes").value}m`;
  return found;
}

/* Whether an answer still counts. Another one comes if it doesn't. */
function stillWished(asked) {
  return settled && JSON.stringify(asked) === JSON.stringify(wishes());
}

const asWritten = () => $("as-written").getAttribute("aria-pressed") === "true";

function pressed() {
  return [...$("hurts").querySelectorAll('[aria-pressed="true"]')].map((button) => button.dataset.word);
}

function press(button, down) {
  button.setAttribute("aria-pressed", String(down));
}

// --- what is usual for a routine ----------------------------------------------------------------------

const askUsual = latest(async (routine) => {
  settled = false;
  allowMaking(false);
  try {
    showUsual(await ask("usual", { routine }));
    settled = routine === $("routine").value;
  } catch (error) {
    showRefusal(error);
    return;
  }
  await askLengths(wishes());
});

function showUsual(usual) {
  for (const name of Object.keys(CHOICES)) {
    if (touched.has(name)) continue;
    if (![...$(name).options].some((option) => option.value === usual[name])) $(name).append(new Option(usual[name], usual[name]));
    $(name).value = usual[name];
  }
  if (!touched.has("avoid")) {
    const words = usual.avoid.split(",").map((word) => word.trim()).filter((word) => word && word !== "none");
    for (const button of $("hurts").children) press(button, words.includes(button.dataset.word));
    for (const word of words) if (!pressed().includes(word)) $("hurts").append(chip(word));
  }
  showNotes();
}

function chip(word) {
  const button = make("button", word.replaceAll("-", " "));
  button.type = "button";
  button.dataset.word = word;
  press(button, true);
  return button;
}

function showNotes() {
  $("routine-note").textContent = offer.routines.find((each) => each.name === $("routine").value)?.note || "";
  for (const [name, entries] of Object.entries(CHOICES)) {
    $(`${name}-note`).textContent = entries.find((each) => each.name === $(name).value)?.note || "";
  }
  $("hurting").textContent = pressed().join(", ").replaceAll("-", " ") || "nothing";
}

// --- lengths ------------------------------------------------------------------------------------------

const askLengths = latest(async (asked) => {
  allowMaking(false);
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

/* Whole minutes that the routine can have. One whose holds don't stretch keeps its own length. */
function showLengths() {
  const least = Math.ceil((lengths.shortest_ms * WITH_A_RESERVE) / MINUTE_MS);
  const most = Math.min(Math.floor(lengths.longest_ms / WITH_A_RESERVE / MINUTE_MS), 180);
  const fixed = !lengths.stretch || least > most;
  $("minutes").disabled = fixed;
  $("as-written").disabled = fixed;
  if (fixed) press($("as-written"), true);
  else {
    $("minutes").min = least;
    $("minutes").max = most;
    press($("as-written"), !touched.has("length"));
  }
  if (asWritten()) $("minutes").value = Math.round(lengths.own_ms / MINUTE_MS);
  showMinutes();
}

function showMinutes() {
  const shown = asWritten() ? `about ${lengthOf(lengths.own_ms)}, as it is written` : lengthOf($("minutes").value * MINUTE_MS);
  $("minutes-shown").textContent = shown;
  $("minutes").setAttribute("aria-valuetext", shown);
  const whole = Math.ceil(lengths.whole_ms / MINUTE_MS);
  const minutes = Number($("minutes").value);
  const ends = `${lengthOf($("minutes").min * MINUTE_MS)} to ${lengthOf($("minutes").max * MINUTE_MS)}`;
  const fits = asWritten() || minutes >= whole ? "All of it fits." : `All of it fits from about ${lengthOf(whole * MINUTE_MS)} on.`;
  $("minutes-note").textContent = $("minutes").disabled ? "Its holds don't stretch." : `From ${ends}. ${fits}`;
}

/* Nothing is made of a choice whose lengths aren't known yet. */
function allowMaking(allowed) {
  for (const id of ["build", "preview"]) $(id).disabled = !allowed;
}

// --- what is chosen -----------------------------------------------------------------------------------

$("routine").addEventListener("change", () => {
  settled = false;
  askUsual($("routine").value);
});
$("minutes").addEventListener("input", () => {
  touched.add("length");
  press($("as-written"), false);
  if (!lengths) return;
  showMinutes();
  askSketch(wishes());
});
$("as-written").addEventListener("click", () => {
  if (asWritten()) touched.add("length");
  else touched.delete("length");
  press($("as-written"), !asWritten());
  if (!lengths) return;
  showMinutes();
  askSketch(wishes());
});
$("hurts").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  touched.add("avoid");
  press(button, button.getAttribute("aria-pressed") !== "true");
  showNotes();
  askLengths(wishes());
});
for (const name of Object.keys(CHOICES)) {
  $(name).addEventListener("change", () => {
    touched.add(name);
    showNotes();
    if (name === "background" || name === "tail") askSketch(wishes());
    else askLengths(wishes());
  });
}
$("wishes").addEventListener("submit", (event) => event.preventDefault());
