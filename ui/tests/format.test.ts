// Numbers and times as people read them, and weights as people type them.
import { beforeEach, expect, test } from "vitest";
import type { AppInfo } from "../src/bindings";
import { age, dayStart, duration, kg, parseKg, percent, signedKg, signedPercent, time, timeShort } from "../src/lib/format";
import { plant } from "../src/lib/plant.svelte";
import { prefs } from "../src/lib/prefs.svelte";

beforeEach(() => {
  prefs.setLanguage("en");
  plant.info = { zone: "Asia/Jakarta" } as AppInfo;
});

test("mass has fixed decimals in the language's own marks", () => {
  expect(kg(2_350_000)).toBe("2,350.0");
  expect(kg(310_690, 2)).toBe("310.69");
  expect(kg(null)).toBe("–");
  prefs.setLanguage("nl");
  expect(kg(2_350_000)).toBe("2.350,0");
});

test("a deviation carries its sign, with a true minus, and nothing has none", () => {
  expect(signedPercent(576)).toBe("+5.8 %");
  expect(signedPercent(-40)).toBe("−0.4 %");
  expect(signedPercent(-3)).toBe("0.0 %");
  expect(signedPercent(0)).toBe("0.0 %");
  expect(signedKg(-310_690, 2)).toBe("−310.69");
  expect(percent(8_762)).toBe("87.6 %");
});

test("times are the site's, whatever this machine's zone is", () => {
  const at_ms = Date.UTC(2026, 10, 22, 3, 31, 22);
  expect(time(at_ms)).toBe("10:31:22");
  expect(timeShort(at_ms)).toBe("10:31");
  expect(dayStart(at_ms)).toBe(Date.UTC(2026, 10, 21, 17, 0, 0));
});

test("lengths of time use their two largest units", () => {
  expect(duration(45_000)).toBe("45 s");
  expect(duration(38 * 60_000)).toBe("38 min");
  expect(duration(139 * 60_000)).toBe("2 h 19 min");
  expect(age(840)).toBe("0.8 s");
});

test("a typed weight is whole grams in steps of ten, or refused, never repaired", () => {
  expect(parseKg("12")).toBe(12_000);
  expect(parseKg("12.5")).toBe(12_500);
  expect(parseKg(" 12,05 ")).toBe(12_050);
  for (const text of ["", "-1", "1.234", "1.234,5", "1e3", "12 kg", "NaN", "0x10", "1234567"]) expect(parseKg(text), text).toBeNull();
});
