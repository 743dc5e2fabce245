/* What is remembered, on this device alone. */

const BEGUN_S = 5; // whoever stopped sooner has only looked into the track
const FINISHED_S = 15; // whoever stopped so near to the end has heard it
const EVENING_BEGINS_H = 12; // what is played after midnight belongs to the evening before

const memory = (() => {
  const name = `sleepward ${location.pathname.replace(/[^/]*$/, "")}`; // pages opened as files share one store
  let known = {};
  try {
    known = JSON.parse(localStorage.getItem(name)) || {};
  } catch {
    // private windows, and what another program wrote: then it lasts as long as the page does
  }
  const part = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
  const kept = { places: part(known.places), evenings: part(known.evenings), last: known.last, words: known.words === true };
  const save = () => {
    try {
      localStorage.setItem(name, JSON.stringify(kept));
    } catch {
      // as above
    }
  };
  return { kept, save };
})();

function placeOf(track) {
  const place_s = memory.kept.places[track.file];
  return typeof place_s === "number" && place_s > BEGUN_S && place_s < track.ms / 1000 - FINISHED_S ? place_s : 0;
}

function keepPlace() {
  if (!current || wanted_s !== null) return;
  memory.kept.places[current.file] = Math.round(audio.currentTime * 10) / 10;
  memory.kept.last = current.file;
  memory.save();
}

function evening(now = new Date()) {
  const begun = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (now.getHours() < EVENING_BEGINS_H ? 1 : 0));
  return `${begun.getFullYear()}-${String(begun.getMonth() + 1).padStart(2, "0")}-${String(begun.getDate()).padStart(2, "0")}`;
}
