import assert from "node:assert/strict";
//% if type == "cronjob"
import { spawnSync } from "node:child_process";
//% endif
import { test } from "node:test";

import { runOnce, toDo } from "../src/work.js";

test("an item that fails is told, and the next one is done", async () => {
  const done = [];
  const failsFirst = async (item) => {
    done.push(item);
    if (done.length === 1) {
      throw new Error("no");
    }
  };
  assert.equal(await runOnce(() => false, failsFirst), false);
  assert.deepEqual(done, toDo());
});

test("it stops between two items", async () => {
  const done = [];
  assert.equal(await runOnce(() => done.length === 1, async (item) => done.push(item)), true);
  assert.equal(done.length, 1);
});
//% if type == "cronjob"

test("the process says by its exit code how it went", () => {
  const env = { ...process.env, DATABASE_HOST: "127.0.0.1", DATABASE_PORT: "1" };
  const { status } = spawnSync(process.execPath, ["src/main.js"], { env, stdio: "inherit" });
  //% if database == "none"
  assert.equal(status, 0);
  //% else
  assert.equal(status, 1); // there is no database
  //% endif
});
//% endif
