// Asks the browser for a passkey, or to make one, and sends its answer with the form. Where a browser has no passkeys
// the form goes, together with the place that is kept for it.
const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const described = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

async function make({ publicKey }) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      user: { ...publicKey.user, id: toBytes(publicKey.user.id) },
      excludeCredentials: described(publicKey.excludeCredentials),
    },
  });
  return answer(made, ["clientDataJSON", "attestationObject"]);
}

async function find({ publicKey }) {
  const found = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: toBytes(publicKey.challenge),
      allowCredentials: described(publicKey.allowCredentials),
    },
  });
  return answer(found, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

function answer(credential, names) {
  const present = names.filter((name) => credential.response[name]);
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(present.map((name) => [name, toText(credential.response[name])])),
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function optionsOf(form) {
  const { options, optionsUrl } = form.dataset;
  if (options) return JSON.parse(document.getElementById(options).textContent);
  const answered = await fetch(optionsUrl, { headers: { Accept: "application/json" } });
  if (!answered.ok) throw new Error(`status ${answered.status}`);
  return answered.json();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) {
    form.remove();
    continue;
  }
  const button = form.querySelector("[data-passkey-button]");
  const failed = form.querySelector("[data-passkey-failed]");
  form.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    failed.hidden = true;
    try {
      const options = await optionsOf(form);
      const credential = options.creation_options ? await make(options.creation_options) : await find(options.request_options);
      form.elements.namedItem("credential").value = JSON.stringify(credential);
      form.submit();
    } catch {
      // Cancelled, timed out, or there is none: the browser has said which.
      failed.hidden = false;
      button.disabled = false;
    }
  });
}
