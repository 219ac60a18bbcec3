// Measures the built JavaScript, gzipped, and fails above the budget: what loads at the start
// (the entry and everything it imports statically) and all of it. What decides how soon a person sees
// a value is the first figure; the second one only keeps an accident from going unseen.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const INITIAL_KIB_MAX = 120;
const TOTAL_KIB_MAX = 220;
const dist = new URL("../dist/", import.meta.url).pathname;
const assets = join(dist, "assets");
const kib = (bytes) => bytes / 1024;
const gzip = (file) => gzipSync(readFileSync(file), { level: 9 }).length;

const scripts = readdirSync(assets).filter((name) => name.endsWith(".js"));
const initial = new Set();
function follow(name) {
  if (initial.has(name)) return;
  initial.add(name);
  const text = readFileSync(join(assets, name), "utf8");
  for (const found of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) follow(found[1]);
}
for (const found of readFileSync(join(dist, "index.html"), "utf8").matchAll(/assets\/([^"']+\.js)/g)) follow(found[1]);

const sizes = scripts.map((name) => ({ name, gz: gzip(join(assets, name)) })).sort((a, b) => b.gz - a.gz);
for (const { name, gz } of sizes.slice(0, 12)) {
  console.log(`${kib(gz).toFixed(1).padStart(7)} KiB  ${initial.has(name) ? "initial" : "later  "}  ${name}`);
}
const sum = (rows) => kib(rows.reduce((total, row) => total + row.gz, 0));
const initialKib = sum(sizes.filter((row) => initial.has(row.name)));
const totalKib = sum(sizes);
const styles = readdirSync(assets).filter((name) => name.endsWith(".css"));
const stylesKib = kib(styles.reduce((total, name) => total + gzip(join(assets, name)), 0));
console.log(`initial ${initialKib.toFixed(1)} of ${INITIAL_KIB_MAX} KiB, total ${totalKib.toFixed(1)} of ${TOTAL_KIB_MAX} KiB, styles ${stylesKib.toFixed(1)} KiB (gzip)`);
if (initialKib > INITIAL_KIB_MAX || totalKib > TOTAL_KIB_MAX) {
  console.error("The front end is over its budget.");
  process.exit(1);
}
