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
