/** The cart: what is in the customer's hands, before it is a sale. Pure; the till reckons with `pricing.ts`. */

import type { FinalizeSale } from '@/api';
import { toWire } from '@/money';
import type { Minor } from '@/money';

import type { Product } from './catalogue';
import { linesOf, Refused, sum } from './pricing';
import type { Discount, PricedLine } from './pricing';
import type { Tender } from './settlement';

export interface CartLine {
  key: string;
  productId: string | null;
  name: string;
  unit: 'PIECE' | 'KILOGRAM';
  quantityMilli: number;
  unitPriceMinor: Minor;
  isOpenPrice: boolean;
  taxRateBp: number;
  discount: Discount | null;
  eeeCategory: string | null;
  /** Of the whole line, where it was weighed; null leaves it to the catalogue. */
  weightGrams: number | null;
}

export interface Cart {
  /** The sale will have it: however often it is sent, it is one sale. */
  id: string;
  lines: CartLine[];
  discount: Discount | null;
  donationMinor: Minor;
  label: string | null;
  /** The parked cart of the API that this was taken up from: sold or given up with it. */
  cartId?: string | null;
}

export interface PricedCart {
  lines: PricedLine[];
  discountMinor: Minor;
  goodsMinor: Minor;
  taxMinor: Minor;
  dueMinor: Minor;
  /** A discount is larger than what it is taken from: the cart cannot be sold so. */
  isDiscountTooLarge: boolean;
}

export const LINES_MAX = 200;
const QUANTITY_MAX_MILLI = 1_000_000_000;

export function newCart(): Cart {
  return { id: crypto.randomUUID(), lines: [], discount: null, donationMinor: 0, label: null };
}

export function isEmpty(cart: Cart): boolean {
  return cart.lines.length === 0 && cart.donationMinor === 0;
}

/** One more of a product: on its line where that is just the product as it is, else on a line of its own. */
export function withProduct(cart: Cart, product: Product, given: Partial<CartLine> = {}): Cart {
  const price = given.unitPriceMinor ?? product.priceMinor;
  const quantity = given.quantityMilli ?? 1000;
  const same = cart.lines.find(
    (line) =>
      line.productId === product.id &&
      line.unit === 'PIECE' &&
      line.unitPriceMinor === price &&
      line.discount === null &&
      line.weightGrams === null &&
      line.eeeCategory === null &&
      given.weightGrams === undefined &&
      given.eeeCategory === undefined,
  );
  if (same !== undefined) return withLine(cart, same.key, { quantityMilli: same.quantityMilli + quantity });
  const line: CartLine = {
    key: crypto.randomUUID(),
    productId: product.id,
    name: product.name,
    unit: product.unit,
    quantityMilli: quantity,
    unitPriceMinor: price,
    isOpenPrice: product.isOpenPrice,
    taxRateBp: product.taxRateBp,
    discount: null,
    eeeCategory: null,
    weightGrams: null,
    ...given,
  };
  return { ...cart, lines: [...cart.lines, line].slice(0, LINES_MAX) };
}

/** A quantity of 0 takes the line away. */
export function withLine(cart: Cart, key: string, change: Partial<CartLine>): Cart {
  const lines = cart.lines.flatMap((line) => {
    if (line.key !== key) return [line];
    const changed = { ...line, ...change };
    changed.quantityMilli = Math.min(changed.quantityMilli, QUANTITY_MAX_MILLI);
    return changed.quantityMilli > 0 ? [changed] : [];
  });
  return { ...cart, lines };
}

/** Today's prices for what the catalogue prices itself; says which lines have changed. */
export function repriced(
  cart: Cart,
  find: (id: string) => Product | undefined,
): { cart: Cart; changed: string[] } {
  const changed: string[] = [];
  const lines = cart.lines.map((line) => {
    const product = line.productId === null ? undefined : find(line.productId);
    if (product === undefined || line.isOpenPrice || product.priceMinor === line.unitPriceMinor) return line;
    changed.push(line.name);
    return { ...line, unitPriceMinor: product.priceMinor };
  });
  return { cart: { ...cart, lines }, changed };
}

export function priced(cart: Cart): PricedCart {
  let lines: PricedLine[];
  let isDiscountTooLarge = false;
  try {
    lines = linesOf(cart.lines, cart.discount);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    isDiscountTooLarge = true;
    lines = linesOf(
      cart.lines.map((line) => ({ ...line, discount: null })),
      null,
    );
  }
  const goodsMinor = sum(lines.map((line) => line.totalMinor));
  return {
    lines,
    discountMinor: sum(lines.map((line) => line.discountMinor)),
    goodsMinor,
    taxMinor: sum(lines.map((line) => line.taxMinor)),
    dueMinor: goodsMinor + cart.donationMinor,
    isDiscountTooLarge,
  };
}

export interface Paying {
  tenders: readonly Tender[];
  changeCurrency: string | null;
  sessionId: string | null;
  occurredAt: Date;
  currency: string;
}

/** The request: prices as the customer saw them, so that nobody pays another amount than was said. */
export function saleOf(cart: Cart, paying: Paying): FinalizeSale {
  const { currency } = paying;
  return {
    id: cart.id,
    sessionId: paying.sessionId,
    ...(cart.cartId == null ? {} : { cartId: cart.cartId }),
    lines: cart.lines.map((line) => ({
      ...(line.productId === null
        ? { name: line.name, taxRate: line.taxRateBp / 100 }
        : { productId: line.productId }),
      quantity: line.quantityMilli / 1000,
      unitPrice: toWire(line.unitPriceMinor, currency),
      ...(line.discount === null ? {} : { discount: discountToWire(line.discount, currency) }),
      ...(line.eeeCategory === null ? {} : { eeeCategory: line.eeeCategory }),
      ...(line.weightGrams === null ? {} : { weightGrams: line.weightGrams }),
    })),
    payments: paying.tenders.map((tender) => ({
      method: tender.method,
      currency: tender.currency as 'EUR',
      amount: toWire(tender.amountMinor, tender.currency),
    })),
    ...(cart.discount === null ? {} : { discount: discountToWire(cart.discount, currency) }),
    donation: toWire(cart.donationMinor, currency),
    ...(paying.changeCurrency === null ? {} : { changeCurrency: paying.changeCurrency as 'EUR' }),
    occurredAt: paying.occurredAt.toISOString(),
  };
}

export function discountToWire(
  discount: Discount,
  currency: string,
): { percent: number } | { amount: number } {
  return 'percentBp' in discount
    ? { percent: discount.percentBp / 100 }
    : { amount: toWire(discount.amountMinor, currency) };
}
