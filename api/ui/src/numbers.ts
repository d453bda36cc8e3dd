const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const tiny = new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Four significant digits; an en dash for what is missing. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-4 || size >= 1e9) ? tiny.format(value) : short.format(value);
}

export function count(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
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
