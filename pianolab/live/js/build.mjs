// Makes ../static/microphone.js of the modules here, with esbuild. `--check` only says whether it is that of its sources.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUNDLE = join(HERE, "../static/microphone.js");
const TEXTS = ["../../texts/en/page.json", "../../texts/ko/page.json"];

/** Every file that the bundle is made of; tests/live/test_bundle.py makes the same hash of them. */
const sources = () => [...readdirSync(HERE).filter((name) => name.endsWith(".js")).sort(), ...TEXTS];

const hashOf = (names) => {
  const hash = createHash("sha256");
  for (const name of names) hash.update(readFileSync(join(HERE, name), "utf8").replaceAll("\r\n", "\n"));
  return hash.digest("hex");
};

/** The path of a file from here: esbuild writes it into the bundle, which must be the same in every folder. */
const fromHere = (path) => relative(HERE, path).replaceAll(sep, "/");

/** `import text from "./file.js?text"` gives the text of the file. */
const asText = {
  name: "as-text",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?text$/ }, ({ path, resolveDir }) => ({
      path: fromHere(resolve(resolveDir, path.slice(0, -"?text".length))), namespace: "text",
    }));
    onLoad({ filter: /.*/, namespace: "text" }, ({ path }) => ({ contents: readFileSync(join(HERE, path), "utf8"), loader: "text" }));
  },
};

const { outputFiles: [{ text }] } = await build({
  entryPoints: ["main.js"],
  absWorkingDir: HERE,
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  plugins: [asText],
  write: false,
  banner: { js: `// Made from pianolab/live/js by \`make js\`: do not edit. sha256 of the sources: ${hashOf(sources())}` },
});

if (process.argv.includes("--check")) {
  if (readFileSync(BUNDLE, "utf8").replaceAll("\r\n", "\n") !== text) {
    console.error("pianolab/live/static/microphone.js is not the bundle of its sources: run `make js`");
    process.exit(1);
  }
} else {
  writeFileSync(`${BUNDLE}.new`, text);
  renameSync(`${BUNDLE}.new`, BUNDLE);
}
