// What the clients in this directory share: saying what was checked, and ending in time.

/** Runs a check and prints its name when it holds; a check that fails ends the run. */
export async function check(name, run) {
  try {
    await run();
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
  console.log(`ok - ${name}`);
}

export function equal(actual, expected) {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) {
    throw new Error(`got ${a}, expected ${e}`);
  }
}

/** Rejects when the promise has not settled by then. */
export function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Runs a script against the server named on the command line, within a time limit. The exit code is
 * 0 when all checks held, 1 when one did not, 2 when the command line is wrong.
 */
export async function main(seconds, script) {
  const url = process.argv[2];
  if (!url?.startsWith("http://")) {
    console.error(`usage: node ${process.argv[1]} http://HOST:PORT`);
    process.exit(2);
  }
  try {
    await within(seconds, "the whole run", script(new URL(url)));
    console.log("all checks held");
    process.exit(0);
  } catch (error) {
    console.error(`FAILED - ${error.message}`);
    process.exit(1);
  }
}
