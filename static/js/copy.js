// Buttons that copy the text beside them. Without this module they stay hidden, and the text can be selected. Their place
// is kept for them, so that those which do not work here have to go.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) {
    button.remove();
    continue;
  }
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      label.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(source);
    }
    setTimeout(() => (label.textContent = before), 2000);
  });
}

// An address that names one assistant, `/connect#cursor`, opens it.
const named = location.hash && document.getElementById(location.hash.slice(1));
if (named instanceof HTMLDetailsElement) named.open = true;
