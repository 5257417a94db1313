/**
 * Prices of lines, by the rules of the API (`sales/pricing.py`), so that the till says before the sale what the API
 * says after it, also with no network. Both are held to the same cases (`cases.json`).
 *
 * Tax is included in the price, per line, rounded per line (half up). All money is in minor units.
 */

import type { Minor } from '@/money';

import { Fraction } from './fraction';

/** A refusal that the API would give too, by its code. */
export class Refused extends Error {
  constructor(readonly code: string) {
    super(code);
    this.name = 'Refused';
  }
}

/** Either hundredths of a percent, or an amount. */
export type Discount = { percentBp: number } | { amountMinor: Minor };

export interface PricedInput {
  quantityMilli: number;
  unitPriceMinor: Minor;
  taxRateBp: number;
  discount: Discount | null;
}

export interface PricedLine {
  grossMinor: Minor;
  /** The line's own and its share of the cart's. */
  discountMinor: Minor;
  totalMinor: Minor;
  taxMinor: Minor;
}

function grossOf(line: PricedInput): Minor {
  return Fraction.of(BigInt(line.unitPriceMinor) * BigInt(line.quantityMilli), 1000n).halfUp();
}

/** The tax that a price includes. */
function taxOf(totalMinor: Minor, rateBp: number): Minor {
  return Fraction.of(BigInt(totalMinor) * BigInt(rateBp), 10_000 + rateBp).halfUp();
}

/** Throws DISCOUNT_TOO_LARGE for more than there is. */
export function discountOf(discount: Discount | null, grossMinor: Minor): Minor {
  if (discount === null) return 0;
  const given =
    'amountMinor' in discount
      ? discount.amountMinor
      : Fraction.of(BigInt(grossMinor) * BigInt(discount.percentBp), 10_000n).halfUp();
  if (given > grossMinor) throw new Refused('DISCOUNT_TOO_LARGE');
  return given;
}

/** An amount shared in proportion, to the last minor unit: largest remainders first, earlier parts among equals. */
export function shared(amountMinor: Minor, over: readonly Minor[]): Minor[] {
  const whole = BigInt(sum(over));
  if (whole === 0n) return over.map(() => 0);
  const exact = over.map((part) => BigInt(amountMinor) * BigInt(part));
  const shares = exact.map((part) => Number(part / whole));
  const rest = exact.map((part) => part % whole);
  const first = [...over.keys()].sort((a, b) => {
    const [left, right] = [rest[a] ?? 0n, rest[b] ?? 0n];
    return left === right ? a - b : left > right ? -1 : 1;
  });
  for (const index of first.slice(0, amountMinor - sum(shares))) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}

/** The final lines: each with its own discount and its share of the cart's, and the tax of what is left. */
export function linesOf(priced: readonly PricedInput[], cartDiscount: Discount | null): PricedLine[] {
  const gross = priced.map(grossOf);
  const own = priced.map((line, index) => discountOf(line.discount, gross[index] ?? 0));
  const left = gross.map((total, index) => total - (own[index] ?? 0));
  const shares = shared(discountOf(cartDiscount, sum(left)), left);
  return priced.map((line, index) => {
    const share = shares[index] ?? 0;
    const total = (left[index] ?? 0) - share;
    return {
      grossMinor: gross[index] ?? 0,
      discountMinor: (own[index] ?? 0) + share,
      totalMinor: total,
      taxMinor: taxOf(total, line.taxRateBp),
    };
  });
}

/** What comes back of an amount with a part of the quantity: the difference of two rounded sums, so that parts add up
 * to the whole, whatever the steps. */
export function returnedPart(
  soldMinor: Minor,
  soldMilli: number,
  beforeMilli: number,
  quantityMilli: number,
): Minor {
  const upTo = (quantity: number) =>
    Fraction.of(BigInt(soldMinor) * BigInt(quantity), BigInt(soldMilli)).halfUp();
  return upTo(beforeMilli + quantityMilli) - upTo(beforeMilli);
}

export function sum(amounts: readonly Minor[]): Minor {
  return amounts.reduce((total, amount) => total + amount, 0);
}
