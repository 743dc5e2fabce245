/* What is being made, as the server tells it; and the beginning. */

const STAGES = { narration: "speaking", background: "making the background", sound: "mixing and encoding" };
const STATES = { waiting: "waiting", working: "begins", ending: "is being cancelled", done: "ready", failed: "can't be made", cancelled: "cancelled" };
const rows = new Map();

function rowOf(job) {
  const row = document.createElement("li");
  const parts = { title: make("h3", job.title, "title"), facts: make("p", "", "facts"), bar: document.createElement("progress"), button: make("button", "") };
  parts.bar.setAttribute("aria-label", job.title);
  parts.button.type = "button";
  row.append(...Object.values(parts));
  const found = { row, ...parts, job };
  parts.button.addEventListener("click", () => {
    if (found.job.state === "done") listen(found.job.address, found.job.title);
    else ask("cancel", found.job.number).catch((error) => say(error.message));
  });
  return found;
}

function showQueue(jobs) {
  const numbers = new Set(jobs.map((job) => job.number));
  for (const [number, { row }] of rows) {
    if (numbers.has(number)) continue;
    row.remove();
    rows.delete(number);
  }
  for (const job of jobs) {
    if (!rows.has(job.number)) {
      rows.set(job.number, rowOf(job));
      $("queue").prepend(rows.get(job.number).row);
    }
    showJob(rows.get(job.number), job);
  }
  $("none").hidden = jobs.length > 0;
  if (jobs.some((job) => job.state === "done")) $("all").hidden = false;
}

function showJob(found, job) {
  const ended = job.state === "done" && found.job.state !== "done";
  found.job = job;
  const working = job.state === "working";
  const stage = working && job.stage ? `${STAGES[job.stage]}${job.total ? `, ${Math.floor((100 * job.done) / job.total)} %` : ""}` : STATES[job.state];
  const why = job.message ? `: ${job.message}` : "";
  found.facts.textContent = [`${stage[0].toUpperCase()}${stage.slice(1)}${why}.`, ...job.notes].join(" ");
  found.bar.hidden = !working;
  if (job.total) {
    found.bar.max = job.total;
    found.bar.value = job.done;
  } else found.bar.removeAttribute("value");
  found.button.hidden = !["waiting", "working", "done"].includes(job.state);
  found.button.textContent = job.state === "done" ? "Play" : "Cancel";
  found.button.setAttribute("aria-label", `${found.button.textContent} ${job.title}`);
  if (ended) say(`${job.title} is ready.`);
}

$("build").addEventListener("click", async () => {
  say("");
  try {
    await ask("build", wishes());
  } catch (error) {
    say(error.message);
  }
});

let changes = null;

function watch() {
  changes = new EventSource("/~studio/queue");
  changes.addEventListener("message", (event) => showQueue(JSON.parse(event.data)));
  changes.addEventListener("error", () => say(changes.readyState === EventSource.CLOSED ? ANEW : GONE));
  changes.addEventListener("open", () => [GONE, ANEW].includes($("status").textContent) && say(""));
}

/* A browser tries again by itself while nobody answers, but not once it was refused. */
function watchAgain() {
  if (changes && changes.readyState === EventSource.CLOSED) watch();
}

$("all").hidden = !offer.has_tracks;
watch();
askUsual($("routine").value);
