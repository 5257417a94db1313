/** What the pages of the till share while they run: the cart, the queue, and where they stand. */

import { liveQuery } from 'dexie';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import type { Me } from '@/api';
import { hasCode } from '@/http';
import { toMinor } from '@/money';
import { reachesApi } from '@/state/online';
import { handOver, letGo } from '@/state/queries/carts';
import { sendSale } from '@/state/queries/sales';

import { isEmpty, newCart } from './cart';
import type { Cart } from './cart';
import { database } from './database';
import type { ParkedCart, QueuedSale, SetAside } from './database';
import { SaleQueue } from './queue';
import type { Terms } from './settlement';

export const queue = new SaleQueue(database, sendSale);

/** The cart of whoever is logged in: painted from memory, kept with every change. */
class CartKeeper {
  private readonly listeners = new Set<() => void>();
  private userId: string | null = null;
  private cart: Cart = newCart();

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
    const { userId } = this;
    const { cartId } = cart;
    const isGivenUp = isEmpty(cart) && cartId != null;
    this.show(isGivenUp ? { ...cart, cartId: null } : cart);
    if (userId === null) return;
    void (isEmpty(cart) ? database.carts.delete(userId) : database.carts.put({ userId, cart }));
    // What an emptied cart was taken up from is given up with it.
    if (isGivenUp) void database.givenUp.put({ id: cartId, userId }).then(() => sync(userId));
  };

  /** The cart went into the queue, and out of the database with the same transaction. */
  next(): void {
    this.show(newCart());
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

interface Queued {
  waiting: QueuedSale[];
  refused: QueuedSale[];
  /** False until the database has been read. */
  isKnown: boolean;
}

export function useQueued(): Queued {
  const kept = useKeptRows(readQueue);
  const all = kept ?? NO_SALES;
  const isKnown = kept !== undefined;
  return useMemo(
    () => ({
      waiting: all.filter((sale) => sale.state === 'WAITING'),
      refused: all.filter((sale) => sale.state === 'REFUSED'),
      isKnown,
    }),
    [all, isKnown],
  );
}

export function useParkedHere(): ParkedCart[] {
  return useKeptRows(readParked) ?? NO_CARTS;
}

const readSetAside = () => database.setAside.toArray();
const NO_LIST: SetAside[] = [];

/** What people took off the list, the newest first. */
export function useSetAside(): SetAside[] {
  const all = useKeptRows(readSetAside) ?? NO_LIST;
  return useMemo(() => [...all].sort((a, b) => b.at.localeCompare(a.at)), [all]);
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
      // What was taken up and put aside again lives on as the new one.
      if (parked.cart.cartId != null) await letGo(parked.cart.cartId);
      await database.parked.delete(parked.id);
    }
    for (const given of await database.givenUp.toArray()) {
      if (given.userId !== userId) continue;
      await letGo(given.id);
      await database.givenUp.delete(given.id);
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
