import assert from "node:assert/strict";
import { after, test } from "node:test";

import { close, execute } from "../src/database.js";
import { migrate } from "../src/migrate.js";

after(close);

test("it is migrated once, and written", { skip: !process.env.DATABASE_HOST && "DATABASE_HOST names no database" }, async () => {
  await migrate();
  await migrate();
  await execute("INSERT INTO greetings (name) VALUES («placeholder»)", ["O'Hara"]);
  const rows = await execute("SELECT name FROM greetings ORDER BY id DESC LIMIT 1");
  assert.deepEqual(rows.map((row) => row.name), ["O'Hara"]);
});
