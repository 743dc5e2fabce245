/* The list of tracks, its filters, tonight's suggestion, and where one stopped. */

const ROWS = 24; // tracks that are shown at once

const FILTERS = ["routine", "length", "voice", "background"];
const several = {};
let found = tracks;
let shown = 0;

function fillFilters() {
  for (const name of FILTERS) {
    const values = [...new Set(tracks.map((track) => track[name]))].filter(Boolean);
    if (name === "length") values.sort((a, b) => shortest(a) - shortest(b));
    several[name] = values.length > 1;
    const select = $(`filter-${name}`);
    select.replaceChildren(new Option("All", ""), ...values.map((value) => new Option(value, value)));
    select.parentElement.hidden = !several[name];
    select.addEventListener("change", () => {
      filter();
      showTonight();
    });
  }
  $("filters").hidden = !FILTERS.some((name) => several[name]);
}

function shortest(length) {
  return Math.min(...tracks.filter((track) => track.length === length).map((track) => track.ms));
}

function filter() {
  const chosen = FILTERS.map((name) => [name, $(`filter-${name}`).value]).filter(([, value]) => value);
  found = tracks.filter((track) => chosen.every(([name, value]) => track[name] === value));
  $("tracks").replaceChildren();
  shown = 0;
  showMore();
  $("count").textContent = found.length === 1 ? "1 track" : found.length ? `${found.length} tracks` : "No track fits. Choose All in one of the filters.";
}

function showMore() {
  const rows = found.slice(shown, shown + ROWS).map((track) => {
    const row = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.file = track.file;
    button.append(make("span", track.title), make("span", factsOf(track), "facts"));
    row.append(button);
    return row;
  });
  $("tracks").append(...rows);
  shown += rows.length;
  $("more").hidden = shown >= found.length;
  return rows[0];
}

// --- tonight, and where it stopped ------------------------------------------------------------------

/* Like the command `tonight`: routines never played, or played longest ago, come first; within one its tracks in the
   same way. What was played this evening doesn't count, so the suggestion stays until the next. */
function suggestion(choice, evenings, today) {
  const before = (file) => (typeof evenings[file] === "string" && evenings[file] < today ? evenings[file] : "");
  const last = {};
  for (const track of tracks) {
    const played = before(track.file);
    if (!(track.routine in last) || played > last[track.routine]) last[track.routine] = played;
  }
  const later = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const order = (a, b) => later(last[a.routine], last[b.routine]) || later(before(a.file), before(b.file)) || a.number - b.number;
  return choice.length ? choice.reduce((best, track) => (order(track, best) < 0 ? track : best)) : null;
}

let tonight = null;

function showTonight() {
  tonight = suggestion(found, memory.kept.evenings, evening());
  $("tonight").hidden = !tonight || (!current && tonight === stopped()); // then it is offered already
  if (!tonight) return;
  $("tonight-title").textContent = tonight.title;
  $("tonight-facts").textContent = factsOf(tonight);
  $("tonight-button").setAttribute("aria-label", `Play ${tonight.title}`);
}

function stopped() {
  const track = byFile.get(memory.kept.last);
  return track && placeOf(track) ? track : null;
}

function showResume() {
  const track = current ? null : stopped(); // while one is loaded, the bar below has it
  $("resume").hidden = !track;
  if (!track) return;
  const chapter = chapterAt(spokenOf(track).chapters, placeOf(track));
  $("resume-title").textContent = track.title;
  $("resume-facts").textContent = `at ${clock(placeOf(track))}${chapter ? `, ${chapter.title}` : ""}`;
  $("resume-button").setAttribute("aria-label", `Go on with ${track.title}`);
}
