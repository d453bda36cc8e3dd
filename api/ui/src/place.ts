// Where the reader is, as the address says it: #/view/id?name=value. Every state of the page that is worth keeping
// is in it, so that a link leads to the same again.
import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { part } from "./api";
import { arrive, leave } from "./arrival";

export interface Place {
  view: string;
  id: string | undefined;
  query: URLSearchParams;
}

export type Asked = Record<string, string | number | undefined>;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view, ...rest] = path.split("/");
  return { view: view || "incidents", id: decoded(rest.join("/")) || undefined, query: new URLSearchParams(query) };
}

/** The address of a place within the page. */
export function link(view: string, id?: string, query: Asked = {}): string {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(wanted.map(([key, value]) => [key, String(value)])).toString();
  const path = view === "incidents" ? "" : [view, ...(id ? [part(id)] : [])].join("/");
  return `#/${path}${text ? `?${text}` : ""}`;
}

const WAITING = "watchkeeper.place";

/** Goes where somebody was before they had to log in, if that did not come back with them. */
export function returnToPlace(): void {
  try {
    const waiting = sessionStorage.getItem(WAITING);
    sessionStorage.removeItem(WAITING);
    if (waiting && location.hash.length <= 2) history.replaceState(null, "", waiting);
  } catch {
    // storage may be switched off
  }
}

const last = new Map<string, string>();

/** The address of a list as it was looked at last, filters and all. */
export function back(view: string): string {
  return last.get(view) ?? link(view);
}

export const Here = createContext<Place>({ view: "incidents", id: undefined, query: new URLSearchParams() });

/** One value of the address' query, and how to change several; a value of undefined takes it out. */
export function useAsked(): [(name: string) => string | undefined, (changes: Asked, keep?: boolean) => void] {
  const { view, id, query } = useContext(Here);
  const change = (changes: Asked, keep = false): void => {
    const now = placeOf(location.hash); // which others may have changed since this was drawn
    if (now.view !== view || now.id !== id) return;
    const address = link(view, id, { ...Object.fromEntries(now.query), ...changes });
    if (address === location.hash) return;
    history[keep ? "pushState" : "replaceState"](null, "", address);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  };
  return [(name) => query.get(name) ?? undefined, change];
}

/** A whole number of the address, or nothing. */
export function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,14}$/.test(text) ? Number(text) : undefined;
}

/** Follows the address; another view or thing is shown from its top. */
export function usePlace(): Place {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) return arrive(link(place.view, place.id));
    first.current = false;
    return undefined;
  }, [place.view, place.id]);
  useEffect(() => {
    const moved = (): void =>
      setPlace((before) => {
        const now = placeOf(location.hash);
        if (now.id === undefined) last.set(now.view, location.hash);
        if (now.view !== before.view || now.id !== before.id) {
          leave(link(before.view, before.id));
          window.scrollTo(0, 0);
        }
        return now;
      });
    window.addEventListener("hashchange", moved);
    window.addEventListener("popstate", moved);
    return () => {
      window.removeEventListener("hashchange", moved);
      window.removeEventListener("popstate", moved);
    };
  }, []);
  return place;
}
