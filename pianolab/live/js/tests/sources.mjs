// The modules of the page as text, and the texts of the catalogue, for tests that look at them from outside.

import { readFileSync, readdirSync } from "node:fs";

const HERE = new URL("../", import.meta.url);

export const MODULES = readdirSync(HERE).filter((name) => name.endsWith(".js")).sort();
export const textOf = (name) => readFileSync(new URL(name, HERE), "utf8");
export const catalogue = (language) => JSON.parse(readFileSync(new URL(`../../texts/${language}/page.json`, HERE), "utf8"));
