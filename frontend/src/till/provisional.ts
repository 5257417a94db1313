/**
 * What a customer is shown for a sale that has no number yet: made by the till from what it reckons with, and marked as
 * no receipt. Pure.
 */

import type { Minor } from '@/money';

import { priced } from './cart';
import type { Cart, CartLine } from './cart';
import { sum } from './pricing';
import type { Payment, Rounding, Settled } from './settlement';

export interface Provisional {
  /** The beginning of the sale's id: by it the numbered receipt is found later. */
  reference: string;
  place: string;
  cashier: string;
  madeAt: string;
  currency: string;
  lines: (Pick<CartLine, 'name' | 'quantityMilli' | 'unit'> & { totalMinor: Minor; discountMinor: Minor })[];
  donationMinor: Minor;
  taxMinor: Minor;
  totalMinor: Minor;
  rounding: Rounding | null;
  payments: Payment[];
}

interface Circumstances {
  currency: string;
  place: string;
  cashier: string;
  madeAt: Date;
}

export function provisionalOf(cart: Cart, settled: Settled, made: Circumstances): Provisional {
  const found = priced(cart);
  return {
    reference: referenceOf(cart.id),
    place: made.place,
    cashier: made.cashier,
    madeAt: made.madeAt.toISOString(),
    currency: made.currency,
    lines: found.lines.map(({ totalMinor, discountMinor }, index) => ({
      name: cart.lines[index]?.name ?? '',
      quantityMilli: cart.lines[index]?.quantityMilli ?? 0,
      unit: cart.lines[index]?.unit ?? 'PIECE',
      totalMinor,
      discountMinor,
    })),
    donationMinor: cart.donationMinor,
    taxMinor: found.taxMinor,
    totalMinor: sum([found.dueMinor, settled.rounding?.baseMinor ?? 0]),
    rounding: settled.rounding,
    payments: settled.payments,
  };
}

export function referenceOf(saleId: string): string {
  return saleId.slice(0, 8).toUpperCase();
}
