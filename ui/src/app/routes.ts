// The table of screens: path, name, and how to load it. Its order is that of the keys Alt+1 to Alt+9.
import type { RouteDefinition } from "svelte-spa-router";
import wrap from "svelte-spa-router/wrap";
import { plant } from "../lib/plant.svelte";
import { m } from "../paraglide/messages.js";

const overview = () => import("../screens/overview/Overview.svelte");
const queue = () => import("../screens/queue/Queue.svelte");
const live = () => import("../screens/live/Live.svelte");
const silos = () => import("../screens/silos/Silos.svelte");
const history = () => import("../screens/history/History.svelte");
const record = () => import("../screens/history/Record.svelte");
const outbox = () => import("../screens/outbox/Outbox.svelte");
const plc = () => import("../screens/plc/Plc.svelte");
const settings = () => import("../screens/settings/Settings.svelte");
const training = () => import("../screens/training/Training.svelte");

export interface Screen {
  name: string;
  path: string;
  title: () => string;
  /** Only where the plant is a simulated one. */
  isDemoOnly?: boolean;
}

const SCREENS: readonly Screen[] = [
  { name: "overview", path: "/overview", title: m.nav_overview },
  { name: "queue", path: "/queue", title: m.nav_queue },
  { name: "live", path: "/live", title: m.nav_live },
  { name: "silos", path: "/silos", title: m.nav_silos },
  { name: "history", path: "/history", title: m.nav_history },
  { name: "outbox", path: "/outbox", title: m.nav_outbox },
  { name: "plc", path: "/plc", title: m.nav_plc },
  { name: "settings", path: "/settings", title: m.nav_settings },
  { name: "training", path: "/training", title: m.nav_training, isDemoOnly: true },
];

/** The screens of this plant. */
export function shownScreens(): Screen[] {
  return SCREENS.filter((screen) => screen.isDemoOnly !== true || plant.info?.is_demo === true);
}

export const ROUTES: RouteDefinition = {
  "/overview": wrap({ asyncComponent: overview }),
  "/queue": wrap({ asyncComponent: queue }),
  "/queue/:id": wrap({ asyncComponent: queue }),
  "/live": wrap({ asyncComponent: live }),
  "/silos": wrap({ asyncComponent: silos }),
  "/history": wrap({ asyncComponent: history }),
  "/history/:id": wrap({ asyncComponent: record }),
  "/outbox": wrap({ asyncComponent: outbox }),
  "/plc": wrap({ asyncComponent: plc }),
  "/settings": wrap({ asyncComponent: settings }),
  "/training": wrap({ asyncComponent: training }),
  "*": wrap({ asyncComponent: overview }),
};

/** Brings every screen on board once the first one stands, so that a change of screen never waits. */
export function preloadScreens(): void {
  for (const load of [overview, queue, live, silos, history, record, outbox, plc, settings, training]) void load();
}
