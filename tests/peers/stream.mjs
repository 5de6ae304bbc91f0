// A server that sends so many events a second to each client, and a client that reads them:
// what a recording that grows is made of.
//
//     node stream.mjs serve PORT EVENTS_A_SECOND
//     node stream.mjs read URL SECONDS
import { createRequire } from "node:module";

const { WebSocket, WebSocketServer } = createRequire(process.cwd() + "/")("ws");
const TICK_MS = 10;
const STEPS = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];

const [mode, where, rate] = process.argv.slice(2);

function serve(socket) {
  let sent = 0;
  const started = Date.now();
  const timer = setInterval(() => {
    const due = ((Date.now() - started) / 1000) * Number(rate);
    for (; sent < due; sent += 1) {
      const run = `run_${Math.floor(sent / STEPS.length)}`;
      const said = { type: STEPS[sent % STEPS.length], run_id: run, user_id: "user_1", text: "" };
      said.text = "x".repeat(400 - JSON.stringify(said).length);
      socket.send(JSON.stringify(said));
    }
  }, TICK_MS);
  socket.on("close", () => clearInterval(timer));
}

if (mode === "serve") {
  new WebSocketServer({ host: "127.0.0.1", port: Number(where) }).on("connection", serve);
} else {
  const socket = new WebSocket(where);
  let read = 0;
  socket.on("message", () => (read += 1));
  socket.on("open", () => setTimeout(() => socket.close(), Number(rate) * 1000));
  socket.on("close", () => console.log(`${read} events`));
}
