import type { CartLine } from '@/till/cart';

/** `3`, or `0.355 kg`, as people of this language write it. */
export function quantityText(line: Pick<CartLine, 'quantityMilli' | 'unit'>, language: string): string {
  const number = new Intl.NumberFormat(language, {
    maximumFractionDigits: 3,
    numberingSystem: 'latn',
  }).format(line.quantityMilli / 1000);
  return line.unit === 'KILOGRAM' ? `${number} kg` : number;
}

/** What somebody typed as thousandths (`0,355` → 355); null when it is no quantity. */
export function parseMilli(text: string, decimals = 3): number | null {
  const match = /^\s*(\d{1,6})(?:[.,](\d*))?\s*$/.exec(text);
  if (match === null) return null;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > decimals) return null;
  return Number((match[1] ?? '') + fraction.padEnd(3, '0'));
}

/** Percent as hundredths (`12,5` → 1250); null beyond 100. */
export function parsePercentBp(text: string): number | null {
  const milli = parseMilli(text, 2);
  return milli === null || milli > 100_000 ? null : milli / 10;
}

export function plainMilli(milli: number): string {
  return String(milli / 1000);
}
