// The way to the server: JSON below /api/v1, changes with the session's token, troubles in words.

/** What went wrong, in the server's own words where it gave some; status 0 where no answer came. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export type Query = Record<string, string | number | undefined>;

let csrf: string | null = null;

/** The token that goes with every change of this session. */
export function changeWith(token: string | null): void {
  csrf = token;
}

/** GETs one path below /api/v1; throws Problem on anything but a 2xx. Whoever is not known, or no longer, is led to
    the login page. */
export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await answered(`/api/v1/${path}${asText(query)}`, signal ? { signal } : {})) as T;
}

function asText(query: Query): string {
  const wanted = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(wanted.map(([key, value]) => [key, String(value)])).toString();
  return text && `?${text}`;
}

/** Changes something below /api/v1; throws Problem as `get` does. */
export async function change<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = { "X-CSRF-Token": csrf ?? "" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return (await answered(`/api/v1/${path}`, {
    method,
    headers,
    ...(body !== undefined ? { body: JSON.stringify(body) } : {}),
    ...(signal ? { signal } : {}),
  })) as T;
}

/** POSTs what is no JSON, a file say. */
export async function sent<T>(path: string, query: Query, body: Blob, type: string): Promise<T> {
  const headers = { "X-CSRF-Token": csrf ?? "", "Content-Type": type };
  return (await answered(`/api/v1/${path}${asText(query)}`, { method: "POST", headers, body })) as T;
}

/** Ends the session. */
export async function logOut(): Promise<void> {
  const answer = await fetch("/logout", { method: "POST", headers: { "X-CSRF-Token": csrf ?? "" } });
  if (!answer.ok) throw new Problem(await wordsOf(answer), answer.status);
}

/** What the server says of itself in OpenAPI: some 160 kB, so only where it must be known what it can. */
export async function described(): Promise<unknown> {
  return answered("/openapi.json", {});
}

/** A part of a path, whatever is in it. */
export const part = encodeURIComponent;

async function answered(url: string, init: RequestInit): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem("The server does not answer.", 0);
  }
  if (answer.status === 204) return undefined;
  if (answer.ok) return answer.json();
  if (answer.status === 401) location.assign(`/login?ended=1${location.hash}`);
  throw new Problem(await wordsOf(answer), answer.status);
}

async function wordsOf(answer: Response): Promise<string> {
  const fallback = `The server answered ${answer.status}.`;
  try {
    const problem: unknown = await answer.json();
    const { title, detail } = problem as { title?: string; detail?: unknown };
    return [title, typeof detail === "string" ? detail : ""].filter(Boolean).join(": ") || fallback;
  } catch {
    return fallback;
  }
}
