/* The lock screen, headphones, and the keys of the system. */

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
