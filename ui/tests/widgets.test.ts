// What the drawings promise: true widths, and colour only where something is abnormal.
import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { svgUrl } from "../src/lib/svg";
import DosingTable, { type DosingLine } from "../src/parts/DosingTable.svelte";
import Badge from "../src/widgets/Badge.svelte";
import { bulletShape, penPath, ticks, TIME_STEPS_S } from "../src/widgets/scale";

/** A small generator of our own, so that a failure can be run again. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a bar is as long as actual over plan, and never leaves the picture", () => {
  const seed = 20_261_122;
  const next = numbers(seed);
  for (let run = 0; run < 2_000; run += 1) {
    const plan = Math.round(next() * 1_500_000) + 10;
    const actual = Math.round(plan * next() * 2.5);
    const shape = bulletShape(plan, plan * 0.95, plan * 1.05, actual);
    const note = `seed ${seed} run ${run} plan ${plan} actual ${actual}`;
    expect(shape.actual / shape.target, note).toBeCloseTo(actual / plan, 9);
    for (const share of Object.values(shape)) expect(share >= 0 && share <= 100, note).toBe(true);
  }
  expect(bulletShape(100, 95, 105, null).actual).toBe(0);
});

const line = (change: Partial<DosingLine>): DosingLine => ({
  silo: 103, label: "C", material: "Soy 46", planned_g: 420_000, low_g: 399_000, high_g: 441_000, actual_g: 421_000, deviation_bp: 24, judgement: "within",
  state: "done", rate_g_s: null, ...change,
});

test("a dose inside its band shows no alarm", () => {
  const { container } = render(DosingTable, { lines: [line({})] });
  expect(container.querySelector("[data-al]")).toBeNull();
  expect(container.querySelector(".out")).toBeNull();
});

test("a dose outside its band has shape, digit and colour", () => {
  const { container } = render(DosingTable, { lines: [line({ actual_g: 444_200, deviation_bp: 576, judgement: "over" })] });
  expect(container.querySelector("[data-al='2']")?.textContent?.trim()).toBe("2");
  expect(container.querySelector(".out")).not.toBeNull();
  expect(container.textContent).toContain("+5.8 %");
});

test("a bad value is a dash with the last good one beside it, and draws no bar", () => {
  const { container, getByTestId } = render(DosingTable, { lines: [line({})], isBad: true });
  expect(container.querySelector("td.live")?.textContent).toContain("–");
  expect(getByTestId("bullet-103").querySelector(".actual")).toBeNull();
});

test("every badge has its dark outline", () => {
  for (const mark of ["1", "2", "3", "D"] as const) {
    const { container } = render(Badge, { mark });
    expect(container.querySelector("path")).not.toBeNull();
    expect(container.textContent?.trim()).toContain(mark);
  }
});

test("only a plain drawing becomes a picture", () => {
  expect(svgUrl('<svg xmlns="http://www.w3.org/2000/svg"></svg>')).toMatch(/^data:image\/svg\+xml/);
  for (const text of ["<p>no</p>", "<svg><script>1</script></svg>", '<svg onload="x()"></svg>', "<svg><foreignObject/></svg>", ""]) expect(svgUrl(text), text).toBeNull();
});

test("an axis has round steps, never more than asked for, all inside its range", () => {
  const seed = 20_261_127;
  const next = numbers(seed);
  for (let run = 0; run < 2_000; run += 1) {
    const high = 10 ** (next() * 7 - 1);
    const count = 1 + Math.floor(next() * 9);
    const found = ticks(0, high, count);
    const note = `seed ${seed} run ${run} high ${high} count ${count}`;
    expect(found.length, note).toBeLessThanOrEqual(count + 1);
    for (const at of found) expect(at >= 0 && at <= high * 1.000_001, note).toBe(true);
  }
  expect(ticks(0, 2_450, 5)).toEqual([0, 500, 1_000, 1_500, 2_000]);
  expect(ticks(1_000, 1_900, 4, TIME_STEPS_S)).toEqual([1_200, 1_500, 1_800]);
});

test("a missing value breaks the pen, and what shares a pixel is drawn once", () => {
  expect(penPath([0, 10, 20, 30], [5, 6, null, 7])).toBe("M0.0 5.0L10.0 6.0M30.0 7.0");
  expect(penPath([0, 0.2, 0.4, 9], [1, 2, 3, 4])).toBe("M0.0 1.0L9.0 4.0");
  expect(penPath([], [])).toBe("");
});
