//% if database == "postgres"
import pg from "pg";
//% else
import mysql from "mysql2/promise";
//% endif

// Found by DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD. No connection is opened before it is needed.
const place = {
  host: process.env.DATABASE_HOST ?? "localhost",
  port: Number(process.env.DATABASE_PORT ?? «database_port»),
  database: process.env.DATABASE_NAME ?? "app",
  user: process.env.DATABASE_USER ?? "app",
  password: process.env.DATABASE_PASSWORD,
};
//% if database == "postgres"
const pool = new pg.Pool({ ...place, connectionTimeoutMillis: 2000 });
pool.on("error", () => null); // an idle connection broke; the next query opens another
//% else
const pool = mysql.createPool({ ...place, connectTimeout: 2000 });
//% endif

/** Run one statement; values stand for its placeholders. */
export async function execute(statement, values = []) {
  //% if database == "postgres"
  const { rows } = await pool.query(statement, values);
  //% else
  const [rows] = await pool.query(statement, values);
  //% endif
  return rows;
}

/** Throws when the database does not answer. */
export async function check() {
  await execute("SELECT 1");
}

/** Close the connections, after the last query. */
export async function close() {
  await pool.end();
}
