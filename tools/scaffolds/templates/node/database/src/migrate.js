// Bring the database up to the files in migrations/: `node src/migrate.js`. What was done is not done again.
import { readdir, readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";

import { close, execute } from "./database.js";
import { log } from "./log.js";

const migrations = new URL("../migrations/", import.meta.url);

/** Run each file that has not run yet, in the order of the names; statements end with a semicolon at a line's end. */
export async function migrate() {
  await execute("CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(255) PRIMARY KEY)");
  const done = new Set((await execute("SELECT name FROM schema_migrations")).map((row) => row.name));
  const files = (await readdir(migrations)).filter((file) => file.endsWith(".sql") && !done.has(file));
  for (const file of files.sort()) {
    const statements = (await readFile(new URL(file, migrations), "utf8")).split(";\n");
    for (const statement of statements.filter((each) => each.trim())) {
      await execute(statement);
    }
    await execute("INSERT INTO schema_migrations (name) VALUES («placeholder»)", [file]);
    log("info", "migrated", { file });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await migrate();
  await close();
}
