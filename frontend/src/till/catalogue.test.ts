import { expect, test } from 'vitest';

import { newCart, priced, repriced, saleOf, withLine, withProduct } from './cart';
import { Catalogue } from './catalogue';
import type { Product } from './catalogue';

function product(id: string, name: string, more: Partial<Product> = {}): Product {
  return {
    id,
    name,
    sku: null,
    barcode: null,
    categoryId: null,
    taxRateBp: 2000,
    eeeCategory: null,
    weightGrams: null,
    priceMinor: 250,
    currency: 'EUR',
    isOpenPrice: false,
    unit: 'PIECE',
    isFavourite: false,
    isActive: true,
    ...more,
  };
}

const CAFE = product('1', 'Café crème', { barcode: '3017620422003' });
const RICE = product('2', 'បាយ Rice', { unit: 'KILOGRAM', priceMinor: 199, isFavourite: true });
const GONE = product('3', 'Café glacé', { isActive: false });
const catalogue = new Catalogue([CAFE, RICE, GONE], [], 'EUR');

test.each([
  ['cafe', ['1']],
  ['CREME café', ['1']],
  ['301762', ['1']],
  ['បាយ', ['2']],
  ['tea', []],
  ['', ['2', '1']],
])('search for %j', (words, ids) => {
  expect(catalogue.found(words, 'all', 10)[0].map((one) => one.id)).toEqual(ids);
});

test('a scanned code is found whole, also without its leading zero', () => {
  expect(catalogue.scanned('3017620422003')?.id).toBe('1');
  expect(catalogue.scanned('03017620422003')?.id).toBe('1');
  expect(catalogue.scanned('301762')).toBeUndefined();
});

test('search through 5,000 products takes no time that a hand notices', () => {
  const many = new Catalogue(
    Array.from({ length: 5000 }, (_, at) => product(String(at), `Article ${at} vélo crème`)),
    [],
    'EUR',
  );
  const start = performance.now();

  const [shown, count] = many.found('velo 49', 'all', 60);

  expect(performance.now() - start).toBeLessThan(50);
  expect([shown.length, count > 60]).toEqual([60, true]);
});

test('the same product adds up on its line, what was changed stands apart', () => {
  let cart = withProduct(withProduct(newCart(), CAFE), CAFE);
  cart = withLine(cart, cart.lines[0]?.key ?? '', { discount: { percentBp: 1000 } });
  cart = withProduct(cart, CAFE);

  expect(cart.lines.map((line) => line.quantityMilli)).toEqual([2000, 1000]);
  expect(priced(cart)).toMatchObject({ goodsMinor: 700, discountMinor: 50, isDiscountTooLarge: false });
});

test('a discount beyond the price is said, and reckoned without', () => {
  const cart = { ...withProduct(newCart(), CAFE), discount: { amountMinor: 300 } };

  expect(priced(cart)).toMatchObject({ isDiscountTooLarge: true, goodsMinor: 250 });
});

test('new prices come in by name; a price that was typed stays', () => {
  const cart = withProduct(withProduct(newCart(), CAFE), RICE, { quantityMilli: 355, isOpenPrice: true });

  const now = repriced(cart, (id) => product(id, 'x', { priceMinor: 300 }));

  expect(now.changed).toEqual(['Café crème']);
  expect(now.cart.lines.map((line) => line.unitPriceMinor)).toEqual([300, 199]);
});

test('a sale carries the prices that the customer saw, as decimals', () => {
  const cart = {
    ...withProduct(withProduct(newCart(), CAFE), RICE, { quantityMilli: 355, weightGrams: 355 }),
    discount: { percentBp: 1250 },
    donationMinor: 100,
  };

  const body = saleOf(cart, {
    tenders: [{ method: 'CASH', currency: 'EUR', amountMinor: 1000 }],
    changeCurrency: null,
    sessionId: 's',
    occurredAt: new Date(0),
    currency: 'EUR',
  });

  expect(body).toEqual({
    id: cart.id,
    sessionId: 's',
    lines: [
      { productId: '1', quantity: 1, unitPrice: 2.5 },
      { productId: '2', quantity: 0.355, unitPrice: 1.99, weightGrams: 355 },
    ],
    payments: [{ method: 'CASH', currency: 'EUR', amount: 10 }],
    discount: { percent: 12.5 },
    donation: 1,
    occurredAt: '1970-01-01T00:00:00.000Z',
  });
});
