/* Asking the server. Its refusals come in the words of the command line. */

const GONE = "The studio doesn't answer. Is it still running?";
const ANEW = "The studio was started anew. Open the address that it shows now.";

async function ask(what, value) {
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
  let answer;
  try {
    answer = await fetch(`/~studio/${what}`, asked);
  } catch {
    throw new Error(GONE);
  }
  if (answer.status === 403) throw new Error(ANEW);
  let told;
  try {
    told = await answer.json();
  } catch {
    throw new Error("The studio stumbled over this. Its terminal may say more.");
  }
  if (told.error) throw new Error(told.error);
  watchAgain();
  return told;
}

/* Calls `answer` for the latest value alone: one question at a time, the next only when the last is answered. */
function latest(answer) {
  let waiting = null;
  let busy = false;
  return async (value) => {
    waiting = [value];
    if (busy) return;
    busy = true;
    while (waiting) {
      const [next] = waiting;
      waiting = null;
      await answer(next);
    }
    busy = false;
  };
}
