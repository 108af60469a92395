// An application on the official TypeScript SDK, 1.x. Its argument is the URL that a person gave it.
import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { answerLines, listenForBrowser, Memory } from "./driving.mjs";

const url = new URL(process.argv[2]);
const listener = await listenForBrowser();
const memory = new Memory(listener.redirectUrl, "Application on the TypeScript SDK 1.x");
let client;

/** A new MCP session. The SDK throws when the person has to sign in, and is told afterwards how that went. */
async function connect() {
  client = new Client({ name: "application", version: "1" });
  const transport = new StreamableHTTPClientTransport(url, { authProvider: memory });
  try {
    await client.connect(transport);
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const { searchParams } = await listener.answer();
    if (searchParams.get("state") !== memory.lastState) throw new Error(`another state: ${searchParams}`);
    await transport.finishAuth(searchParams.get("code"));
    await connect();
  }
}

await answerLines({
  // An application that wants little asks for little, before it connects.
  signIn: async ({ scope }) => {
    if ((await auth(memory, { serverUrl: url, scope })) !== "REDIRECT") throw new Error("nobody was asked");
    const { searchParams } = await listener.answer();
    await new StreamableHTTPClientTransport(url, { authProvider: memory }).finishAuth(searchParams.get("code"));
  },
  connect,
  tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
  call: async ({ tool, arguments: given }) => {
    const result = await client.callTool({ name: tool, arguments: given });
    if (result.isError) throw new Error(JSON.stringify(result.content));
    return result.structuredContent;
  },
  forgetTokens: () => memory.saveTokens(undefined),
  held: () => ({ client: memory.client, tokens: memory.held, opened: memory.opened }),
});
