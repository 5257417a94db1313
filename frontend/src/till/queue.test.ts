import 'fake-indexeddb/auto';

import { beforeEach, expect, test } from 'vitest';

import type { FinalizeSale, SaleOut } from '@/api';

import { newCart } from './cart';
import { TillDatabase } from './database';
import { SaleQueue } from './queue';

let db: TillDatabase;
let server: { known: string[]; asked: string[]; answer: (body: FinalizeSale) => void };
let queue: SaleQueue;
let number = 0;

/** What a server does: the same id is the same sale. */
async function send(body: FinalizeSale): Promise<SaleOut> {
  const id = body.id ?? '';
  server.asked.push(id);
  await Promise.resolve();
  server.answer(body);
  if (!server.known.includes(id)) server.known.push(id);
  return { id } as SaleOut;
}

function another(): SaleQueue {
  return new SaleQueue(db, send, (act) => act());
}

beforeEach(() => {
  db = new TillDatabase(`test-${(number += 1)}`);
  server = { known: [], asked: [], answer: () => undefined };
  queue = another();
});

async function sell(id: string, userId = 'ana'): Promise<boolean> {
  return queue.add({
    id,
    branchId: 'branch',
    userId,
    userName: userId,
    body: { id, sessionId: 'drawer' },
    currency: 'EUR',
    dueMinor: 100,
    items: ['Book'],
    madeAt: '2026-11-21T10:00:00Z',
  });
}

async function states(): Promise<string[]> {
  return (await db.sales.orderBy('position').toArray()).map((sale) => `${sale.id} ${sale.state}`);
}

const unreachable = new TypeError('network');
const refusal = (code: string, status = 409) => Object.assign(new Error('no'), { status, code });

test('sales arrive in their order, once, and leave the queue', async () => {
  for (const id of ['a', 'b', 'c']) await sell(id);

  await Promise.all([queue.drain('ana'), queue.drain('ana')]);

  expect(server.asked).toEqual(['a', 'b', 'c']);
  expect(await states()).toEqual([]);
});

test('without a network all wait, and a reload keeps them', async () => {
  server.answer = () => {
    throw unreachable;
  };
  for (const id of ['a', 'b']) await sell(id);
  await queue.drain('ana');

  expect(server.asked).toEqual(['a']);
  server.answer = () => undefined;
  await another().drain('ana');

  expect(server.known).toEqual(['a', 'b']);
});

test('an answer that was lost is asked for again under the same id', async () => {
  await sell('a');
  let isFirst = true;
  server.answer = (body) => {
    server.known.push(body.id ?? '');
    if (!isFirst) return;
    isFirst = false;
    throw unreachable;
  };

  await queue.drain('ana');
  await queue.drain('ana');

  expect(server.asked).toEqual(['a', 'a']);
  expect(await states()).toEqual([]);
});

test('a refused sale is set aside and holds up no other', async () => {
  server.answer = (body) => {
    if (body.id === 'a') throw refusal('PRICE_NOT_ALLOWED', 403);
  };
  for (const id of ['a', 'b']) await sell(id);

  await queue.drain('ana');

  expect(await states()).toEqual(['a REFUSED']);
  expect(server.known).toEqual(['b']);
});

test.each([
  ['UNAUTHORIZED', 401],
  ['TOO_MANY_ATTEMPTS', 429],
  ['IDEMPOTENCY_IN_FLIGHT', 409],
  ['UNAVAILABLE', 503],
])('%s says nothing about the sale: it waits', async (code, status) => {
  await sell('a');
  server.answer = () => {
    throw refusal(code, status);
  };

  const outcome = await queue.drainFor('ana', 'a', 1000);

  expect(outcome).toEqual({ kind: 'waiting' });
  expect(await states()).toEqual(['a WAITING']);
});

test('a second click on pay keeps nothing and gives the cart up once', async () => {
  const cart = newCart();
  await db.carts.put({ userId: 'ana', cart });

  const first = await sell(cart.id);
  const second = await sell(cart.id);
  await queue.drain('ana');
  const third = await sell(cart.id);

  expect([first, second, third]).toEqual([true, false, false]);
  expect(await db.carts.count()).toBe(0);
  expect(server.asked).toEqual([cart.id]);
});

test('a sale waits for who made it, or for who takes it over', async () => {
  await sell('a');
  await queue.drain('luis');
  expect(server.asked).toEqual([]);

  const drawers: unknown[] = [];
  server.answer = (body) => {
    drawers.push(body.sessionId);
  };
  await queue.retry('a', { userId: 'luis', sessionId: 'other' });

  expect(drawers).toEqual(['other']);
  expect(await states()).toEqual([]);
});

test('what is taken off the list stays on the device', async () => {
  await sell('a');

  await queue.setAside('a', 'rung up again', 'Marta');

  expect(await states()).toEqual([]);
  expect((await db.setAside.get('a'))?.sale.body.id).toBe('a');
});

test('the till says what became of a sale', async () => {
  await sell('a');
  expect(await queue.drainFor('ana', 'a', 1000)).toEqual({ kind: 'sent', sale: { id: 'a' } });

  await sell('b');
  server.answer = () => {
    throw refusal('SESSION_NOT_OPEN');
  };
  expect(await queue.drainFor('ana', 'b', 1000)).toEqual({
    kind: 'refused',
    code: 'SESSION_NOT_OPEN',
    message: 'no',
  });
});

async function sellOfCart(id: string): Promise<void> {
  await sell(id);
  await db.sales.where({ id }).modify((sale) => {
    sale.body = { ...sale.body, cartId: 'parked' };
  });
}

async function cartOfSale(id: string): Promise<string | null | undefined> {
  return (await db.sales.get({ id }))?.body.cartId;
}

test('who books the sale of another leaves its cart to them, to be given up', async () => {
  await sellOfCart('a');
  server.answer = () => {
    throw refusal('PRICE_NOT_ALLOWED', 403);
  };
  await queue.drain('ana');
  server.answer = () => {
    throw unreachable;
  };

  await queue.retry('a', { userId: 'marta', sessionId: 'hers' });

  expect(await cartOfSale('a')).toBeUndefined();
  expect(await db.givenUp.toArray()).toEqual([{ id: 'parked', userId: 'ana' }]);
});

test('a sale whose cart is gone is booked without it, when a person says so', async () => {
  await sellOfCart('a');
  server.answer = (body) => {
    if (body.cartId === 'parked') throw refusal('CART_NOT_OPEN');
  };
  await queue.drain('ana');
  expect(await states()).toEqual(['a REFUSED']);

  await queue.retry('a', { userId: 'ana', sessionId: 'drawer' });

  expect(await states()).toEqual([]);
  expect(await db.givenUp.count()).toBe(0);
});

test('a sale that is tried again by who made it keeps its cart', async () => {
  await sellOfCart('a');
  server.answer = () => {
    throw refusal('SESSION_NOT_OPEN');
  };
  await queue.drain('ana');
  server.answer = () => {
    throw unreachable;
  };

  await queue.retry('a', { userId: 'ana', sessionId: 'another' });

  expect(await cartOfSale('a')).toBe('parked');
});

test('a sale that is taken off the list gives its cart up', async () => {
  await sellOfCart('a');

  await queue.setAside('a', 'rung up by hand', 'Ana');

  expect(await db.givenUp.toArray()).toEqual([{ id: 'parked', userId: 'ana' }]);
});
