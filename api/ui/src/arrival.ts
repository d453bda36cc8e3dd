// Where the focus goes when another place is shown: to the row that was left there, else to the heading, which a
// screen reader then reads.
const WAIT_MS = 10_000;

const left = new Map<string, string>();

/** The row that leads to an address, as the page shows it now. */
function rowTo(hash: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLAnchorElement>("main a[data-row]")].find((row) => row.hash === hash);
}

/** Remembers which row of a place led away from it; called while its rows are still shown. */
export function leave(place: string): void {
  if (rowTo(location.hash)) left.set(place, location.hash);
}

/** Puts the focus into a place that is shown, once it has come; what the reader does meanwhile goes before. Returns
    how to give that up. */
export function arrive(place: string): () => void {
  const row = left.get(place);
  const had = document.activeElement;
  let heading: HTMLElement | null = null;
  if (had instanceof HTMLElement && had.closest("main")) return () => undefined;

  const focus = (): boolean => {
    const now = document.activeElement;
    if (now !== had && now !== heading && now !== document.body) return true;
    const found = row === undefined ? undefined : rowTo(row);
    found?.focus();
    if (found) return true;
    if (!heading?.isConnected) {
      heading = document.querySelector<HTMLElement>("main h1");
      if (heading) heading.tabIndex = -1;
      heading?.focus({ preventScroll: true });
    }
    return heading !== null && row === undefined;
  };
  const watcher = new MutationObserver(() => focus() && stop());
  const timer = window.setTimeout(() => stop(), WAIT_MS);
  const stop = (): void => {
    window.clearTimeout(timer);
    watcher.disconnect();
    for (const event of ["keydown", "pointerdown"]) removeEventListener(event, stop, true);
  };
  if (focus()) stop();
  else {
    watcher.observe(document.body, { childList: true, subtree: true });
    for (const event of ["keydown", "pointerdown"]) addEventListener(event, stop, true);
  }
  return stop;
}
