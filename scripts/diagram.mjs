// Prints the drawing of a Graphviz source as SVG: node scripts/diagram.mjs docs/architecture.dot
import { readFileSync } from "node:fs";

import { instance } from "@viz-js/viz";

const source = readFileSync(process.argv[2], "utf8");
// The source gives every position; neato keeps them.
process.stdout.write((await instance()).renderString(source, { format: "svg", engine: "neato" }));
