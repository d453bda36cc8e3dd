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
