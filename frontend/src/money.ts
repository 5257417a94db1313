/**
 * Money in the browser: an integer of minor units plus a currency, as everywhere in Tillvault.
 *
 * The API's amounts are JSON numbers with the decimals of their currency. JavaScript reads them as doubles, which
 * give every decimal of up to 15 digits back exactly when they are written out; so they are taken apart as text, and
 * nothing is ever multiplied, divided or added as a fraction.
 */

export type Minor = number;
export type Cash = Record<string, Minor>;

const NO_DECIMALS = 'BIF CLP DJF GNF ISK JPY KHR KMF KRW PYG RWF UGX VND VUV XAF XOF XPF';
const THREE_DECIMALS = 'BHD IQD JOD KWD LYD OMR TND';

/** Decimals of a currency. KHR has none, whatever ISO says: no sen has circulated in decades. */
export function exponent(currency: string): number {
  if (NO_DECIMALS.includes(currency)) return 0;
  return THREE_DECIMALS.includes(currency) ? 3 : 2;
}

/** The API's number (`150.5`) as minor units (`15050`). Throws for more decimals than the currency has. */
export function toMinor(amount: number, currency: string): Minor {
  const minor = parseAmount(String(amount), currency);
  if (minor === null) throw new RangeError(`${amount} is no amount of ${currency}`);
  return minor;
}

/** Minor units as the number to send: what `JSON.stringify` writes has exactly these decimals. */
export function toWire(minor: Minor, currency: string): number {
  return Number(plain(minor, currency));
}

export function cashToWire(cash: Cash): Record<string, number> {
  return Object.fromEntries(
    Object.entries(cash).map(([currency, minor]) => [currency, toWire(minor, currency)]),
  );
}

/** What somebody typed as minor units; null when it is no amount. Comma or point; an empty field is 0. */
export function parseAmount(text: string, currency: string): Minor | null {
  const cleaned = text.replaceAll(/[\s\u00a0\u202f']/g, '').replace(',', '.');
  if (cleaned === '') return 0;
  const match = /^(-?)(\d{0,12})(?:\.(\d*))?$/.exec(cleaned);
  if (match === null) return null;
  const [, sign, whole = '', given = ''] = match;
  const fraction = given.replace(/0+$/, '');
  const decimals = exponent(currency);
  if (fraction.length > decimals || (whole === '' && given === '')) return null;
  const minor = Number((whole || '0') + fraction.padEnd(decimals, '0'));
  return sign === '-' && minor !== 0 ? -minor : minor;
}

/** `15050, EUR` → `150.50`: for fields and for the wire. */
export function plain(minor: Minor, currency: string): string {
  const decimals = exponent(currency);
  const digits = String(Math.abs(minor)).padStart(decimals + 1, '0');
  const sign = minor < 0 ? '-' : '';
  if (decimals === 0) return sign + digits;
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

const formats = new Map<string, Intl.NumberFormat>();

/** An amount as people of this language write it, with its currency. */
export function format(
  minor: Minor,
  currency: string,
  language: string,
  sign: 'auto' | 'always' = 'auto',
): string {
  const key = `${language} ${currency} ${sign}`;
  let found = formats.get(key);
  if (found === undefined) {
    const decimals = exponent(currency);
    found = new Intl.NumberFormat(language, {
      style: 'currency',
      currency,
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
      currencyDisplay: 'narrowSymbol',
      signDisplay: sign === 'always' ? 'exceptZero' : 'auto',
      numberingSystem: 'latn',
    });
    formats.set(key, found);
  }
  // A decimal string is formatted exactly (ECMA-402, "ToIntlMathematicalValue"); the types know only of numbers.
  return found.format(plain(minor, currency) as unknown as number);
}
