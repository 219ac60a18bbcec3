// An examination as the screen shows it: findings by section, words by filter, times in milliseconds.
import type { Finding, WordRow } from "../../bindings";
import { plain } from "../../lib/format";
import { m } from "../../paraglide/messages.js";

const SECTIONS: Record<string, () => string> = {
  reach: m.section_reach, times: m.section_times, nodes: m.section_nodes, program: m.section_program, words: m.section_words,
  order: m.section_order, silos: m.section_silos, areas: m.section_areas, write_test: m.section_write_test, missing: m.section_missing,
};

/** A section's title; a section that this screen does not know yet keeps its own name. */
export function sectionTitle(section: string): string {
  return SECTIONS[section]?.() ?? section;
}

export interface Section {
  name: string;
  findings: Finding[];
}

/** Findings by section, both in the order of the report. */
export function bySection(findings: readonly Finding[]): Section[] {
  const sections: Section[] = [];
  for (const finding of findings) {
    const last = sections.find((section) => section.name === finding.section);
    if (last === undefined) sections.push({ name: finding.section, findings: [finding] });
    else last.findings.push(finding);
  }
  return sections;
}

/** Words in which every part of the filter occurs: in address, name, raw words, value or verdict. */
export function matching(words: readonly WordRow[], filter: string): WordRow[] {
  const parts = filter.toLowerCase().split(/\s+/).filter((part) => part !== "");
  if (parts.length === 0) return [...words];
  return words.filter((word) => {
    const text = `${word.addr} ${word.name} ${word.raw} ${word.value} ${word.verdict}`.toLowerCase();
    return parts.every((part) => text.includes(part));
  });
}

/** Shortest, median and 99th of 100, in milliseconds. */
export function roundTrip(rtt_us: readonly number[] | null): string | null {
  return rtt_us === null ? null : rtt_us.map((each) => plain(each / 1000, 2)).join(" · ");
}
