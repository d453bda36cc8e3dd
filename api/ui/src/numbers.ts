const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three digits and a power of ten: 1.02 × 10⁻⁷. */
function power(value: number): string {
  const [digits = "", exponent = ""] = value.toExponential(2).split("e");
  const high = [...exponent.replace("+", "")].map((one) => (one === "-" ? "⁻" : raised[Number(one)])).join("");
  return `${Number(digits)} × 10${high}`;
}

/** Four significant digits; an en dash for what is missing. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? power(value) : short.format(value);
}

/** What is said of a number next to another: 0 where it is below a ten-thousandth of it. */
export function beside(value: number | null, other: number | null): number | null {
  return value !== null && other !== null && Math.abs(other) < 1e-4 * Math.abs(value) ? 0 : other;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** 224.3 KiB; whole where it is. */
export function bytes(size: number): string {
  const power = Math.min(UNITS.length - 1, size > 0 ? Math.floor(Math.log2(size) / 10) : 0);
  return `${Number((size / 1024 ** power).toFixed(1))} ${UNITS[power]}`;
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}

/** A share in percent, whole if it is not said how; the sign stays on the line of its number. */
export function percent(share: number, said: (hundredths: number) => string = (one) => one.toFixed(0)): string {
  return `${said(100 * share)}\u00a0%`;
}

export function arrow(direction: number): string {
  return direction > 0 ? "▲ up" : direction < 0 ? "▼ down" : "";
}

/** A number with its sign, plus included. */
export function signed(value: number): string {
  return (value > 0 ? "+" : "") + number(value);
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
