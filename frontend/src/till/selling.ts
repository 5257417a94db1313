/** What the pages of the till share while they run: the cart, the queue, and where they stand. */

import { liveQuery } from 'dexie';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import type { Me } from '@/api';
import { hasCode } from '@/http';
import { toMinor } from '@/money';
import { reachesApi } from '@/state/online';
import { handOver } from '@/state/queries/carts';
import { sendSale } from '@/state/queries/sales';

import { isEmpty, newCart } from './cart';
import type { Cart } from './cart';
import { database } from './database';
import type { ParkedCart, QueuedSale } from './database';
import { SaleQueue } from './queue';
import type { Terms } from './settlement';

export const queue = new SaleQueue(database, sendSale);

/** The cart of whoever is logged in: painted from memory, kept with every change. */
class CartKeeper {
  private readonly listeners = new Set<() => void>();
  private userId: string | null = null;
  private cart: Cart = newCart();
  private saved: Promise<unknown> = Promise.resolve();

  get = (): Cart => this.cart;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async load(userId: string): Promise<void> {
    if (this.userId === userId) return;
    this.userId = userId;
    this.show(newCart());
    const kept = await database.carts.get(userId);
    // Whatever was scanned while the browser was still reading stays in front.
    if (kept !== undefined && isEmpty(this.cart)) this.show(kept.cart);
  }

  set = (cart: Cart): void => {
    this.show(cart);
    const { userId } = this;
    if (userId === null) return;
    this.saved = isEmpty(cart) ? database.carts.delete(userId) : database.carts.put({ userId, cart });
  };

  /** The cart went into the queue, and out of the database with the same transaction. */
  next(): void {
    this.show(newCart());
  }

  async settled(): Promise<void> {
    await this.saved;
  }

  private show(cart: Cart): void {
    this.cart = cart;
    for (const listener of this.listeners) listener();
  }
}

export const carts = new CartKeeper();

export function useCart(): Cart {
  return useSyncExternalStore(carts.subscribe, carts.get);
}

/** What the database holds now, and whenever it changes; undefined until it has been read. */
export function useKeptRows<T>(read: () => Promise<T>): T | undefined {
  const [rows, setRows] = useState<T>();
  useEffect(() => {
    const subscription = liveQuery(read).subscribe({ next: setRows });
    return () => {
      subscription.unsubscribe();
    };
  }, [read]);
  return rows;
}

const readQueue = () => database.sales.orderBy('position').toArray();
const readParked = () => database.parked.toArray();
const NO_SALES: QueuedSale[] = [];
const NO_CARTS: ParkedCart[] = [];

export function useQueued(): { waiting: QueuedSale[]; refused: QueuedSale[] } {
  const all = useKeptRows(readQueue) ?? NO_SALES;
  return useMemo(
    () => ({
      waiting: all.filter((sale) => sale.state === 'WAITING'),
      refused: all.filter((sale) => sale.state === 'REFUSED'),
    }),
    [all],
  );
}

export function useParkedHere(): ParkedCart[] {
  return useKeptRows(readParked) ?? NO_CARTS;
}

let isHandingOver = false;

/** Send what waits: sales first, then carts that were put aside without a network. */
export async function sync(userId: string): Promise<void> {
  await queue.drain(userId);
  if (isHandingOver || !reachesApi()) return;
  isHandingOver = true;
  try {
    for (const parked of await database.parked.toArray()) {
      if (parked.userId !== userId) continue;
      await handOver(parked).catch(async (error: unknown) => {
        // Begun more than a day ago, so its steps cannot be repeated: it goes over whole, under another id.
        if (!hasCode(error, 'CART_ID_TAKEN')) throw error;
        await handOver({ ...parked, id: crypto.randomUUID() });
      });
      await database.parked.delete(parked.id);
    }
  } catch {
    // It stays here, and the next round tries again.
  } finally {
    isHandingOver = false;
  }
}

export type Branch = NonNullable<Me['branch']>;

/** What the branch has decided about money, as the settlement reckons with it. */
export function termsOf(branch: Branch): Terms {
  const { fxRates, cashRounding } = branch.policies;
  return {
    base: branch.baseCurrency,
    rates: Object.fromEntries(Object.entries(fxRates).map(([currency, rate]) => [currency, String(rate)])),
    rounding: Object.fromEntries(
      Object.entries(cashRounding).map(([currency, rule]) => [
        currency,
        { stepMinor: toMinor(rule.step, currency), mode: rule.mode },
      ]),
    ),
  };
}
