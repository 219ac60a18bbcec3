// The closed lists of marks that widgets can draw.

/** A badge: square 1, triangle up 2, triangle down 3, circle D. */
export type BadgeMark = "1" | "2" | "3" | "D";

/** The icon beside a state's word. */
export type StateShape = "waiting" | "signed" | "refused" | "running" | "paused" | "done" | "stopped" | "failed";
