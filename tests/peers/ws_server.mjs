// An echo server on npm `ws`, with a page for a browser.
//
// node ws_server.mjs MODULES DEFLATE      DEFLATE: JSON, `ws`'s perMessageDeflate
// Prints {"port"} once, {"code","reason"} for each closed socket, {"page"} for what a page reports.
// A text "close CODE REASON" makes it close.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, deflate] = process.argv.slice(2);
const { WebSocketServer } = createRequire(resolve(modules) + "/")("ws");
const say = (line) => console.log(JSON.stringify(line));

const http = createServer((request, response) => {
  if (request.method === "POST") {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      response.end("thanks");
      say({ page: JSON.parse(body) });
    });
  } else if (request.url === "/page") {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(readFileSync(new URL("page.html", import.meta.url)));
  } else {
    response.statusCode = 404;
    response.end();
  }
});
const sockets = new WebSocketServer({ server: http, perMessageDeflate: JSON.parse(deflate), maxPayload: 64 << 20 });
sockets.on("connection", (socket) => {
  socket.on("message", (bytes, binary) => {
    const close = binary ? null : /^close (\d+) (.*)$/.exec(bytes.toString());
    if (close) socket.close(Number(close[1]), close[2]);
    else socket.send(bytes, { binary });
  });
  socket.on("error", () => {});
  socket.on("close", (code, reason) => say({ code, reason: reason.toString() }));
});
http.listen(0, "127.0.0.1", () => say({ port: http.address().port }));
