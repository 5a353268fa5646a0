// `npm run lint`: what ESLint recommends, and a few rules of this house.

import js from "@eslint/js";
import globals from "globals";

const rules = {
  ...js.configs.recommended.rules,
  "eqeqeq": ["error", "always", { null: "ignore" }],
  "no-unused-vars": ["error", { varsIgnorePattern: "^_$", argsIgnorePattern: "^_$" }],
  "no-shadow": "error",
  "no-var": "error",
  "prefer-const": "error",
  "prefer-template": "error",
  "no-console": "error",
  "no-restricted-syntax": ["error", { selector: "NewExpression[callee.name='CustomEvent']", message: "The page tells tests nothing: they look at what a player sees." }],
  "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
  "max-lines-per-function": ["error", { max: 40, skipBlankLines: true, skipComments: true }],
  "max-params": ["error", 5],
  "max-len": ["error", { code: 140 }],
};

export default [
  { files: ["**/*.js"], ignores: ["**/worklet.js"], languageOptions: { globals: globals.browser }, rules },
  { files: ["**/worklet.js"], languageOptions: { globals: globals.audioWorklet }, rules },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: globals.node },
    rules: { ...rules, "no-console": "off", "max-len": "off", "max-lines": "off", "max-lines-per-function": "off" },
  },
];
