//% if type == "worker"
// Work until SIGTERM; the item in hand is finished. Probes and metrics are served beside.
import { setTimeout as wait } from "node:timers/promises";

//% else
// Work once, and end. SIGTERM ends it after the item in hand. The exit code says whether it went well.
//% endif
import { fromEnvironment } from "./config.js";
//% if database != "none"
import { close } from "./database.js";
//% endif
//% if type == "worker"
import { server, stop } from "./http.js";
import { log, setLevel } from "./log.js";
//% else
import { setLevel } from "./log.js";
//% endif
import { runOnce } from "./work.js";

const config = fromEnvironment();
setLevel(config.logLevel);
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
process.once("SIGINT", () => stopping.abort());

//% if type == "worker"
const serving = server();
serving.listen(config.port, () => log("info", "serving", { port: config.port }));
while (!stopping.signal.aborted) {
  await runOnce(() => stopping.signal.aborted);
  await wait(config.intervalSeconds * 1000, null, { signal: stopping.signal }).catch(() => null);
}
log("info", "stopping");
await stop(serving, config.shutdownSeconds);
//% else
const well = await runOnce(() => stopping.signal.aborted);
process.exitCode = well ? 0 : 1;
//% endif
//% if database != "none"
await close();
//% endif
