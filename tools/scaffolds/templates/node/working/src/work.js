//% if serves
import client from "prom-client";

//% endif
//% if database != "none"
import { execute } from "./database.js";
//% endif
import { log } from "./log.js";

//% if serves
const items = new client.Counter({
  name: "work_items_total",
  help: "Items of work, by how they ended.",
  labelNames: ["result"],
});

//% endif
/** What is to be done now. */
export function toDo() {
  return ["Ann", "Bob"];
}

/** An example: put your own work in its place. An item may be done again, when the process ends amid it. */
export async function work(item) {
  //% if database != "none"
  await execute("INSERT INTO greetings (name) VALUES («placeholder»)", [item]);
  //% endif
  log("info", "greeted", { greeted: item });
}

/** Do what is to be done, item by item, until told to stop; whether all of it went well. */
export async function runOnce(isStopping, doing = work) {
  let well = true;
  for (const item of toDo()) {
    if (isStopping()) {
      log("info", "stopped before the end");
      break;
    }
    try {
      await doing(item);
      //% if serves
      items.inc({ result: "done" });
      //% endif
    } catch (error) {
      log("error", "failed", { item, error });
      //% if serves
      items.inc({ result: "failed" });
      //% endif
      well = false;
    }
  }
  return well;
}
