import { createServer } from "node:http";

import client from "prom-client";

//% if type == "web-api"
import { routes } from "./api.js";
//% endif
//% if database != "none"
import { check } from "./database.js";
//% endif
import { log } from "./log.js";

const BODY_LIMIT_BYTES = 1024 * 1024;

client.collectDefaultMetrics();

const requests = new client.Counter({
  name: "http_requests_total",
  help: "Requests that were answered.",
  labelNames: ["method", "path", "status"],
});
const durations = new client.Histogram({
  name: "http_request_duration_seconds",
  help: "Time to answer a request.",
  labelNames: ["method", "path"],
});

const probes = {
  // Liveness depends on nothing else: a restart would mend nothing else.
  "GET /healthz": () => ({ status: 200, body: { status: "ok" } }),
  "GET /readyz": ready,
  "GET /metrics": async () => ({ status: 200, type: client.register.contentType, body: await client.register.metrics() }),
};
//% if type == "web-api"
const known = { ...probes, ...routes };
//% else
const known = probes;
//% endif

async function ready() {
  //% if database != "none"
  try {
    await check();
  } catch (error) {
    log("warn", "the database does not answer", { error });
    return { status: 503, body: { status: "the database does not answer" } };
  }
  //% endif
  return { status: 200, body: { status: "ready" } };
}

/** The server, which does not listen yet. */
export function server() {
  return createServer(observed);
}

/** Stop listening, and answer what was asked; after the time, hang up. */
export function stop(serving, seconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => serving.closeAllConnections(), seconds * 1000);
    serving.close(() => {
      clearTimeout(timer);
      resolve();
    });
    serving.closeIdleConnections();
  });
}

// Each request is counted, timed and logged by its route and not its path: a path may hold anything.
async function observed(request, response) {
  const began = process.hrtime.bigint();
  const route = `${request.method} ${request.url.split("?")[0]}`;
  const answer = await answered(known[route], request);
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  response.writeHead(answer.status, { "content-type": answer.type ?? "application/json" });
  response.end(text);
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  const path = route in known ? route : "unknown";
  requests.inc({ method: request.method, path, status: answer.status });
  durations.observe({ method: request.method, path }, seconds);
  const said = { method: request.method, path, status: answer.status, seconds };
  log(route in probes ? "debug" : "info", "answered", said);
}

async function answered(route, request) {
  if (route === undefined) {
    return { status: 404, body: { error: "not found" } };
  }
  try {
    return await route(request);
  } catch (error) {
    log("error", "failed", { error });
    return { status: 500, body: { error: "internal error" } };
  }
}

/** The JSON of a request's body; null when it is none, or too long. */
export async function json(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) {
      return null;
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return null;
  }
}
