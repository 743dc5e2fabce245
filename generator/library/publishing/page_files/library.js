/* The library as page.py wrote it, and how its facts are said. */

const LENGTHS_MIN = [15, 30, 45, 60, 90, 120];

const library = JSON.parse($("library").textContent);
const tracks = library.tracks.map(([file, title, routine, ms, voice, background, spoken], number) => {
  return { file, title, routine, ms, voice, background, spoken, number, length: lengthName(ms) };
});
const byFile = new Map(tracks.map((track) => [track.file, track]));
const audio = $("audio");

// --- words ------------------------------------------------------------------------------------------

function lengthName(ms) {
  const most = LENGTHS_MIN.find((minutes) => ms <= minutes * 60_000);
  return most ? `Up to ${lengthOf(most * 60_000)}` : `Over ${lengthOf(LENGTHS_MIN.at(-1) * 60_000)}`;
}

function factsOf(track) {
  const facts = [lengthOf(track.ms), track.background];
  if (several.voice) facts.push(track.voice);
  return facts.filter((fact) => fact && !track.title.toLowerCase().includes(` ${fact.toLowerCase()}`)).join(" · ");
}

// --- chapters and words: a line for each way in which a track is spoken, read when it is needed ------

let lines = null;
let texts = null;

/* It is the largest part of the page and stands last, so that the tracks are shown before it has arrived. */
function spokenOf(track) {
  if (document.readyState === "loading") return { chapters: [], words: [] };
  if (!lines) {
    lines = $("spoken").textContent.split("\n");
    texts = JSON.parse(lines[0]);
  }
  const [chapters, words] = JSON.parse(lines[1 + track.spoken]);
  const pairs = (flat) => Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n] / 1000, texts[flat[2 * n + 1]]]);
  return {
    chapters: pairs(chapters).map(([start_s, title]) => ({ start_s, title })),
    words: pairs(words).map(([start_s, text]) => ({ start_s, text })),
  };
}

function indexAt(parts, time_s) {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle].start_s <= time_s + 0.001) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const chapterAt = (chapters, time_s) => chapters[Math.max(0, indexAt(chapters, time_s))];
