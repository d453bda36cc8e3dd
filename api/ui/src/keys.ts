// The whole page by keyboard: j and k walk over the rows of the view, Enter opens (the rows are links), Escape goes
// up, g and a letter lead to a view. A button with data-key is pressed by that key, and the help lists it.

const ROW = "[data-row]";
const GO: Record<string, string> = {
  i: "#/",
  s: "#/series",
  t: "#/topology",
  m: "#/models",
  l: "#/lab",
  e: "#/meta",
  c: "#/settings",
};

export const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ["j k", "next, previous row"],
  ["Enter", "open the row"],
  ["Esc", "close a window, or go up"],
  ["/", "search"],
  ["g i", "incidents"],
  ["g s", "series"],
  ["g t", "topology"],
  ["g m", "models"],
  ["g l", "lab"],
  ["g e", "meta"],
  ["g c", "settings"],
  ["?", "this help"],
  ["← →", "on a chart: step through its values; Enter explains one"],
  ["Shift ←→", "on a chart: move along its time; so do Shift and a drag, a finger, and a wheel that goes sideways"],
];

let going = false;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(input|select|textarea)$/i.test(target.tagName);
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>(ROW)];
  if (rows.length === 0) return;
  const here = rows.findIndex((row) => row === document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, here + by));
  rows[next]?.focus();
  rows[next]?.scrollIntoView({ block: "nearest" });
}

/** The keys of the buttons in sight, with what each does. */
export function buttonKeys(): [string, string][] {
  return [...document.querySelectorAll<HTMLElement>("main [data-key]")].map((button) => [
    button.dataset["key"] ?? "",
    (button.dataset["does"] ?? button.textContent ?? "").toLowerCase(),
  ]);
}

function up(): void {
  document.querySelector<HTMLAnchorElement>("main .up a")?.click();
}

export function onKey(event: KeyboardEvent, help: () => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  if (typing(event.target)) {
    if (event.key === "Escape") (event.target as HTMLElement).blur();
    return;
  }
  const place = GO[event.key];
  if (going && place !== undefined) {
    going = false;
    event.preventDefault();
    location.hash = place;
    return;
  }
  going = event.key === "g";
  if (going) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "?") help();
  else if (event.key === "Escape") up();
  else if (event.key === "/") focusSearch(event);
  else if (/^[a-z]$/.test(event.key)) press(event);
}

function focusSearch(event: Event): void {
  const search = document.querySelector<HTMLElement>("input[type=search]");
  if (!search) return;
  event.preventDefault();
  search.focus();
}

function press(event: KeyboardEvent): void {
  const button = document.querySelector<HTMLButtonElement>(`main [data-key="${event.key}"]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
}
