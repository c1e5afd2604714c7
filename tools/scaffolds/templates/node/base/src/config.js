/** What the environment says; a missing variable has the default that stands here. */
export function fromEnvironment(environment = process.env) {
  return {
    logLevel: environment.LOG_LEVEL ?? "info",
    //% if serves
    port: number(environment, "PORT", «port»),
    shutdownSeconds: number(environment, "SHUTDOWN_SECONDS", 20),
    //% endif
    //% if type == "worker"
    intervalSeconds: number(environment, "INTERVAL_SECONDS", 10),
    //% endif
  };
}
//% if serves

function number(environment, name, otherwise) {
  const value = Number(environment[name] ?? otherwise);
  if (!Number.isFinite(value)) {
    throw new Error(`${name} is no number: ${environment[name]}`);
  }
  return value;
}
//% endif
