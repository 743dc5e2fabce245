/* How the track will be: its length, what is left out, and its timeline, drawn. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

const askSketch = latest(async (asked) => {
  try {
    const sketch = await ask("sketch", asked);
    if (stillWished(asked)) showSketch(sketch);
  } catch (error) {
    if (stillWished(asked)) showRefusal(error);
  }
});

function showRefusal(error) {
  $("sketch-facts").textContent = "";
  $("sketch-notes").textContent = error.message;
  $("drawing").replaceChildren();
  $("chapters").replaceChildren();
  $("line").textContent = "";
  allowMaking(false);
}

function showSketch(sketch) {
  allowMaking(true);
  const after_ms = sketch.duration_ms - sketch.guided_ms;
  const after = after_ms < 60_000 ? `${Math.round(after_ms / 1000)} s` : lengthOf(after_ms);
  $("sketch-facts").textContent = `${sketch.title}: ${clock(sketch.guided_ms / 1000)}, then ${after} of background`;
  $("sketch-notes").textContent = sketch.notes.join(" ");
  $("line").replaceChildren(...sketch.line.split(" ").flatMap((word) => [make("span", word), " "]));
  $("drawing").replaceChildren(drawn(sketch));
  $("chapters").replaceChildren(...sketch.chapters.map((chapter) => {
    const row = document.createElement("li");
    row.append(make("span", chapter.title), make("span", clock(chapter.start_ms / 1000), "clock"));
    return row;
  }));
}

/* Of a long tail only a tenth is drawn: what matters is before it. */
function drawn(sketch) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} 80`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${sketch.chapters.length} parts over ${lengthOf(sketch.guided_ms)}`);
  const end_ms = Math.min(sketch.duration_ms, sketch.guided_ms * 1.1);
  const box = (start_ms, stop_ms, top, high, name) => {
    const shape = document.createElementNS(SVG, "rect");
    const from = (Math.min(start_ms, end_ms) / end_ms) * WIDTH;
    const to = (Math.min(stop_ms, end_ms) / end_ms) * WIDTH;
    for (const [key, value] of Object.entries({ x: from, y: top, width: Math.max(to - from, 0.5), height: high, class: name })) {
      shape.setAttribute(key, value);
    }
    svg.append(shape);
  };
  for (const chapter of sketch.chapters) box(chapter.start_ms, Math.min(chapter.end_ms, sketch.guided_ms), 1, 78, "part");
  box(sketch.guided_ms, sketch.duration_ms, 1, 78, "tail");
  for (const [start_ms, stop_ms] of sketch.holds) box(start_ms, stop_ms, 60, 10, "hold");
  for (const [start_ms, stop_ms] of sketch.speech) box(start_ms, stop_ms, 20, 30, "speech");
  return svg;
}
