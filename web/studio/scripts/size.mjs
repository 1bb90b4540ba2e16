// Fails if the first load of the build in `dist` is larger than its budget. Sizes are after gzip, which CloudFront applies.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = { "script of the first load": 130, "style of the first load": 20, "largest later script": 40 };

const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8"));
const size = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length / 1000;

/** The files that a browser loads before the first page shows: the entry and what it imports at once. */
function first(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const next of manifest[name].imports ?? []) first(next, seen);
  return seen;
}

const entry = Object.keys(manifest).find((name) => manifest[name].isEntry);
const loaded = [...first(entry)].map((name) => manifest[name]);
const later = readdirSync("dist/assets").filter((file) => file.endsWith(".js") && !loaded.some((one) => one.file.endsWith(file)));
const sum = (files) => [...new Set(files)].reduce((total, file) => total + size(file), 0);
const sizes = {
  "script of the first load": sum(loaded.map((one) => one.file)),
  "style of the first load": sum(loaded.flatMap((one) => one.css ?? [])),
  "largest later script": Math.max(0, ...later.map((file) => size(`assets/${file}`))),
};
for (const [name, budget] of Object.entries(BUDGET_KB)) {
  const line = `${name}: ${sizes[name].toFixed(1)} of ${budget} kB`;
  if (sizes[name] > budget) {
    console.error(line);
    process.exitCode = 1;
  } else console.log(line);
}
