// The Code field: prefills it from the address, `/link#code=XXX-XXX` (a fragment never reaches a server or its logs), and
// takes out the dash and spaces of what looks like a code, so that each character stands in its box. It never submits:
// what the code does is for a person to see and decide.
const field = document.getElementById("id_code");

function tidy() {
  const plain = field.value.normalize("NFKC").replace(/[\s\u002d\u2010-\u2014\u2212]/g, "");
  if (/^[a-z0-9]{0,6}$/i.test(plain) && plain !== field.value && field.selectionEnd === field.value.length) {
    field.value = plain.toUpperCase();
  }
}

if (field) {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code && !field.value) {
    field.value = code.slice(0, field.maxLength);
  }
  if (code) {
    history.replaceState(null, "", location.pathname);
  }
  tidy();
  field.addEventListener("input", (event) => event.isComposing || tidy());
}

// How long typing stays locked. The page says it in words as well, for whoever runs no scripts.
const clock = document.querySelector("time[data-until]");
if (clock) {
  const until = Date.now() + Number(clock.dataset.seconds) * 1000;
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    clock.textContent = (parts[0] ? parts : parts.slice(1)).map((part) => String(part).padStart(2, "0")).join(":");
    if (left === 0) {
      clearInterval(timer);
      document.querySelector("[data-when-over]").hidden = false;
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}
