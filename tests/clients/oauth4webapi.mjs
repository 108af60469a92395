// An application that does every step itself with oauth4webapi, each checked as strictly as the library can.
import * as oauth from "oauth4webapi";
import { answerLines, listenForBrowser, openBrowser } from "./driving.mjs";

const resource = new URL(process.argv[2]);
const plainHttp = { [oauth.allowInsecureRequests]: true };
const listener = await listenForBrowser();
let server, client, clientAuth, tokens, subject;

/** From the 401 to the documents of the resource and of its authorization server, by either kind of discovery. */
async function discover({ algorithm }) {
  let challenges;
  try {
    await oauth.protectedResourceRequest("nonsense", "POST", resource, undefined, "{}", plainHttp);
    throw new Error("nonsense was taken for a token");
  } catch (error) {
    if (error.code !== oauth.WWW_AUTHENTICATE_CHALLENGE) throw error;
    challenges = error.cause;
  }
  const [{ parameters }] = challenges;
  const described = await oauth.processResourceDiscoveryResponse(resource, await fetch(parameters.resource_metadata));
  const found = await oauth.resourceDiscoveryRequest(resource, plainHttp);
  const derived = await oauth.processResourceDiscoveryResponse(resource, found);
  const issuer = new URL(described.authorization_servers[0]);
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...plainHttp });
  server = await oauth.processDiscoveryResponse(issuer, answer);
  return { challenges: challenges.length, error: parameters.error, described, derived, server };
}

async function register({ authMethod }) {
  const metadata = {
    client_name: "Application on oauth4webapi",
    redirect_uris: [listener.redirectUrl],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: authMethod,
    id_token_signed_response_alg: "RS256",
  };
  const answer = await oauth.dynamicClientRegistrationRequest(server, metadata, plainHttp);
  client = await oauth.processDynamicClientRegistrationResponse(answer);
  if (client.token_endpoint_auth_method !== authMethod) throw new Error(JSON.stringify(client));
  const proofs = {
    none: oauth.None,
    client_secret_basic: oauth.ClientSecretBasic,
    client_secret_post: oauth.ClientSecretPost,
  };
  clientAuth = proofs[authMethod](client.client_secret);
  return client;
}

/** Code with PKCE, state, nonce and `iss` (RFC 9207), then the ID token with its signature. */
async function signIn({ scope }) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = scope.includes("openid") ? oauth.generateRandomNonce() : undefined;
  const url = new URL(server.authorization_endpoint);
  const query = {
    client_id: client.client_id,
    redirect_uri: listener.redirectUrl,
    response_type: "code",
    scope,
    state,
    resource: resource.href,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(nonce && { nonce }),
  };
  url.search = new URLSearchParams(query);
  openBrowser(url);
  const parameters = oauth.validateAuthResponse(server, client, await listener.answer(), state);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    clientAuth,
    parameters,
    listener.redirectUrl,
    verifier,
    { additionalParameters: { resource: resource.href }, ...plainHttp },
  );
  tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: nonce,
    requireIdToken: Boolean(nonce),
  });
  if (nonce) await oauth.validateApplicationLevelSignature(server, answer, plainHttp);
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  subject = claims?.sub ?? oauth.skipSubjectCheck;
  return { tokens, claims: claims ?? null };
}

async function refresh() {
  const options = { additionalParameters: { resource: resource.href }, ...plainHttp };
  const answer = await oauth.refreshTokenGrantRequest(server, client, clientAuth, tokens.refresh_token, options);
  const refreshed = await oauth.processRefreshTokenResponse(server, client, answer);
  if (refreshed.id_token) await oauth.validateApplicationLevelSignature(server, answer, plainHttp);
  tokens = { ...tokens, ...refreshed };
  return { tokens, claims: oauth.getValidatedIdTokenClaims(refreshed) ?? null };
}

async function userinfo() {
  const answer = await oauth.userInfoRequest(server, client, tokens.access_token, plainHttp);
  return await oauth.processUserInfoResponse(server, client, subject, answer);
}

async function rpc(method, params) {
  const headers = new Headers({
    "Content-Type": "application/json",
    Accept: "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
  });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const token = tokens.access_token;
  const answer = await oauth.protectedResourceRequest(token, "POST", resource, headers, body, plainHttp);
  return (await answer.json()).result;
}

await answerLines({
  discover,
  register,
  signIn,
  refresh,
  userinfo,
  tools: async () => (await rpc("tools/list", {})).tools.map((tool) => tool.name),
  call: async ({ tool, arguments: given }) => {
    const result = await rpc("tools/call", { name: tool, arguments: given });
    return result.structuredContent;
  },
  revoke: async ({ which }) => {
    const answer = await oauth.revocationRequest(server, client, clientAuth, tokens[which], plainHttp);
    await oauth.processRevocationResponse(answer);
  },
});
