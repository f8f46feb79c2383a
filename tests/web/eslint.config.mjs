import js from "@eslint/js";
import globals from "globals";

// The scripts are classic ones, so that a page works from a folder: what one defines, the next one uses.
const shared = { Network: "writable", Explain: "writable", Compress: "writable", Digit: "writable", HANDED_OUT: "readonly" };
shared.Moving = "writable";

export default [
  js.configs.recommended,
  {
    languageOptions: { sourceType: "script", globals: { ...globals.browser, ...shared } },
    rules: {
      "no-redeclare": ["error", { builtinGlobals: false }],
      "no-unused-vars": ["error", { vars: "local" }],
      eqeqeq: "error",
      "prefer-const": "error",
    },
  },
];
