// Makes its calls with Node's fetch, as it comes. A forward edge is reached as undici's ProxyAgent does it, which Node
// does not export: by a connection of ours through a tunnel.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createInterface } from "node:readline";
import tls from "node:tls";

await fetch("data:,"); // undici is loaded by the first call
const Agent = globalThis[Symbol.for("undici.globalDispatcher.1")].constructor;

function tunnel(proxy, ca) {
  const { hostname, port } = new URL(proxy);
  return ({ hostname: host, port: wanted }, done) => {
    const target = `${host}:${wanted || 443}`;
    const asked = http.request({ hostname, port, method: "CONNECT", path: target, headers: { Host: target } });
    asked.on("error", done);
    asked.on("connect", (reply, socket) => {
      if (reply.statusCode !== 200) return done(new Error(`the proxy answered ${reply.statusCode}`));
      const line = tls.connect({ socket, servername: host, ca: readFileSync(ca), ALPNProtocols: ["http/1.1"] });
      line.once("secureConnect", () => done(null, line));
      line.once("error", done);
    });
    asked.end();
  };
}

function named(error) {
  let first = error;
  while (first.cause) first = first.cause;
  const word = first.code || (first.name === "Error" ? first.message : first.name);
  return first === error ? error.name : `${error.name}: ${error.message} (${word})`;
}

async function make(call, seen) {
  const began = performance.now();
  const dispatcher = new Agent(call.proxy ? { connect: tunnel(call.proxy, call.ca) } : {});
  const pieces = [];
  try {
    const signal = AbortSignal.timeout(call.patience_s * 1000);
    const { url, method, headers, body } = call;
    const reply = await fetch(url, { method, headers, body, signal, dispatcher });
    seen.status = reply.status;
    seen.headers = Object.fromEntries(reply.headers);
    for await (const piece of reply.body ?? []) pieces.push(piece);
    try {
      JSON.parse(new TextDecoder().decode(Buffer.concat(pieces))); // what json() does
    } catch (error) {
      seen.json = error.name;
    }
  } catch (error) {
    seen.error = named(error);
  }
  const content = Buffer.concat(pieces);
  seen.length = content.length;
  seen.sha = createHash("sha256").update(content).digest("hex");
  seen.seconds = (performance.now() - began) / 1000;
  dispatcher.destroy().catch(() => {}); // it does not always come to an end, and the process does not need it
  return seen;
}

// A body that cannot be decoded leaves Node 20 waiting, whatever its signal says.
function within(call, seen) {
  return new Promise((done) => {
    const timer = setTimeout(() => done(Object.assign(seen, { error: "never ends" })), (call.patience_s + 1) * 1000);
    make(call, seen).then((made) => done(made)).finally(() => clearTimeout(timer));
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const seen = { status: null, headers: {}, length: 0, sha: "", json: "", error: "", seconds: 0 };
  process.stdout.write(JSON.stringify(await within(JSON.parse(line), seen)) + "\n");
}
process.exit(0);
