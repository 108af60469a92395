// Prefills the Code field from the address, `/link#code=XXX-XXX`. A fragment never reaches a server or its logs.
// It never submits: what the code does is for a person to see and decide.
const field = document.getElementById("id_code");
const code = new URLSearchParams(location.hash.slice(1)).get("code");

if (field && code && !field.value) {
  field.value = code.slice(0, field.maxLength);
  history.replaceState(null, "", location.pathname);
}
