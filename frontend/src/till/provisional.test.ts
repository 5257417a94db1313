import { expect, test } from 'vitest';

import { newCart } from './cart';
import type { Cart } from './cart';
import { provisionalOf } from './provisional';
import { settle } from './settlement';

const line = {
  key: 'one',
  productId: 'bread',
  name: 'Bread',
  unit: 'PIECE' as const,
  quantityMilli: 2000,
  unitPriceMinor: 251,
  isOpenPrice: false,
  taxRateBp: 550,
  discount: { percentBp: 1000 },
  eeeCategory: null,
  weightGrams: null,
};

test('it says what was bought and paid, with its rounding, and the beginning of the id', () => {
  const cart: Cart = {
    ...newCart(),
    id: '0a1b2c3d-0000-4000-8000-000000000000',
    lines: [line],
    donationMinor: 100,
  };
  const terms = {
    base: 'EUR',
    rates: {},
    rounding: { EUR: { stepMinor: 5, mode: 'NEAREST' as const } },
  };
  const settled = settle(552, [{ method: 'CASH', currency: 'EUR', amountMinor: 1000 }], terms, null);

  const made = provisionalOf(cart, settled, {
    currency: 'EUR',
    place: 'Shop',
    cashier: 'Ana',
    madeAt: new Date('2026-11-21T10:00:00Z'),
  });

  expect(made.reference).toBe('0A1B2C3D');
  expect(made.lines).toEqual([
    { name: 'Bread', quantityMilli: 2000, unit: 'PIECE', totalMinor: 452, discountMinor: 50 },
  ]);
  expect(made.payments.map((one) => [one.flow, one.amountMinor])).toEqual([
    ['TENDER', 1000],
    ['CHANGE', -450],
  ]);
  expect(made.totalMinor).toBe(550);
  expect(made.rounding?.baseMinor).toBe(-2);
});
