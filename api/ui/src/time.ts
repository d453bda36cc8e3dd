// Times as text, in one zone that the reader chooses, always with the offset in sight.

const STORED = "watchkeeper.zone";
export const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const formats = new Map<string, Intl.DateTimeFormat>();

function parts(ms: number, zone: string): Record<string, string> {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "shortOffset",
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
}

export function storedZone(): string {
  try {
    const zone = localStorage.getItem(STORED);
    if (zone && zones().includes(zone)) return zone;
  } catch {
    // storage may be switched off
  }
  return browserZone;
}

export function storeZone(zone: string): void {
  try {
    localStorage.setItem(STORED, zone);
  } catch {
    // the choice then lasts as long as the page
  }
}

export function zones(): string[] {
  return [...new Set([browserZone, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

/** "UTC-5" at that time in that zone. */
export function offset(ms: number, zone: string): string {
  const name = parts(ms, zone)["timeZoneName"] ?? "";
  return name.replace("GMT", "UTC").replace(/^UTC$/, "UTC+0");
}

/** "2013-02-08 14:00", with seconds only where there are some. */
export function moment(ms: number, zone: string): string {
  const at = parts(ms, zone);
  const seconds = at["second"] === "00" ? "" : `:${at["second"]}`;
  return `${at["year"]}-${at["month"]}-${at["day"]} ${at["hour"]}:${at["minute"]}${seconds}`;
}

export function momentWithOffset(ms: number, zone: string): string {
  return `${moment(ms, zone)} ${offset(ms, zone)}`;
}

/** A sentence of the server's, which are all in UTC, with its times in a zone. */
export function inZone(sentence: string, zone: string): string {
  return sentence.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC(?![+-])/g, (said, day: string, clock: string) => {
    const ms = Date.parse(`${day}T${clock}Z`);
    return Number.isNaN(ms) ? said : momentWithOffset(ms, zone);
  });
}

/** The end as text beside a start: the date is left out where it is the same. */
export function until(startMs: number, endMs: number, zone: string): string {
  const [startDay] = moment(startMs, zone).split(" ");
  const [endDay, clock] = moment(endMs, zone).split(" ");
  return endDay === startDay ? (clock ?? "") : moment(endMs, zone);
}

/** "2 d 5 h", the two largest units. */
export function duration(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  const words: string[] = [];
  let rest = ms;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    if (count > 0) words.push(`${count} ${name}`);
    else if (words.length > 0) break;
    rest -= count * size;
    if (words.length === 2) break;
  }
  return words.join(" ") || "0 s";
}

/** How far a zone is ahead of UTC at a time. */
function aheadMs(ms: number, zone: string): number {
  const at = parts(ms, zone);
  const number = (name: string): number => Number(at[name]);
  const local = Date.UTC(number("year"), number("month") - 1, number("day"), number("hour"), number("minute"), number("second"));
  return local - Math.floor(ms / 1000) * 1000;
}

/** A time as a field of dates and clocks holds it, in a zone. */
export function fieldOf(ms: number, zone: string): string {
  const minute = Math.floor(ms / 60_000) * 60_000;
  return new Date(minute + aheadMs(minute, zone)).toISOString().slice(0, 16);
}

/** The time that such a field means in a zone; null where it holds none. */
export function momentOf(field: string, zone: string): number | null {
  const local = Date.parse(`${field}Z`);
  if (Number.isNaN(local)) return null;
  const first = local - aheadMs(local, zone);
  return local - aheadMs(first, zone);
}

const DAY = 86_400_000;
const steady = new Map<string, number | null>();

/** As `aheadMs`, quick for many times: looked up once a day, unless the clocks change on that day. */
function aheadOf(ms: number, zone: string): number {
  const day = Math.floor(ms / DAY) * DAY;
  const key = `${zone} ${day}`;
  let ahead = steady.get(key);
  if (ahead === undefined) {
    const first = aheadMs(day, zone);
    ahead = first === aheadMs(day + DAY, zone) ? first : null;
    steady.set(key, ahead);
  }
  return ahead ?? aheadMs(ms, zone);
}

/** Milliseconds since midnight, and the day of the week (0 is Monday), by the clocks of a zone. */
export function clockOf(ms: number, zone: string): { day: number; ms: number } {
  const local = ms + aheadOf(ms, zone);
  const days = Math.floor(local / DAY);
  return { day: (((days + 3) % 7) + 7) % 7, ms: local - days * DAY };
}
