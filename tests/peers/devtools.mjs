// A WebSocket seen by Chromium's own DevTools, and a HAR file opened in them, as one JSON line:
// {"saved": what DevTools save of a page's WebSocket, "shown": what they show of the file}.
// Arguments: the browser, a folder for its profile, a HAR file.
import { spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const [browser, profile, file] = process.argv.slice(2);

const PAGE = `<script>
const socket = new WebSocket("ws://" + location.host + "/echo?room=7");
let echoes = 0;
socket.onopen = () => {
  socket.send('{"type":"hello","text":"é 🦊"}');
  socket.send(new Uint8Array([0, 1, 2, 254, 255]));
};
socket.onmessage = () => { if (++echoes === 2) socket.close(4001, "bye"); };
</script>`;

const server = http.createServer((request, response) => {
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(request.url === "/" ? PAGE : "");
});

// Gives every short masked frame back without its mask.
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = crypto.createHash("sha1").update(key).digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let held = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= 6 && held.length >= 6 + (held[1] & 127)) {
      const length = held[1] & 127;
      const payload = held.subarray(6, 6 + length).map((byte, at) => byte ^ held[2 + (at % 4)]);
      socket.write(Buffer.concat([Buffer.from([held[0], length]), payload]));
      held = held.subarray(6 + length);
    }
  });
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));

// Whoever waits for this knows why it did not come.
const LIMIT = 60_000;
setTimeout(() => {
  console.error(`not done after ${LIMIT} ms: ${step}`);
  process.exit(1);
}, LIMIT);
let step = "the browser starts";

const until = async (look) => {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((later) => setTimeout(later, 50));
  }
};

const chromium = spawn(
  browser,
  ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
    "--remote-allow-origins=*", `--user-data-dir=${profile}`, "about:blank"],
  { stdio: "ignore" },
);
process.on("exit", () => chromium.kill());
const active = path.join(profile, "DevToolsActivePort");
const port = await until(() => fs.existsSync(active) && fs.readFileSync(active, "utf8").split("\n")[0]);
const base = `http://127.0.0.1:${port}`;
const tab = async (url) =>
  (await fetch(`${base}/json/new?${encodeURIComponent(url)}`, { method: "PUT" })).json();

step = "its DevTools open";
const page = await tab("about:blank");
// The browser's own DevTools, as a page that looks at the other one.
const tools = await tab(
  `${base}/devtools/devtools_app.html?ws=127.0.0.1:${port}/devtools/page/${page.id}&panel=network`,
);
const socket = new WebSocket(tools.webSocketDebuggerUrl);
await new Promise((open) => (socket.onopen = open));
const asked = new Map();
socket.onmessage = ({ data }) => {
  const { id, error, result } = JSON.parse(data);
  const { answer, failed } = asked.get(id) ?? {};
  asked.delete(id);
  const why = error ?? result?.exceptionDetails;
  why ? failed?.(new Error(JSON.stringify(why))) : answer?.(result.result?.value);
};
let questions = 0;
const within = (code, ...args) =>
  new Promise((answer, failed) => {
    const id = ++questions;
    asked.set(id, { answer, failed });
    const expression = `(${code})(...${JSON.stringify(args)})`;
    const params = { expression, awaitPromise: true, returnByValue: true };
    socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
  });

// A tab is empty before it is what was asked for, and what is asked meanwhile is lost with it.
const loaded = (origin) => location.href.startsWith(origin) && document.readyState === "complete";
await until(() => within(loaded, base).catch(() => false));

step = "the page's WebSocket is over, as DevTools see it";
const saved = await within(
  async (url) => {
    const until = async (look) => {
      for (;;) {
        const found = look();
        if (found) return found;
        await new Promise((later) => setTimeout(later, 50));
      }
    };
    const SDK = await import("/devtools/core/sdk/sdk.js");
    const Logs = await import("/devtools/models/logs/logs.js");
    const HAR = await import("/devtools/models/har/har.js");
    const target = await until(() => SDK.TargetManager.TargetManager.instance().primaryPageTarget());
    const requests = () => Logs.NetworkLog.NetworkLog.instance().requests();
    // They look at the network from when this is answered.
    await target.networkAgent().invoke_enable({});
    await target.pageAgent().invoke_navigate({ url });
    await until(() => requests().find((one) => one.url().startsWith("ws:") && one.finished));
    return { log: await HAR.Log.Log.build(requests(), { sanitize: false }) };
  },
  `http://127.0.0.1:${server.address().port}/`,
);

step = "the file is shown";
const shown = await within(async (text) => {
  const HAR = await import("/devtools/models/har/har.js");
  const root = new HAR.HARFormat.HARRoot(JSON.parse(text));
  return HAR.Importer.Importer.requestsFromHARLog(root.log).map((request) => ({
    url: request.url(),
    type: request.resourceType().name(),
    status: request.statusCode,
    frames: request.frames().map(({ type, opCode, text, time }) => ({ type, opCode, text, time })),
  }));
}, fs.readFileSync(file, "utf8"));

console.log(JSON.stringify({ saved, shown }));
process.exit(0);
