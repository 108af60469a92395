// What every driver has: a browser to open, a place for it to come back to, and lines to answer.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { inspect } from "node:util";

/** Open `url` as programs do; the person sits at the other end of $BROWSER. */
export function openBrowser(url) {
  spawn(process.env.BROWSER, [String(url)], { stdio: "ignore" });
}

/** Listen for the browser on a loopback port (RFC 8252 §7.3); `answer()` is the query of the next that comes. */
export async function listenForBrowser() {
  const waiting = [];
  const arrived = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, redirectUrl);
    response.setHeader("Content-Type", "text/html");
    response.setHeader("Connection", "close");
    response.end('<!doctype html><link rel="icon" href="data:,"><h1>Back at the assistant</h1>');
    if (url.pathname !== "/callback") return;
    if (waiting.length) waiting.shift()(url);
    else arrived.push(url);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const redirectUrl = `http://127.0.0.1:${server.address().port}/callback`;
  const answer = () =>
    arrived.length ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve));
  return { redirectUrl, answer };
}

/** What an application keeps for the SDKs' `auth`: the registration and the tokens, in memory. */
export class Memory {
  opened = 0;
  constructor(redirectUrl, clientName) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = {
      client_name: clientName,
      redirect_uris: [redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    };
  }
  state() {
    return (this.lastState = crypto.randomUUID());
  }
  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.held;
  }
  saveTokens(tokens) {
    this.held = tokens;
  }
  discoveryState() {
    return this.discovered;
  }
  saveDiscoveryState(discovered) {
    this.discovered = discovered;
  }
  codeVerifier() {
    return this.verifier;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  redirectToAuthorization(url) {
    this.opened += 1;
    openBrowser(url);
  }
}

/** Answer every line of the standard input with one line: `{do, ...}` with `{answer}` or `{failed}`. */
export async function answerLines(actions) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: action, ...rest } = JSON.parse(line);
    let said;
    try {
      said = { answer: (await actions[action](rest)) ?? null };
    } catch (error) {
      said = { failed: inspect(error, { depth: 5 }) };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
  process.exit(0);
}
