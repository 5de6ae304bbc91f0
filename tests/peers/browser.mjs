// A page in Chromium, step by step: steps as a JSON array on stdin, what came of it as one JSON line
// {"values": one for each step, "requests": all that the page asked for, "errors": all that went
// wrong in it}. Arguments: the browser, a folder for its profile.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const [browser, profile] = process.argv.slice(2);
const steps = JSON.parse(fs.readFileSync(0, "utf8"));

// Whoever waits for this knows why it did not come.
const LIMIT = 120_000;
let step = "the browser starts";
setTimeout(() => {
  console.error(`not done after ${LIMIT} ms: ${step}; ${JSON.stringify(all)}`);
  process.exit(1);
}, LIMIT);

const until = async (look) => {
  for (;;) {
    const found = await look();
    if (found) return found;
    await new Promise((later) => setTimeout(later, 20));
  }
};

// No name is found and no host is reached: a page that asks for anything fails.
const chromium = spawn(
  browser,
  ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
    "--remote-allow-origins=*", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    `--user-data-dir=${profile}`, "about:blank"],
  { stdio: "ignore" },
);
process.on("exit", () => chromium.kill());
const active = path.join(profile, "DevToolsActivePort");
const port = await until(() => fs.existsSync(active) && fs.readFileSync(active, "utf8").split("\n")[0]);
const opened = await fetch(`http://127.0.0.1:${port}/json/new?about:blank`, { method: "PUT" });
const socket = new WebSocket((await opened.json()).webSocketDebuggerUrl);
await new Promise((open) => (socket.onopen = open));

const asked = new Map();
const [requests, all, values] = [[], [], []];
// Who has so many looks for the cause, not for more.
const errors = { push: (error) => all.length < 20 && all.push(error.slice(0, 400)) };
let loaded = () => {};
socket.onmessage = ({ data }) => {
  const { id, error, result, method, params } = JSON.parse(data);
  if (id) {
    const { answer, failed } = asked.get(id);
    asked.delete(id);
    return error ? failed(new Error(JSON.stringify(error))) : answer(result);
  }
  if (method === "Network.requestWillBeSent") requests.push(params.request.url);
  if (method === "Runtime.exceptionThrown") errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
  if (method === "Runtime.consoleAPICalled" && params.type === "error") errors.push(`console: ${JSON.stringify(params.args)}`);
  if (method === "Log.entryAdded" && params.entry.level === "error") errors.push(`log: ${params.entry.text}`);
  if (method === "Page.javascriptDialogOpening") errors.push(`dialog: ${params.message}`);
  if (method === "Page.loadEventFired") loaded();
};
let questions = 0;
const ask = (method, params = {}) =>
  new Promise((answer, failed) => {
    questions += 1;
    asked.set(questions, { answer, failed });
    socket.send(JSON.stringify({ id: questions, method, params }));
  });
const evaluate = async (expression) => {
  const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
  return result.value;
};

const KINDS = {
  // A script that runs before the page's own.
  before: (source) => ask("Page.addScriptToEvaluateOnNewDocument", { source }),
  async open(url) {
    const isLoaded = new Promise((load) => (loaded = load));
    await ask("Page.navigate", { url });
    await isLoaded;
  },
  size: ([width, height]) => ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 }),
  scheme: (value) => ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] }),
  media: (media) => ask("Emulation.setEmulatedMedia", { media }),
  scripts: (on) => ask("Emulation.setScriptExecutionDisabled", { value: !on }),
  // A property of the page, when it has one.
  value: evaluate,
  until: (expression) => until(() => evaluate(expression)),
  async key(key) {
    const code = { " ": "Space", ".": "Period", ",": "Comma" }[key];
    const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
    await ask("Input.dispatchKeyEvent", { type: "keyDown", key, code, text });
    await ask("Input.dispatchKeyEvent", { type: "keyUp", key, code });
  },
  type: (text) => ask("Input.insertText", { text }),
  async click([x, y]) {
    for (const type of ["mousePressed", "mouseReleased"]) {
      await ask("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: 1 });
    }
  },
  async drag([from, to, y]) {
    const mouse = (type, x) => ask("Input.dispatchMouseEvent", { type, x, y, button: "left", buttons: 1 });
    await mouse("mousePressed", from);
    for (let step = 1; step <= 5; step += 1) await mouse("mouseMoved", from + ((to - from) * step) / 5);
    await mouse("mouseReleased", to);
  },
  // With Ctrl held, as a trackpad's pinch is told.
  pinch: ([x, y, deltaY]) => ask("Input.dispatchMouseEvent", { type: "mouseWheel", x, y, deltaX: 0, deltaY, modifiers: 2 }),
  async shot(file) {
    const { data } = await ask("Page.captureScreenshot", { format: "png" });
    fs.writeFileSync(file, Buffer.from(data, "base64"));
  },
};

try {
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await ask(`${domain}.enable`);
  for (const one of steps) {
    step = JSON.stringify(one);
    const [[kind, what]] = Object.entries(one);
    values.push((await KINDS[kind](what)) ?? null);
  }
  console.log(JSON.stringify({ values, requests, errors: all }));
  process.exit(0);
} catch (error) {
  console.error(`${step}: ${error.message}; ${JSON.stringify(all)}`);
  process.exit(1);
}
