// Serve until SIGTERM; what is being answered then is answered.
import { fromEnvironment } from "./config.js";
//% if database != "none"
import { close } from "./database.js";
//% endif
import { server, stop } from "./http.js";
import { log, setLevel } from "./log.js";

const config = fromEnvironment();
setLevel(config.logLevel);
const serving = server();
serving.listen(config.port, () => log("info", "serving", { port: config.port }));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, async () => {
    log("info", "stopping");
    await stop(serving, config.shutdownSeconds);
    //% if database != "none"
    await close();
    //% endif
  });
}
