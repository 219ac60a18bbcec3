// Few rules, each with a reason: one file talks to Tauri, screens stand alone, widgets know no product.
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

const tauri = {
  group: ["@tauri-apps/*"],
  message: "Only src/lib/host/tauri.ts talks to Tauri: the same UI runs in a browser.",
};
const screens = {
  group: ["**/screens/*", "**/screens/**"],
  message: "A screen never imports a screen: share through src/parts, src/widgets or src/lib.",
};
const product = {
  group: ["**/paraglide/*", "**/bindings", "**/bindings/*", "**/lib/call", "**/parts/*"],
  message: "Widgets know no product words and make no calls: pass texts and values in.",
};

export default ts.config(
  { ignores: ["dist", "dist-mock", "src/paraglide", "node_modules", "dev/shots"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { parserOptions: { extraFileExtensions: [".svelte"] } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-console": "error",
      "no-undef": "off",
      "svelte/no-at-html-tags": "error",
      "svelte/no-navigation-without-resolve": "off",
      "svelte/prefer-svelte-reactivity": "off",
      // Svelte trims spaces at an element's edge; a text in braces keeps them.
      "svelte/no-useless-mustaches": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser } },
  },
  { files: ["src/**"], rules: { "no-restricted-imports": ["error", { patterns: [tauri] }] } },
  { files: ["src/screens/**"], rules: { "no-restricted-imports": ["error", { patterns: [tauri, { regex: "^(\\.\\./[^.]|.*/screens/)", message: screens.message }] }] } },
  { files: ["src/widgets/**"], rules: { "no-restricted-imports": ["error", { patterns: [tauri, screens, product] }] } },
  { files: ["src/lib/host/tauri.ts"], rules: { "no-restricted-imports": "off" } },
  { files: ["dev/*.mjs", "scripts/*.mjs"], rules: { "no-console": "off" } },
);
