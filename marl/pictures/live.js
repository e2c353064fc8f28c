// What the command tells its windows, and what they tell it; see marl/system/page_server.py.
const ENDED = "The command has ended. Start it again, and open the address that it prints.";
const SILENT = "The command does not answer. Is it still running? Trying again ...";
const REFUSED = "This address is not valid any more: open the one that the command has printed.";

function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

async function say(message) {
  try {
    const answer = await fetch("say", {method: "POST", body: JSON.stringify(message)});
    notice(answer.status === 403 ? REFUSED : (await answer.json()).told);
  } catch { notice(SILENT); }
}

// Every window hears the latest of each kind when it opens, and then all that comes.
function listen(kinds) {
  const news = new EventSource("news");
  for (const [kind, take] of Object.entries(kinds))
    news.addEventListener(kind, (event) => take(JSON.parse(event.data)));
  news.addEventListener("open", () => notice(""));
  news.addEventListener("ended", () => { news.close(); notice(ENDED); });
  news.addEventListener("error", () => notice(news.readyState === EventSource.CLOSED ? REFUSED : SILENT));
}
