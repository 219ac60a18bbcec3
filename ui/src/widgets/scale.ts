// The arithmetic of bars: from masses to shares of the drawn width. Pure, so that a test can hold it.

export interface BulletShape {
  /** All in percent of the width. */
  plan: number;
  actual: number;
  low: number;
  high: number;
  target: number;
}

/** Head room to the right of the target, so that the band and a small excess stay in the picture. */
const HEAD = 1.2;

/** Positions of a bullet bar. The plan is the measure; what goes beyond it widens the scale, never gets cut. */
export function bulletShape(planned: number, low: number, high: number, actual: number | null): BulletShape {
  const given = actual ?? 0;
  const full = Math.max(planned * HEAD, high * 1.01, given * 1.01, 1);
  const share = (value: number) => (Math.max(0, value) / full) * 100;
  return { plan: share(planned), actual: share(given), low: share(low), high: share(high), target: share(planned) };
}

/** A share as percent of a width, kept inside it. */
export function within(share: number): number {
  return Math.min(100, Math.max(0, share));
}

/** Steps between times on an axis, in seconds: whole minutes and hours. */
export const TIME_STEPS_S: readonly number[] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400];

/** The step, and its multiples inside the range: at most `count` intervals. Without given steps, 1, 2 or 5 times a power of ten. */
export function ticks(low: number, high: number, count: number, steps?: readonly number[]): number[] {
  const least = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(Math.max(least, Number.MIN_VALUE)));
  const step = steps === undefined ? ([1, 2, 5, 10].find((each) => each * power >= least * 0.999) ?? 10) * power : (steps.find((each) => each >= least) ?? least);
  const found: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
  return found;
}

/** A line through the points as an SVG path. A missing value breaks it; points that fall on one pixel are one. */
export function penPath(xs: readonly number[], ys: readonly (number | null)[]): string {
  let path = "";
  let isOpen = false;
  let drawn = Number.NEGATIVE_INFINITY;
  ys.forEach((y, index) => {
    const x = xs[index];
    if (y === null || x === undefined) {
      isOpen = false;
      return;
    }
    const isLast = index === ys.length - 1 || ys[index + 1] === null;
    if (isOpen && !isLast && x - drawn < 1) return;
    path += `${isOpen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isOpen = true;
    drawn = x;
  });
  return path;
}
