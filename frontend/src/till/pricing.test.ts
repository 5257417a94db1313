import { expect, test } from 'vitest';

import cases from './cases.json';
import { Fraction } from './fraction';
import { linesOf, Refused, returnedPart, shared } from './pricing';
import type { Discount, PricedInput } from './pricing';
import { leftToPay, payBack, settle } from './settlement';
import type { Tender, Terms } from './settlement';

interface Case {
  kind: 'lines' | 'settle' | 'payBack' | 'returned';
  answer: unknown;
  lines: PricedInput[];
  discount: Discount | null;
  due: number;
  tenders: Tender[];
  terms: Terms;
  changeCurrency: string | null;
  soldMinor: number;
  soldMilli: number;
  beforeMilli: number;
  quantityMilli: number;
}

function answered(given: Case): unknown {
  try {
    switch (given.kind) {
      case 'lines':
        return linesOf(given.lines, given.discount);
      case 'settle':
        return settle(given.due, given.tenders, given.terms, given.changeCurrency);
      case 'payBack':
        return payBack(given.due, given.tenders, given.terms);
      case 'returned':
        return returnedPart(given.soldMinor, given.soldMilli, given.beforeMilli, given.quantityMilli);
    }
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}

test.each(['lines', 'settle', 'payBack', 'returned'])('%s: the till reckons as the API does', (kind) => {
  const all = (cases as unknown as Case[]).filter((one) => one.kind === kind);

  expect(all.length).toBeGreaterThan(50);
  for (const one of all) expect(answered(one), JSON.stringify(one)).toEqual(one.answer);
});

const DOLLARS: Terms = {
  base: 'USD',
  rates: { KHR: '4100' },
  rounding: { KHR: { stepMinor: 100, mode: 'DOWN' } },
};

test('47.50 USD paid with 50 USD gives 10 200 KHR back, and the rounding shows', () => {
  const settled = settle(4750, [{ method: 'CASH', currency: 'USD', amountMinor: 5000 }], DOLLARS, 'KHR');

  expect(settled.payments[1]).toMatchObject({ flow: 'CHANGE', currency: 'KHR', amountMinor: -10_200 });
  expect(settled.rounding).toEqual({ currency: 'KHR', amountMinor: 50, baseMinor: 1 });
});

test('what is left to pay counts every tender', () => {
  const tenders: Tender[] = [
    { method: 'CARD', currency: 'USD', amountMinor: 1000 },
    { method: 'CASH', currency: 'KHR', amountMinor: 41_000 },
  ];

  expect(leftToPay(4750, tenders, DOLLARS)).toBe(2750);
  expect(leftToPay(2000, tenders, DOLLARS)).toBe(0);
});

test('shares add up, and equals go to the first', () => {
  expect(shared(100, [1, 1, 1])).toEqual([34, 33, 33]);
  expect(shared(5, [0, 0])).toEqual([0, 0]);
});

test('halves go away from zero', () => {
  expect(Fraction.of(5, 2).halfUp()).toBe(3);
  expect(Fraction.of(-5, 2).halfUp()).toBe(-3);
  expect(Fraction.decimal('1.0835').times(Fraction.of(10_000)).halfUp()).toBe(10_835);
});
