/** What comes back of a sale, and what is paid for it, by the rules of the API (`sales/refunds`). */

import type { SaleOut } from '@/api';
import { toMinor } from '@/money';
import type { Minor } from '@/money';

import { returnedPart, sum } from './pricing';
import { cashDue } from './settlement';
import type { Method, Terms } from './settlement';

export interface Returnable {
  number: number;
  name: string;
  soldMilli: number;
  /** What has come back already. */
  beforeMilli: number;
  totalMinor: Minor;
}

export function returnableOf(sale: SaleOut, refunds: readonly SaleOut[]): Returnable[] {
  return sale.lines.map((line) => ({
    number: line.number,
    name: line.name,
    soldMilli: Math.round(line.quantity * 1000),
    beforeMilli: -sum(
      refunds.flatMap((refund) =>
        refund.lines
          .filter((one) => one.number === line.number)
          .map((one) => Math.round(one.quantity * 1000)),
      ),
    ),
    totalMinor: toMinor(line.total, sale.currency),
  }));
}

/** In minor units of the sale's currency; `wanted` holds thousandths by line. */
export function refundDue(lines: readonly Returnable[], wanted: Readonly<Record<number, number>>): Minor {
  return sum(
    lines.map((line) =>
      returnedPart(line.totalMinor, line.soldMilli, line.beforeMilli, wanted[line.number] ?? 0),
    ),
  );
}

/** Rates that were frozen with the sale hold for what comes back of it. */
export function termsOfRefund(terms: Terms, sale: SaleOut): Terms {
  const frozen = Object.fromEntries(
    Object.entries(sale.fxRates).map(([currency, rate]) => [currency, String(rate)]),
  );
  return { base: sale.currency, rates: { ...terms.rates, ...frozen }, rounding: terms.rounding };
}

/** What the customer gets. Only cash is rounded, and only cash comes in another currency. */
export function payout(dueMinor: Minor, method: Method, currency: string, terms: Terms): Minor {
  return method === 'CASH' ? cashDue(terms, dueMinor, currency) : dueMinor;
}
