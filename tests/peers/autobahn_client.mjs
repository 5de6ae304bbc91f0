// npm `ws` as the client that the Autobahn test suite fuzzes: runs every case, echoing.
//
// node autobahn_client.mjs MODULES URL AGENT

import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, url, agent] = process.argv.slice(2);
const { WebSocket } = createRequire(resolve(modules) + "/")("ws");
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// One connection to its end; gives the last message.
const visit = (path, echo) =>
  new Promise((done) => {
    let last = null;
    const socket = new WebSocket(url + path, { perMessageDeflate: { threshold: 0 }, maxPayload: 64 << 20 });
    socket.on("message", (bytes, binary) => {
      last = bytes;
      if (echo) socket.send(bytes, { binary });
    });
    socket.on("error", () => {});
    socket.on("close", () => done(last));
  });

// The suite takes seconds to start.
let count = null;
for (let tries = 0; count === null && tries < 600; tries++) {
  count = await visit("/getCaseCount", false);
  if (count === null) await wait(200);
}
for (let number = 1; number <= Number(count.toString()); number++) {
  await visit(`/runCase?case=${number}&agent=${agent}`, true);
}
// A case has its result when the suite has seen its connection end.
await wait(3000);
await visit(`/updateReports?agent=${agent}`, false);
