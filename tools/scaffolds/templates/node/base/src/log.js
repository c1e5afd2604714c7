const LEVELS = ["debug", "info", "warn", "error"];

let least = LEVELS.indexOf("info");

/** Log everything of at least this level. */
export function setLevel(level) {
  least = Math.max(LEVELS.indexOf(level.toLowerCase()), 0);
}

/** One JSON object a line, on standard output; an error is told with its stack. */
export function log(level, message, said = {}) {
  if (LEVELS.indexOf(level) < least) {
    return;
  }
  const { error, ...more } = said;
  const line = { time: new Date().toISOString(), level, message, ...more };
  if (error) {
    line.error = error.stack ?? String(error);
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
