"use strict";
(() => {
  const FADE_MS = 30_000; // how long the sleep timer takes to fade the sound out, at its end
  const BACK_S = 10; // how much is heard again after the sleep timer
  const BEGUN_S = 5; // whoever stopped sooner has only looked into the track
  const FINISHED_S = 15; // whoever stopped so near to the end has heard it
  const SKIP_S = 10;
  const SAVE_S = 5;
  const ROWS = 24; // tracks that are shown at once
  const EVENING_BEGINS_H = 12; // what is played after midnight belongs to the evening before
  const LENGTHS_MIN = [15, 30, 45, 60, 90, 120];

  const $ = (id) => document.getElementById(id);
  const library = JSON.parse($("library").textContent);
  const tracks = library.tracks.map(([file, title, routine, ms, voice, background, spoken], number) => {
    return { file, title, routine, ms, voice, background, spoken, number, length: lengthName(ms) };
  });
  const byFile = new Map(tracks.map((track) => [track.file, track]));
  const audio = $("audio");

  // --- what is remembered, on this device alone ---------------------------------------------------------

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

  // --- words ----------------------------------------------------------------------------------------------

  function clock(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
    return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${parts[1]}:${rest}`;
  }

  function spokenClock(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
    return parts.filter(([number]) => number).map(([number, unit]) => `${number} ${unit}${number === 1 ? "" : "s"}`).join(" ") || "the beginning";
  }

  function lengthOf(ms) {
    const minutes = Math.max(1, Math.round(ms / 60_000));
    if (minutes < 60) return `${minutes} min`;
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
  }

  function lengthName(ms) {
    const most = LENGTHS_MIN.find((minutes) => ms <= minutes * 60_000);
    return most ? `Up to ${lengthOf(most * 60_000)}` : `Over ${lengthOf(LENGTHS_MIN.at(-1) * 60_000)}`;
  }

  function factsOf(track) {
    const facts = [lengthOf(track.ms), track.background];
    if (several.voice) facts.push(track.voice);
    return facts.filter((fact) => fact && !track.title.toLowerCase().includes(` ${fact.toLowerCase()}`)).join(" · ");
  }

  function say(text) {
    $("status").textContent = text;
  }

  function make(tag, text, className) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  // --- filters and the list --------------------------------------------------------------------------------

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

  // --- tonight, and where it stopped --------------------------------------------------------------------------

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

  // --- chapters and words: a line for each way in which a track is spoken, read when it is needed ------------

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

  // --- the level: the element's volume, or a gain where that can't be set -------------------------------------

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

  // --- the sleep timer -----------------------------------------------------------------------------------------

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

  // --- playing ---------------------------------------------------------------------------------------------

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

  // --- what the player shows ----------------------------------------------------------------------------------

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

  // --- the lock screen, headphones and keys of the system --------------------------------------------------------

  function tellSystem() {
    if (!("mediaSession" in navigator) || !current) return;
    const chapter = now.chapters[shownChapter];
    const artwork = library.cover ? [{ src: new URL(addressOf(library.cover), location.href).href, type: "image/jpeg" }] : [];
    const facts = { title: current.title, artist: chapter ? chapter.title : "", album: library.title };
    navigator.mediaSession.metadata = new MediaMetadata(location.protocol.startsWith("http") ? { ...facts, artwork } : facts);
  }

  function tellSystemPlace() {
    if (!("mediaSession" in navigator) || !navigator.mediaSession.setPositionState || !(audio.duration > 0)) return;
    if (!Number.isFinite(audio.duration)) return;
    const position = Math.min(audio.currentTime, audio.duration);
    navigator.mediaSession.setPositionState({ duration: audio.duration, playbackRate: 1, position });
  }

  const SYSTEM_ACTIONS = {
    play,
    pause: () => audio.pause(),
    seekbackward: (asked) => jump(heard_s() - (asked.seekOffset || SKIP_S)),
    seekforward: (asked) => jump(heard_s() + (asked.seekOffset || SKIP_S)),
    seekto: (asked) => jump(asked.seekTime),
    previoustrack: () => toChapter(-1),
    nexttrack: () => toChapter(1),
  };
  if ("mediaSession" in navigator) {
    for (const [action, handler] of Object.entries(SYSTEM_ACTIONS)) {
      try {
        navigator.mediaSession.setActionHandler(action, handler);
      } catch {
        // an action that this browser doesn't have
      }
    }
  }

  // --- fingers and keys ---------------------------------------------------------------------------------------

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
})();
