//% if database != "none"
import { execute } from "./database.js";
//% endif
import { json } from "./http.js";
//% if database != "none"
import { log } from "./log.js";
//% endif

/** The API, an example: put your own routes in its place. */
export const routes = {
  "POST /api/v1/greetings": greet,
};

async function greet(request) {
  const who = await json(request);
  const name = who?.name;
  if (typeof name !== "string" || name.length < 1 || name.length > 100) {
    return { status: 422, body: { error: "name: 1 to 100 characters" } };
  }
  //% if database != "none"
  try {
    await execute("INSERT INTO greetings (name) VALUES («placeholder»)", [name]);
  } catch (error) {
    log("error", "the greeting was not stored", { error });
    return { status: 503, body: { error: "try again" } };
  }
  //% endif
  return { status: 201, body: { greeting: `Hello, ${name}` } };
}
