// Puts a record or a label onto paper: asks for it, lays it beside the screen where only a printer sees it, and opens
// the system's dialog.
import { flushSync, mount, unmount } from "svelte";
import type { PrintKind, RecordPrinted } from "../../../bindings";
import { call } from "../../../lib/call";
import { svgUrl } from "../../../lib/svg";
import Label from "./Label.svelte";
import Sheet from "./Sheet.svelte";

let last: (() => void) | null = null;

/** Lays it out; what lay there before is taken away. */
function lay(printed: RecordPrinted, chart: string | null): HTMLElement {
  last?.();
  const target = document.createElement("div");
  target.className = "paper";
  document.body.append(target);
  const laid = printed.kind === "label" ? mount(Label, { target, props: { printed } }) : mount(Sheet, { target, props: { printed, chart } });
  last = () => {
    last = null;
    void unmount(laid);
    target.remove();
  };
  flushSync();
  return target;
}

/** Prints; the trail tells of it before the dialog opens. */
export async function print(id: number, kind: PrintKind): Promise<void> {
  // A drawing that cannot be made is left out: the record is whole without it.
  const chart = kind === "label" ? null : await call("batch_chart", { id, theme: "print" }).then(({ svg }) => svgUrl(svg), () => null);
  const printed = await call("record_print", { id, kind });
  const paper = lay(printed, chart);
  await Promise.all([...paper.querySelectorAll("img")].map((image) => image.decode().catch(() => undefined)));
  addEventListener("afterprint", () => last?.(), { once: true });
  globalThis.print();
}
