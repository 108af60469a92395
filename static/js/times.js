// Moments by the clock of whoever looks. Without this module they are in UTC, and say so.
const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });
const main = document.getElementById("content");

function show() {
  for (const time of main.querySelectorAll("time[datetime]:not([title])")) {
    time.title = time.textContent;
    time.textContent = format.format(new Date(time.dateTime));
  }
}

show();
// A list that brings itself up to date comes from the server, with times in UTC.
new MutationObserver(show).observe(main, { childList: true, subtree: true });
