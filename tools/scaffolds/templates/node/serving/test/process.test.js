// The process as Kubernetes starts and stops it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
//% if type == "web-api"
import { request } from "node:http";
//% endif
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

//% if database == "none"
const READINESS = 200;
//% else
const READINESS = 503; // there is no database
//% endif

let base;
let served;

before(async () => {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const nowhere = { DATABASE_HOST: "127.0.0.1", DATABASE_PORT: "1" };
  const env = { ...process.env, ...nowhere, PORT: String(port), INTERVAL_SECONDS: "60" };
  served = spawn(process.execPath, ["src/main.js"], { env, stdio: "inherit" });
  await answers();
});

after(() => served.kill("SIGKILL"));

test("the probes and the metrics answer", async () => {
  for (const [path, want] of Object.entries({ "/healthz": 200, "/readyz": READINESS, "/metrics": 200 })) {
    assert.equal((await fetch(base + path)).status, want, path);
  }
  assert.equal((await fetch(`${base}/nothing`)).status, 404);
  const metrics = await (await fetch(`${base}/metrics`)).text();
  assert.match(metrics, /http_requests_total{method="GET",path="GET \/healthz",status="200"}/);
});
//% if type == "web-api"

test("a wrong body is refused", async () => {
  for (const body of ["", "{}", '{"name": ""}', "null", JSON.stringify({ name: "x".repeat(101) })]) {
    const answer = await fetch(`${base}/api/v1/greetings`, { method: "POST", body });
    assert.equal(answer.status, 422, body);
  }
});

test("SIGTERM in the middle of a request loses nothing", async () => {
  const body = JSON.stringify({ name: "Ann" });
  const headers = { "content-length": body.length };
  const asking = request(`${base}/api/v1/greetings`, { method: "POST", headers });
  const answer = once(asking, "response");
  asking.write(body.slice(0, 5));
  await wait(200);
  served.kill("SIGTERM");
  await wait(200);
  asking.end(body.slice(5));
  const [response] = await answer;
  //% if database == "none"
  assert.equal(response.statusCode, 201);
  //% else
  assert.equal(response.statusCode, 503); // there is no database, and this is an answer, too
  //% endif
  response.resume();
  assert.deepEqual(await once(served, "exit"), [0, null]);
});
//% else

test("it ends well at SIGTERM", async () => {
  served.kill("SIGTERM");
  assert.deepEqual(await once(served, "exit"), [0, null]);
});
//% endif

async function freePort() {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function answers() {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await fetch(`${base}/healthz`);
    } catch {
      await wait(50);
    }
  }
  throw new Error(`nobody answers at ${base}`);
}
