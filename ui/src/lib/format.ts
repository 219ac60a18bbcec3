// Numbers and times for people: the app's language, the site's zone, fixed decimals, a true minus.
// Leaves out rounding for the plant: what is signed or sent stays whole grams.
import { plant } from "./plant.svelte";
import { prefs, type Language } from "./prefs.svelte";

/** What stands where there is no value. */
export const NONE = "–";

const TAGS: Record<Language, string> = { en: "en-GB", nl: "nl-NL", id: "id-ID" };
const numbers = new Map<string, Intl.NumberFormat>();
const dates = new Map<string, Intl.DateTimeFormat>();

function number(decimals: number): Intl.NumberFormat {
  const tag = TAGS[prefs.language];
  const key = `${tag} ${decimals}`;
  let format = numbers.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(tag, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    numbers.set(key, format);
  }
  return format;
}

function date(kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const tag = TAGS[prefs.language];
  const key = `${tag} ${plant.zone} ${kind}`;
  let format = dates.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(tag, { ...options, timeZone: plant.zone, hourCycle: "h23" });
    dates.set(key, format);
  }
  return format;
}

/** A plain number with fixed decimals. */
export function plain(value: number, decimals = 0): string {
  // A negative value that rounds to nothing is nothing, not "minus nothing".
  return number(decimals).format(isNothing(value, decimals) ? 0 : value).replace("-", "−");
}

const isNothing = (value: number, decimals: number) => Math.abs(value) * 10 ** decimals < 0.5;

/** Grams as kilograms, without the unit. */
export function kg(mass_g: number | null, decimals = 1): string {
  return mass_g === null ? NONE : plain(mass_g / 1000, decimals);
}

/** Grams as kilograms with the unit. */
export function kgUnit(mass_g: number | null, decimals = 1): string {
  return mass_g === null ? NONE : `${kg(mass_g, decimals)} kg`;
}

/** Grams as tonnes with the unit, for sums of a day. */
export function tonnes(mass_g: number): string {
  return `${plain(mass_g / 1_000_000, 1)} t`;
}

/** Basis points as percent. */
export function percent(share_bp: number | null, decimals = 1): string {
  return share_bp === null ? NONE : `${plain(share_bp / 100, decimals)} %`;
}

/** Basis points as percent with their sign. */
export function signedPercent(share_bp: number | null, decimals = 1): string {
  if (share_bp === null) return NONE;
  const share = share_bp / 100;
  return `${share > 0 && !isNothing(share, decimals) ? "+" : ""}${plain(share, decimals)} %`;
}

/** Grams as kilograms with their sign. */
export function signedKg(mass_g: number, decimals = 1): string {
  return `${mass_g > 0 && !isNothing(mass_g / 1000, decimals) ? "+" : ""}${kg(mass_g, decimals)}`;
}

/** Hours, minutes and seconds. */
export function time(at_ms: number | null): string {
  if (at_ms === null) return NONE;
  return date("time", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at_ms);
}

/** Hours and minutes. */
export function timeShort(at_ms: number | null): string {
  return at_ms === null ? NONE : date("short", { hour: "2-digit", minute: "2-digit" }).format(at_ms);
}

/** Day, month, hours and minutes. */
export function dayTime(at_ms: number | null): string {
  if (at_ms === null) return NONE;
  return `${date("day", { day: "numeric", month: "short" }).format(at_ms)} ${timeShort(at_ms)}`;
}

/** The full date and time with seconds. */
export function dateTime(at_ms: number | null): string {
  if (at_ms === null) return NONE;
  return `${date("date", { day: "numeric", month: "short", year: "numeric" }).format(at_ms)} ${time(at_ms)}`;
}

/** A length of time in its two largest units: `38 m`, `2 h 19 m`, `45 s`. */
export function duration(length_ms: number | null): string {
  if (length_ms === null) return NONE;
  const seconds = Math.max(0, Math.round(length_ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The age of a value: one decimal of a second while it is young. */
export function age(age_ms: number | null): string {
  if (age_ms === null) return NONE;
  return age_ms < 60_000 ? `${plain(Math.max(0, age_ms) / 1000, 1)} s` : duration(age_ms);
}

/** The beginning of the site's day in which `at_ms` lies. */
export function dayStart(at_ms: number): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: plant.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  }).formatToParts(at_ms);
  const part = (type: string) => Number(parts.find((p) => p.type === type)?.value ?? "0");
  return at_ms - ((part("hour") * 60 + part("minute")) * 60 + part("second")) * 1000 - (at_ms % 1000);
}

/** A weight as typed (`12`, `12.5`, `12,50`), in whole grams; `null` when it is anything else. Never repaired. */
export function parseKg(text: string): number | null {
  const found = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim());
  if (found === null) return null;
  const [, whole = "0", part = ""] = found;
  return Number(whole) * 1000 + Number(part.padEnd(2, "0")) * 10;
}

const HASH_SHOWN = 12;

/** The first digits of a hash: enough for two people to compare by eye. */
export function hashShort(hash: string): string {
  return hash.slice(0, HASH_SHOWN);
}
