// An application on the TypeScript SDK's client package, 2.x, that speaks 2026-07-28 and nothing older.
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";
import { answerLines, listenForBrowser, Memory } from "./driving.mjs";

const url = new URL(process.argv[2]);
const listener = await listenForBrowser();
const memory = new Memory(listener.redirectUrl, "Application on the TypeScript SDK 2.x");
const client = new Client(
  { name: "application", version: "1" },
  { versionNegotiation: { mode: { pin: "2026-07-28" } } },
);
let transport;

/** Wait for the person, and have the SDK check `state` and `iss` and trade the code. */
async function finishSigningIn(finishingTransport) {
  const { searchParams } = await listener.answer();
  if (searchParams.get("state") !== memory.lastState) throw new Error(`another state: ${searchParams}`);
  await finishingTransport.finishAuth(searchParams);
}

/** Do it, and once more when the person has to sign in, or to allow more, before it can be done. */
async function signingIn(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    await finishSigningIn(transport);
    return await attempt();
  }
}

await answerLines({
  // An application that wants little asks for little, before it connects.
  signIn: async ({ scope }) => {
    if ((await auth(memory, { serverUrl: url, scope })) !== "REDIRECT") throw new Error("nobody was asked");
    await finishSigningIn(new StreamableHTTPClientTransport(url, { authProvider: memory }));
  },
  connect: async () => {
    await signingIn(async () => {
      transport = new StreamableHTTPClientTransport(url, { authProvider: memory });
      await client.connect(transport);
    });
    return client.getNegotiatedProtocolVersion();
  },
  tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: async ({ tool, arguments: given }) => {
    const result = await signingIn(() => client.callTool({ name: tool, arguments: given }));
    if (result.isError) throw new Error(JSON.stringify(result.content));
    return result.structuredContent;
  },
  held: () => ({ client: memory.client, tokens: memory.held, opened: memory.opened }),
});
