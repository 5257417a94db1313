/**
 * The sales that wait for the API: every sale goes through here, also with a network, so that none depends on the
 * answer arriving.
 *
 * They are sent in their order, one at a time. Each carries the id that its cart had from the start, so a repetition
 * is the same sale. No answer, or one that says nothing about the sale, keeps it waiting. A refusal sets the sale
 * aside for a person and never holds up the others.
 */

import type { FinalizeSale, SaleOut } from '@/api';

import type { QueuedSale, TillDatabase } from './database';

export type Outcome =
  { kind: 'sent'; sale: SaleOut } | { kind: 'refused'; code: string; message: string } | { kind: 'waiting' };

export interface Standing {
  userId: string;
  sessionId: string | null;
}

/** What the API said, as `ApiError` carries it. */
interface Refusal {
  status: number;
  code: string;
  message: string;
}

function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'status' in error && 'code' in error;
}

type Send = (body: FinalizeSale) => Promise<SaleOut>;
type Exclusive = (act: () => Promise<void>) => Promise<void>;

/** The answers after which nobody knows more about the sale than before. */
const SAYS_NOTHING = new Set(['UNAUTHORIZED', 'TOO_MANY_ATTEMPTS', 'IDEMPOTENCY_IN_FLIGHT']);

const CART_IS_GONE = new Set(['CART_NOT_OPEN', 'CART_NOT_FOUND']);

/** One tab of this browser sends at a time. */
export const acrossTabs: Exclusive = (act) =>
  'locks' in navigator ? navigator.locks.request('tillvault.queue', act).then(() => undefined) : act();

export class SaleQueue {
  private readonly sent = new Map<string, SaleOut>();
  private draining: Promise<void> | null = null;

  constructor(
    private readonly db: TillDatabase,
    private readonly send: Send,
    private readonly exclusive: Exclusive = acrossTabs,
  ) {}

  /** Keep a sale and give up its cart, both or neither. False if it is kept already: a second click sells nothing. */
  async add(sale: Omit<QueuedSale, 'position' | 'state' | 'refusal'>): Promise<boolean> {
    return this.db.transaction('rw', this.db.sales, this.db.carts, async () => {
      if ((await this.db.sales.get({ id: sale.id })) !== undefined || this.sent.has(sale.id)) return false;
      await this.db.sales.add({ ...sale, state: 'WAITING', refusal: null });
      const kept = await this.db.carts.get(sale.userId);
      if (kept?.cart.id === sale.id) await this.db.carts.delete(sale.userId);
      return true;
    });
  }

  /** Send what waits and is this person's: a sale goes into the drawer of who made it. */
  drain(userId: string): Promise<void> {
    this.draining ??= this.exclusive(() => this.sendAll(userId)).finally(() => {
      this.draining = null;
    });
    return this.draining;
  }

  /** Send, and say what became of one sale as far as it is known within `patience`. */
  async drainFor(userId: string, id: string, patienceMs: number): Promise<Outcome> {
    const patience = new Promise<void>((resolve) => setTimeout(resolve, patienceMs));
    // A drain that was under way may have looked at the queue before the sale was in it.
    const drained = this.drain(userId).then(() => this.drain(userId));
    await Promise.race([drained.catch(() => undefined), patience]);
    const sale = this.sent.get(id);
    if (sale !== undefined) return { kind: 'sent', sale };
    const queued = await this.db.sales.get({ id });
    if (queued?.state === 'REFUSED' && queued.refusal !== null) return { kind: 'refused', ...queued.refusal };
    return { kind: 'waiting' };
  }

  /** Take a refused sale back into the hands of the cashier, who corrects it: nothing was recorded under its id. */
  async takeBack(id: string): Promise<void> {
    await this.db.sales.where({ id }).delete();
  }

  /** Try a refused sale again as whoever is logged in, into their drawer. */
  async retry(id: string, standing: Standing): Promise<void> {
    await this.db.transaction('rw', this.db.sales, this.db.givenUp, async () => {
      const sale = await this.db.sales.get({ id });
      if (sale === undefined) return;
      const isAnother = sale.userId !== standing.userId;
      const body = { ...sale.body, sessionId: standing.sessionId };
      // A cart stays with who took it up, and one that is gone cannot be sold; the goods were sold all the same.
      if (isAnother || CART_IS_GONE.has(sale.refusal?.code ?? '')) {
        if (isAnother) await this.giveUp(sale);
        delete body.cartId;
      }
      await this.db.sales.put({ ...sale, body, state: 'WAITING', refusal: null, userId: standing.userId });
    });
    await this.drain(standing.userId);
  }

  /** Take a sale off the list for good; what it was stays on this device. */
  async setAside(id: string, reason: string, by: string): Promise<void> {
    await this.db.transaction('rw', this.db.sales, this.db.setAside, this.db.givenUp, async () => {
      const sale = await this.db.sales.get({ id });
      if (sale === undefined) return;
      await this.giveUp(sale);
      await this.db.setAside.put({ id, sale, reason, by, at: new Date().toISOString() });
      await this.db.sales.delete(sale.position);
    });
  }

  /** As the API answered it, if it was sent since this page was loaded. */
  sentSale(id: string): SaleOut | null {
    return this.sent.get(id) ?? null;
  }

  private async giveUp({ body, userId }: QueuedSale): Promise<void> {
    if (body.cartId != null) await this.db.givenUp.put({ id: body.cartId, userId });
  }

  private async sendAll(userId: string): Promise<void> {
    for (;;) {
      const next = await this.db.sales
        .orderBy('position')
        .filter((sale) => sale.state === 'WAITING' && sale.userId === userId)
        .first();
      if (next === undefined || !(await this.sendOne(next))) return;
    }
  }

  /** Whether the next one may be sent. */
  private async sendOne(queued: QueuedSale): Promise<boolean> {
    try {
      const sale = await this.send(queued.body);
      this.sent.set(queued.id, sale);
      await this.db.sales.delete(queued.position);
      return true;
    } catch (error) {
      if (!isRefusal(error) || error.status >= 500 || SAYS_NOTHING.has(error.code)) return false;
      const refusal = { code: error.code, message: error.message };
      await this.db.sales.update(queued.position, { state: 'REFUSED', refusal });
      return true;
    }
  }
}
