// Three languages, the same texts: a missing key or parameter is a fault, not a fallback.
import { expect, test } from "vitest";
import en from "../messages/en.json";
import id from "../messages/id.json";
import nl from "../messages/nl.json";

const languages: Record<string, Record<string, string>> = { en, nl, id };
const parameters = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

test("every language has every text", () => {
  for (const [name, texts] of Object.entries(languages)) expect(Object.keys(texts), name).toEqual(Object.keys(en));
});

test("every text takes the same parameters in every language, and none is empty", () => {
  for (const [key, text] of Object.entries(en)) {
    for (const [name, texts] of Object.entries(languages)) {
      expect(texts[key]?.trim(), `${name} ${key}`).not.toBe("");
      expect(parameters(texts[key] ?? ""), `${name} ${key}`).toEqual(parameters(text));
    }
  }
});

test("every text is used", () => {
  const sources = Object.values(import.meta.glob("../src/{app,lib,parts,screens}/**/*.{ts,svelte}", { query: "?raw", import: "default", eager: true })).join("\n");
  const unused = Object.keys(en).filter((key) => key !== "$schema" && !new RegExp(`\\bm\\.${key}\\b`).test(sources));
  expect(unused).toEqual([]);
});
