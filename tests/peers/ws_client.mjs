// A client on npm `ws`: sends the plan, wants each message back, closes.
//
// node ws_client.mjs MODULES URL DEFLATE CLOSER      CLOSER: client or server
// Prints one line: what was sent and received, by hash, and how the socket closed.

import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { plan } from "./plan.mjs";

const [modules, url, deflate, closer] = process.argv.slice(2);
const { WebSocket } = createRequire(resolve(modules) + "/")("ws");
const socket = new WebSocket(url, { perMessageDeflate: JSON.parse(deflate), maxPayload: 64 << 20 });
const sent = createHash("sha256");
const received = createHash("sha256");
const messages = plan();
let echoed = 0;
let pong = false;

const send = (message) => {
  sent.update(message);
  socket.send(message);
};
socket.on("open", () => {
  socket.ping("are you there");
  send(messages[0]);
});
socket.on("pong", (bytes) => (pong = bytes.toString() === "are you there"));
socket.on("message", (bytes, binary) => {
  received.update(bytes);
  const expected = Buffer.from(messages[echoed]);
  if (!expected.equals(bytes) || binary !== (typeof messages[echoed] !== "string")) {
    console.log(JSON.stringify({ wrong: echoed }));
    process.exit(1);
  }
  echoed += 1;
  if (echoed < messages.length) send(messages[echoed]);
  else if (closer === "client") socket.close(4001, "bye");
  else send("close 4002 server says so");
});
socket.on("error", (error) => console.error(String(error)));
socket.on("close", (code, reason) => {
  const hashes = { sent: sent.digest("hex"), received: received.digest("hex") };
  console.log(JSON.stringify({ echoed, pong, ...hashes, code, reason: reason.toString(), extensions: socket.extensions }));
});
