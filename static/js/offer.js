// Waits for an assistant to give the code that this page shows, and loads the page again when it did.
// It never decides anything: what the assistant may do is for a person to see and confirm.
const INTERVAL = 2000;
const { stateUrl } = document.querySelector("script[data-state-url]").dataset;

async function look() {
  if (!document.hidden) {
    try {
      const response = await fetch(stateUrl, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (response.type === "opaqueredirect") {
        // Signed out in another tab: the page that this one becomes says so.
        location.reload();
        return;
      }
      const { state, left } = await response.json();
      if (state !== "waiting") {
        location.reload();
        return;
      }
      document.querySelector("[data-left]").textContent = left;
    } catch {
      // Offline: the next look finds out.
    }
  }
  setTimeout(look, INTERVAL);
}

setTimeout(look, INTERVAL);
