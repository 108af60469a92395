// Keeps the list of connections up to date for a person who waits for a new one. Without it they reload the page.
const EVERY = 4000;
const news = document.getElementById("connections-news");

async function look() {
  const shown = document.getElementById("connections-now");
  // Nobody's open <details> or focused button is taken away: the list waits until they are done.
  const busy = shown.querySelector("details[open]") || shown.contains(document.activeElement);
  if (document.hidden || busy) return;
  const answer = await fetch(shown.dataset.stateUrl, { headers: { Accept: "application/json" }, redirect: "manual" });
  // Signed out in another tab: the page that this one becomes says so.
  if (answer.type === "opaqueredirect") return location.reload();
  if (!answer.ok || (await answer.json()).state === shown.dataset.state) return;
  const page = await (await fetch(location.href, { redirect: "error" })).text();
  const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("connections-now");
  if (!fresh) return;
  shown.replaceWith(fresh);
  news.textContent = fresh.dataset.news;
}

// The server is away: the page stays as it is.
setInterval(() => look().catch(() => {}), EVERY);
