// The table of the settings' areas: one row each, in the order of the tabs.
import type { Component } from "svelte";
import type { Right, Role } from "../../bindings";
import { m } from "../../paraglide/messages.js";
import About from "./About.svelte";
import Audit from "./audit/Audit.svelte";
import Backup from "./backup/Backup.svelte";
import Values from "./values/Values.svelte";
import People from "./people/People.svelte";
import Programs from "./people/Programs.svelte";
import Roles from "./people/Roles.svelte";

export interface Area {
  name: string;
  title: () => string;
  component: Component;
  /** Without it the area says whom to ask, and asks the backend for nothing. */
  right: Right;
  /** The role that may least among those that carry the right. */
  role: Role;
}

export const AREAS: readonly Area[] = [
  { name: "values", title: m.settings_values, component: Values, right: "view", role: "viewer" },
  { name: "people", title: m.settings_people, component: People, right: "person_manage", role: "admin" },
  { name: "roles", title: m.settings_roles, component: Roles, right: "person_manage", role: "admin" },
  { name: "programs", title: m.settings_programs, component: Programs, right: "person_manage", role: "admin" },
  { name: "audit", title: m.settings_audit, component: Audit, right: "audit_view", role: "auditor" },
  { name: "backup", title: m.settings_backup, component: Backup, right: "view", role: "viewer" },
  { name: "about", title: m.settings_about, component: About, right: "view", role: "viewer" },
];
