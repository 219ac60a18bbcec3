// The scripted backend's people and roles.
import type { ApiTokenView, Commands, Grant, PersonView, Right, Role, SessionView } from "../src/bindings";
import { MIN, START_MS } from "./mock-world";

type Answers = { [C in keyof Commands]?: (request: Commands[C]["request"]) => Commands[C]["response"] };
interface Parts {
  now: () => number;
  refuse: (code: string, message: string) => never;
  rights: Record<Role, Right[]>;
  changed: () => void;
  secretChanged: () => void;
  view: () => SessionView;
}

const DAY = 1440 * MIN;
const at = (role: Role, site: string | null = null, line: string | null = null): Grant => ({ role, site, line });

export function personAnswers({ now, refuse, rights, changed, secretChanged, view }: Parts) {
  const person = (id: number, name: string, full_name: string, grants: Grant[], more: Partial<PersonView> = {}): PersonView => ({
    id, name, full_name, grants, is_disabled: false, disabled_at_ms: null, must_change_secret: false, secret_set_at_ms: START_MS - 90 * DAY, created_at_ms: START_MS - 90 * DAY,
    last_login_at_ms: START_MS - id * 47 * MIN, locked_until_ms: null, version: 1, changed_by: "Administrator 1", why_not: null, is_last_super_admin: false, ...more,
  });
  const people: PersonView[] = [
    person(1, "Administrator 1", "Dewi Hartono", [at("super_admin")], { why_not: "own", is_last_super_admin: true, changed_by: "" }),
    person(2, "Agus", "Agus Pratama", [at("operator", "demo", "Line 1")]),
    person(3, "Auditor", "GMP+ auditor", [at("auditor")], { last_login_at_ms: null, must_change_secret: true }),
    person(4, "Budi", "Budi Santoso", [at("operator", "demo", "Line 1"), at("maintenance", "demo")], { locked_until_ms: START_MS + 40 * MIN }),
    person(5, "Joost", "Joost van den Berg", [at("planner", "demo")]),
    person(6, "Operator 1", "Operator 1", [at("operator")]),
    person(7, "Rina", "Rina Wijayakusuma", [at("supervisor", "demo", "Line 1"), at("operator", "south", "Line 3")], { version: 4 }),
    person(8, "Siti", "Siti Rahayu", [at("operator", "demo", "Line 1")], { is_disabled: true, disabled_at_ms: START_MS - 12 * DAY, last_login_at_ms: START_MS - 13 * DAY }),
    person(9, "Supervisor 1", "Supervisor 1", [at("supervisor")]),
  ];
  const act = (id: number, version: number, change: Partial<PersonView>): PersonView => {
    const found = people.find((each) => each.id === id) ?? refuse("not_found", "");
    if (found.version !== version) refuse("changed", `${found.name} was changed by ${found.changed_by} while you were looking: look again`);
    Object.assign(found, change, { version: version + 1, changed_by: "Administrator 1" });
    changed();
    return found;
  };
  const token = (id: number, name: string, rights: Right[], more: Partial<ApiTokenView> = {}): ApiTokenView => ({
    id, name, by: "Administrator 1", rights, created_at_ms: START_MS - 20 * DAY, expires_at_ms: START_MS + 70 * DAY, is_good: true, used_at_ms: START_MS - 4 * MIN, ended_at_ms: null, ended_by: null, ...more,
  });
  const tokens: ApiTokenView[] = [
    token(3, "erp-sync", ["view", "order_import", "outbox_retry"]),
    token(2, "wall-screen", ["view"], { used_at_ms: null, expires_at_ms: START_MS + 9 * DAY }),
    token(1, "nightly-export", ["audit_view", "audit_export"], { is_good: false, ended_at_ms: START_MS - 3 * DAY, ended_by: "Administrator 1", used_at_ms: null }),
  ];
  const tokenList = () => ({ tokens, rights: ["view", "order_import", "outbox_retry", "plc_examine", "erp_examine", "audit_view", "audit_export", "backup_make"] as Right[], days_max: 366 });
  const secret = "k7mq-2xwf-9rtp-hd4c";
  return {
    person_list: () => ({ people, site: "demo", site_name: "North mill", line: "Line 1", own_grants: [at("super_admin")] }),
    person_get: ({ id }) => people.find((each) => each.id === id) ?? refuse("not_found", ""),
    api_token_list: () => tokenList(),
    api_token_add: ({ name, rights: given, days }) => {
      tokens.unshift({ ...token(tokens.length + 1, name, given), created_at_ms: now(), expires_at_ms: now() + days * DAY, used_at_ms: null });
      changed();
      return { list: tokenList(), token: "5f0c9a1be27d48360b9e4cf2718da3560e9b1d7c42f8a5b3906e7d1fc8a2b450" };
    },
    api_token_end: ({ id }) => {
      Object.assign(tokens.find((each) => each.id === id) ?? refuse("not_found", ""), { is_good: false, ended_at_ms: now(), ended_by: "Administrator 1" });
      changed();
      return tokenList();
    },
    role_list: () => ({
      roles: (Object.keys(rights) as Role[]).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)).map((role) => ({ role, rights: rights[role], is_administrative: role === "admin" || role === "super_admin" })),
      rights: rights.super_admin,
    }),
    person_add: ({ name, full_name, grants }) => {
      const added = person(people.length + 1, name, full_name || name, grants, { must_change_secret: true, last_login_at_ms: null, created_at_ms: now(), secret_set_at_ms: now() });
      people.push(added);
      changed();
      return { person: added, secret };
    },
    person_change: ({ id, version, full_name, grants }) => act(id, version, { full_name, grants }),
    person_disable: ({ id, version }) => act(id, version, { is_disabled: true, disabled_at_ms: now() }),
    person_enable: ({ id, version }) => act(id, version, { is_disabled: false, disabled_at_ms: null }),
    person_secret_reset: ({ id, version }) => ({ person: act(id, version, { must_change_secret: true, secret_set_at_ms: now() }), secret }),
    secret_change: () => {
      secretChanged();
      return view();
    },
  } satisfies Answers;
}

const ORDER: Role[] = ["viewer", "operator", "planner", "maintenance", "auditor", "supervisor", "admin", "super_admin"];
