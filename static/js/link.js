// The Code field: prefills it from the address, `/link#code=XXX-XXX` (a fragment never reaches a server or its logs), and
// takes out of what looks like a code whatever is none of its characters, so that each stands in its box. It never
// submits: what the code does is for a person to see and decide.
const field = document.getElementById("id_code");
const SHOWN = /(?<![a-z0-9])([a-hj-np-z2-9]{3})-([a-hj-np-z2-9]{3})(?![a-z0-9])/gi;

// As linking/codes.py reads it. What is no code, and no beginning of one, stays as it is.
function read(text) {
  const plain = text.normalize("NFKC").replace(/[\p{Pd}\u2212]/gu, "-");
  const whole = plain.replace(/[\p{P}\p{Z}\p{Cf}\s]/gu, "");
  if (/^[a-z0-9]{0,6}$/i.test(whole)) return whole.toUpperCase();
  const shown = new Set([...plain.matchAll(SHOWN)].map(([, first, second]) => (first + second).toUpperCase()));
  return shown.size === 1 ? [...shown][0] : text;
}

function tidy() {
  const code = read(field.value);
  if (code !== field.value) field.value = code;
}

if (field) {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  const isReloaded = performance.getEntriesByType("navigation")[0]?.type === "reload";
  const known = code ?? (isReloaded ? history.state?.typed : "");
  if (known && !field.value) field.value = known.slice(0, field.maxLength);
  tidy();
  // The code leaves the address. And whoever loads the answer to a wrong code again, or comes back to it, asks for the
  // page: it would be sent again, and count again.
  history.replaceState({ typed: field.value }, "", code ? location.pathname : location.href);
  // A code that was refused is typed over; one that was kept is gone on with.
  if (field.ariaInvalid === "true") field.select();
  else field.setSelectionRange(field.value.length, field.value.length);
  field.addEventListener("input", (event) => {
    // Not while letters are composed, nor while somebody mends the middle: the caret would jump to the end.
    if (!event.isComposing && field.selectionEnd === field.value.length) tidy();
  });
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
      document.querySelector("[data-until-over]").hidden = true;
      document.querySelector("[data-when-over]").hidden = false;
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
}
