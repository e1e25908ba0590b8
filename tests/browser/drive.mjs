// Drive headless Chromium by its own protocol, over a pipe: `node drive.mjs CHROMIUM ADDRESS STEPS`.
// STEPS is a JSON file, a list of [what, ...]. Prints JSON: what each "read" saw, and every address that was asked for.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [program, address, steps] = process.argv.slice(2), profile = await mkdtemp(join(tmpdir(), "chromium-"));
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", `--user-data-dir=${profile}`];
const browser = spawn(program, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const ended = new Promise((done) => browser.on("exit", done));
const waiting = new Map(), asked = [], heard = new Map(), errors = [];
let number = 0, text = "", session, chooser = null;

browser.stdio[4].setEncoding("utf-8").on("data", (part) => {
  const messages = (text += part).split("\0");
  text = messages.pop();
  for (const message of messages.map((one) => JSON.parse(one))) {
    if (message.id) waiting.get(message.id)(message);
    if (message.method === "Network.requestWillBeSent") asked.push(message.params.request.url);
    if (message.method === "Runtime.exceptionThrown") errors.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
    if (message.method === "Page.fileChooserOpened") chooser = message.params;
    heard.get(message.method)?.();
  }
});

async function ask(method, params = {}) {
  const id = ++number, answer = new Promise((done) => waiting.set(id, done));
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
  const { result, error } = await answer;
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

async function value(expression) {
  const { result, exceptionDetails } = await ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

async function until(condition, what) {
  for (let i = 0; i < 1200; i++) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`waited two minutes for ${what}`);
}

async function key(name, code, more = {}) {
  const shared = { key: name, code: name, windowsVirtualKeyCode: code, ...more };
  await ask("Input.dispatchKeyEvent", { type: more.text ? "keyDown" : "rawKeyDown", ...shared });
  await ask("Input.dispatchKeyEvent", { type: "keyUp", ...shared });
}

const ACTIONS = {
  /** Drag files of this machine over an element, and drop them there. */
  async drop(selector, ...files) {
    const at = await value(`(() => { const e = document.querySelector(${JSON.stringify(selector)}); e.scrollIntoView({ block: "center" });
      const r = e.getBoundingClientRect(); return { x: r.x + r.width / 2, y: r.y + 12 }; })()`);
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await ask("Input.dispatchDragEvent", { type, ...at, data });
  },
  /** Press Tab until an element has the focus; nothing is clicked. */
  async tab(selector) {
    for (let i = 0; i < 300; i++) {
      if (await value(`document.activeElement?.matches(${JSON.stringify(selector)})`)) return;
      await key("Tab", 9);
    }
    throw new Error(`${selector}: is not reached by Tab`);
  },
  /** Press Enter on an input of files, and choose these. */
  async choose(...files) {
    chooser = null;
    await ask("Page.setInterceptFileChooserDialog", { enabled: true });
    await key("Enter", 13, { text: "\r" });
    await until(() => chooser, "the dialog of files");
    await ask("DOM.setFileInputFiles", { files, backendNodeId: chooser.backendNodeId });
  },
  type: (words) => ask("Input.insertText", { text: words }),
  press: (name, code) => key(name, code, name === "Enter" ? { text: "\r" } : {}),
  wait: (expression) => until(() => value(expression), expression),
  size: (width, height) => ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 500 }),
  read: (expression) => value(expression),
  async picture(path) {
    const { data } = await ask("Page.captureScreenshot", { captureBeyondViewport: true, format: "png" });
    await writeFile(path, Buffer.from(data, "base64"));
  },
};

const seen = [];
try {
  const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
  session = (await ask("Target.attachToTarget", { targetId, flatten: true })).sessionId;
  for (const domain of ["Page", "Runtime", "Network", "DOM"]) await ask(`${domain}.enable`);
  const loaded = new Promise((done) => heard.set("Page.loadEventFired", done));
  await ask("Page.navigate", { url: address });
  await loaded;
  for (const [what, ...rest] of JSON.parse(await readFile(steps, "utf-8"))) {
    const answer = await ACTIONS[what](...rest);
    if (what === "read") seen.push(answer);
  }
  process.stdout.write(JSON.stringify({ seen, asked, errors }));
} finally {
  browser.kill();
  await ended;
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
