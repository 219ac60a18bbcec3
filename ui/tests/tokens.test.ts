// Colour means "look here": one place for colours, no green, and contrast that people can read.
import { expect, test } from "vitest";
import tokensCss from "../src/styles/tokens.css?raw";

const sources = import.meta.glob("../src/**/*.{ts,svelte,css}", { query: "?raw", import: "default", eager: true }) as Record<string, string>;

function theme(name: string): Map<string, string> {
  const block = tokensCss.split(`[data-theme="${name}"]`)[1]?.split("}")[0] ?? "";
  return new Map([...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6})/gi)].map((found) => [found[1] ?? "", found[2] ?? ""]));
}

const channels = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255) as [number, number, number];

function contrast(a: string, b: string): number {
  const light = (hex: string) => {
    const [red, green, blue] = channels(hex).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test("no colour is written outside the tokens", () => {
  for (const [path, text] of Object.entries(sources)) {
    if (path.endsWith("tokens.css") || path.includes("/paraglide/")) continue;
    expect(text.match(/#[0-9a-f]{3}\b|#[0-9a-f]{6}\b|\brgb\(|\bhsl\(/gi), path).toBeNull();
  }
});

test("no token but a trend's pen is green", () => {
  for (const name of ["day", "night"]) {
    for (const [token, hex] of theme(name)) {
      if (token.startsWith("--pen-")) continue;
      const [red, green, blue] = channels(hex);
      const [max, min] = [Math.max(red, green, blue), Math.min(red, green, blue)];
      const saturation = max === 0 ? 0 : (max - min) / max;
      expect(green === max && red < green && blue < green && saturation > 0.25, `${name} ${token} ${hex}`).toBe(false);
    }
  }
});

test("text and marks keep their contrast in both themes", () => {
  const pairs: [string, string, number][] = [
    ["--text", "--bg-app", 7], ["--text", "--bg-panel", 7], ["--text", "--bg-selected", 7], ["--text-2", "--bg-panel", 4.5], ["--text-3", "--bg-app", 4.5],
    ["--live", "--bg-panel", 7], ["--accent", "--bg-panel", 4.5], ["--on-accent", "--accent", 4.5], ["--focus", "--bg-panel", 3], ["--ctl", "--bg-panel", 3],
    ["--on-al-1", "--al-1", 4.5], ["--on-al-2", "--al-2", 4.5], ["--on-al-3", "--al-3", 4.5], ["--on-al-4", "--al-4", 4.5], ["--actual", "--plan", 3], ["--target", "--band", 3],
    ["--al-1-text", "--al-1-soft", 4.5], ["--al-2-text", "--al-2-soft", 4.5], ["--al-3-text", "--al-3-soft", 4.5], ["--al-4-text", "--al-4-soft", 4.5],
  ];
  for (const name of ["day", "night"]) {
    const tokens = theme(name);
    for (const [front, back, least] of pairs) {
      expect(contrast(tokens.get(front) ?? "", tokens.get(back) ?? ""), `${name} ${front} on ${back}`).toBeGreaterThanOrEqual(least);
    }
  }
});
