// What comes along from one way in to another: a code in the address of /link, `#code=XXX-XXX`, which no server ever
// sees, and the email that somebody typed.
const KEY = "email";
const links = document.querySelectorAll("a[href^='/account/']");
const field = document.querySelector("input[type='email']");

if (location.hash.startsWith("#code=")) {
  for (const link of links) link.hash = location.hash;
}

// It is kept for one step: whoever signs in next in this tab finds nobody's email.
const typed = sessionStorage.getItem(KEY);
sessionStorage.removeItem(KEY);
if (typed && !field.value) {
  field.value = typed;
  field.form.querySelector("input[type='password']")?.focus();
}
for (const link of links) {
  link.addEventListener("click", () => field.value && sessionStorage.setItem(KEY, field.value));
}
